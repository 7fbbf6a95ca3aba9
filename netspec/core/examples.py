"""What shows a code: a spec that is wrong and one that is right, from one file a code in `explained/`.

A file has the parts `# wrong: …` and `# right: …`; `# $ …` lines under a head are the commands that show it (a check,
where there are none), and `# file: name` begins a further file. The first one is called net.yaml.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "explained"
SPEC = "net.yaml"
_HEAD = re.compile(r"^# (wrong|right): (.+)\n((?:# \$ .+\n)*)", re.MULTILINE)
_FILE = re.compile(r"^# file: (\S+)\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Case:
    """One half of an example: what it shows in a few words, the commands, the text with all its files."""

    note: str
    commands: tuple[str, ...]
    text: str

    @property
    def files(self) -> dict[str, str]:
        """The files by name, net.yaml first."""
        first, *others = _FILE.split(self.text)
        return {SPEC: first, **dict(zip(others[::2], others[1::2], strict=True))}


@dataclass(frozen=True, slots=True)
class Example:
    """What is wrong, and how it is right."""

    wrong: Case
    right: Case

    def _parts(self) -> Iterator[tuple[str, Case]]:
        yield "Wrong", self.wrong
        yield "Right", self.right

    def as_text(self) -> str:
        """For a terminal: texts indented by four."""
        lines: list[str] = []
        for title, case in self._parts():
            lines += [f"{title}: {case.note}", ""]
            lines += [f"    {line}".rstrip() for line in case.text.rstrip().splitlines()]
            lines += [f"    $ {command}" for command in case.commands]
            lines.append("")
        return "\n".join(lines).rstrip()

    def as_markdown(self) -> str:
        """For a page: texts in fences."""
        lines: list[str] = []
        for title, case in self._parts():
            lines += [f"{title}: {case.note}", "", "```yaml", *case.text.rstrip().splitlines(), "```", ""]
            if case.commands:
                lines += [*(f"    $ {command}" for command in case.commands), ""]
        return "\n".join(lines).rstrip()


def example(code: str) -> Example:
    """The example of a code.

    Raises:
        ValueError: its file has not both parts, in order.
    """
    text = (FOLDER / f"{code}.yaml").read_text(encoding="utf-8")
    heads = list(_HEAD.finditer(text))
    if [head[1] for head in heads] != ["wrong", "right"] or heads[0].start() != 0:
        raise ValueError(f"{code}.yaml is `# wrong: …` and `# right: …`, each with a spec")
    ends = [heads[1].start(), len(text)]
    cases = [
        Case(
            head[2],
            tuple(line.removeprefix("# $ ") for line in head[3].splitlines()),
            text[head.end() : end].strip("\n") + "\n",
        )
        for head, end in zip(heads, ends, strict=True)
    ]
    return Example(*cases)
