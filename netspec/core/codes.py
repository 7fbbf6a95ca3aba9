"""The diagnostic codes: stable identifiers, their severity, what they mean, and a spec that shows each.

A code is one file, `explained/NS….yaml`; adding the file adds the code. It starts with `# what:` (what is wrong) and
`# why:` (why it matters; further lines are indented), then come `# wrong: …` and `# right: …`, each with a spec below.
`# $ …` lines under a head are the commands that show it (a check, where there are none), and `# file: name` begins a
further file; the first one is called net.yaml.

NS1xx the text, NS2xx the language, NS3xx references, NS4xx shapes, NS5xx budgets, NS6xx data and training,
NS7xx plugins, NS8xx faults of netspec itself, NS9xx warnings of the linter. A code is never reused for another meaning;
its wording may change.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from netspec.core.dataclass import dataclass

FOLDER = Path(__file__).parent / "explained"
SPEC = "net.yaml"
CODES = tuple(sorted(path.stem for path in FOLDER.iterdir()))
_KNOWN = frozenset(CODES)
_MEANING = re.compile(r"# what: (.+)\n# why: (.+\n(?:#   .+\n)*)\n")
_HEAD = re.compile(r"^# (wrong|right): (.+)\n((?:# \$ .+\n)*)", re.MULTILINE)
_FILE = re.compile(r"^# file: (\S+)\n", re.MULTILINE)


def severity(code: str) -> str:
    """`warning` for NS9xx, `error` for the others.

    Raises:
        KeyError: there is no such code.
    """
    if code not in _KNOWN:
        raise KeyError(code)
    return "warning" if code.startswith("NS9") else "error"


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
class Code:
    """One kind of finding: `what` is wrong and `why` it matters; below `heads` a `wrong` spec and a `right` one."""

    id: str
    what: str
    why: str
    wrong: Case
    right: Case
    heads: tuple[str, ...] = ("Wrong: ", "Right: ")

    @property
    def severity(self) -> str:
        """`error` or `warning`."""
        return severity(self.id)

    def example_text(self) -> str:
        """The example for a terminal: texts indented by four."""
        lines: list[str] = []
        for head, case in zip(self.heads, (self.wrong, self.right), strict=True):
            lines += [f"{head}{case.note}", ""]
            lines += [f"    {line}".rstrip() for line in case.text.rstrip().splitlines()]
            lines += [f"    $ {command}" for command in case.commands]
            lines.append("")
        return "\n".join(lines).rstrip()

    def example_markdown(self) -> str:
        """The example for a page: texts in fences."""
        lines: list[str] = []
        for head, case in zip(self.heads, (self.wrong, self.right), strict=True):
            lines += [f"{head}{case.note}", "", "```yaml", *case.text.rstrip().splitlines(), "```", ""]
            if case.commands:
                lines += [*(f"    $ {command}" for command in case.commands), ""]
        return "\n".join(lines).rstrip()


@cache
def explanation(id: str) -> Code:
    """A code with its meaning and example.

    Args:
        id: the code, such as `NS401`.

    Raises:
        FileNotFoundError: there is no such code.
        ValueError: its file has not all of its parts, in order.
    """
    text = (FOLDER / f"{id}.yaml").read_text(encoding="utf-8")
    meaning, heads = _MEANING.match(text), list(_HEAD.finditer(text))
    if meaning is None or [head[1] for head in heads] != ["wrong", "right"] or heads[0].start() != meaning.end():
        raise ValueError(f"{id}.yaml is `# what: …`, `# why: …`, then `# wrong: …` and `# right: …`, each with a spec")
    wrong, right = (
        Case(
            head[2],
            tuple(line.removeprefix("# $ ") for line in head[3].splitlines()),
            text[head.end() : end].strip("\n") + "\n",
        )
        for head, end in zip(heads, (heads[1].start(), len(text)), strict=True)
    )
    return Code(id, meaning[1], meaning[2].strip().replace("\n#   ", " "), wrong, right)
