"""What the checker makes of real shape bugs: `python -m tests.corpus.run [FOLDER]` prints a table and its totals.

Each case is a network that somebody asked about in public. Its head says where (`# source:`), what is wrong (`# bug:`)
and how a good tutor would mend it (`# mend:`, one line for each accepted way, the likeliest first). A mark stands on
the faulty line: `# !NS401`, the code that is expected there; `# !also` on a line that is as good a place to point at.

A mend is one or more edits with ` ;; ` between them. An edit is `KEY: VALUE`, which replaces the key's value; or items
`- A ++ - B`, which replace the line; or `remove`. It is made on the first marked line, or on the one that it names
(`line 9: KEY: VALUE`).
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import netspec
from netspec.cli.fix import fix_spec
from netspec.core.rewriting import write
from netspec.language.plugins import NO_PLUGINS
from netspec.render.json import report_json
from netspec.shapes.report import Report

HERE = Path(__file__).resolve().parent

_MARK = re.compile(r"\s*# !(NS\d{3}|also)\s*$")
_KEY = re.compile(r"([a-z]\w*): (.+)$")

Found = list[dict[str, Any]]


@dataclass(frozen=True)
class Case:
    """A faulty network: what its head and its marks say."""

    name: str
    text: str
    source: str
    faults: dict[int, str]
    also: frozenset[int]
    mends: tuple[str, ...]


@dataclass(frozen=True)
class Result:
    """How the checker did on one case; `stray` counts its errors on other lines than the marked ones.

    `mended`: what the first fixes make is the network of an accepted mend. `fixed`: so is what `--fix` writes; `wrong`:
    `--fix` writes another one. `suggested` and `astray` say the same of `--fix --unsafe`.

    A case with several faulty lines is placed if each is pointed at, by an error or by a note that it follows from one.
    """

    name: str
    found: bool
    placed: bool
    coded: bool
    mended: bool
    fixed: bool
    wrong: bool
    suggested: bool
    astray: bool
    false_alarm: bool
    stray: int
    said: str


def read(path: Path) -> Case:
    """The case in a file."""
    text = path.read_text(encoding="utf-8")
    marks = {n: match[1] for n, line in enumerate(text.splitlines(), 1) if (match := _MARK.search(line))}
    return Case(
        name=path.stem,
        text=text,
        source=" ".join(re.findall(r"^# source: (.+)$", text, re.MULTILINE)),
        faults={line: mark for line, mark in marks.items() if mark != "also"},
        also=frozenset(line for line, mark in marks.items() if mark == "also"),
        mends=tuple(re.findall(r"^# mend: (.+)$", text, re.MULTILINE)),
    )


def cases(folder: Path = HERE) -> list[Case]:
    """Every case of a folder."""
    return [read(path) for path in sorted(folder.glob("*.yaml"))]


def mended_by(case: Case, mend: str) -> str:
    """The case's text with an accepted mend made."""
    lines = case.text.splitlines()
    changed: dict[int, list[str]] = {}
    for edit in mend.split(" ;; "):
        named = re.match(r"line (\d+): (.+)$", edit)
        number, what = (int(named[1]), named[2]) if named else (min(case.faults), edit)
        changed[number] = _edited(_MARK.sub("", lines[number - 1]), what)
    return "".join(f"{line}\n" for n, old in enumerate(lines, 1) for line in changed.get(n, [old]))


def _edited(line: str, what: str) -> list[str]:
    indent = line[: len(line) - len(line.lstrip())]
    if what == "remove":
        return []
    if what.startswith("- "):
        return [f"{indent}{item}" for item in what.split(" ++ ")]
    key = _KEY.match(what)
    if key is None:
        raise ValueError(f"not a mend: {what}")
    if line.startswith(f"{key[1]}:"):
        return [what]
    text, made = re.subn(rf"\b{key[1]}: (\[[^\]]*\]|[^,{{}}\[\]]+)", lambda _: what, line, count=1)
    if not made:
        raise ValueError(f"no {key[1]} in: {line}")
    return [text]


def apply(text: str, edits: Found) -> str:
    """The edits of a fix made as an editor would, the last one first."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    for edit in sorted(edits, key=lambda e: (e["line"], e["column"]), reverse=True):
        start = starts[edit["line"] - 1] + edit["column"] - 1
        end = starts[edit["end_line"] - 1] + edit["end_column"] - 1
        text = text[:start] + edit["text"] + text[end:]
    return text


@cache
def report_on(text: str) -> Report:
    """What a check finds in a text; each is checked once."""
    return netspec.check(netspec.loads(text))


def errors(text: str, *also: str) -> Found:
    """The errors of a spec's text, as the JSON contract gives them; and what is of one of the severities `also`."""
    found: Found = report_json(report_on(text))["diagnostics"]
    return [item for item in found if item["severity"] in ("error", *also)]


def network(text: str) -> object:
    """What a text says, whatever its numbers, names and layout look like; None where it has errors."""
    report = report_on(text)
    if report.graph is None or not report.ok:
        return None
    calls = [
        (call.record.name.lower(), sorted((k, str(v)) for k, v in known.args.items()), call.inputs)
        for call, known in zip(report.graph.calls, report.inferred, strict=True)
    ]
    return calls, list(report.graph.inputs.values()), list(report.graph.outputs.values())


def built(text: str) -> object:
    """The network of a text: types, arguments, connections, shapes and parameters of its layers; None with errors."""
    found, report = network(text), report_on(text)
    return found and (found, [(known.outputs, known.parameters) for known in report.inferred])


def written(case: Case, *, unsafe: bool) -> str:
    """The text that `netspec check --fix`, with or without `--unsafe`, leaves in a copy of a case."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "net.yaml")
        Path(path).write_text(case.text, encoding="utf-8")
        write(fix_spec(path, (), NO_PLUGINS, unsafe=unsafe).texts)
        return Path(path).read_text(encoding="utf-8")


def judge(case: Case) -> Result:
    """Check a case, mend it by the first fixes, check what a tutor would make of it."""
    found = errors(case.text)
    at = {item["line"] for item in errors(case.text, "note")}
    marked = case.faults.keys() | case.also
    here = [item for item in found if item["line"] in marked]
    text = case.text
    for _ in range(max(mend.count(" ;; ") + 1 for mend in case.mends)):
        left = errors(text)
        if left and left[0]["fixes"]:
            text = apply(text, left[0]["fixes"][0]["edits"])
    result = network(text)
    accepted = [network(mended_by(case, mend)) for mend in case.mends]
    meant = [built(mended_by(case, mend)) for mend in case.mends]
    safe, unsafe = written(case, unsafe=False), written(case, unsafe=True)
    return Result(
        name=case.name,
        found=bool(found),
        placed=bool(here) and (case.faults.keys() <= at or bool(case.also & at)),
        coded=any(item["code"] in case.faults.values() for item in here),
        mended=result is not None and result in accepted,
        fixed=safe != case.text and built(safe) in meant,
        wrong=safe != case.text and built(safe) not in meant,
        suggested=unsafe != case.text and built(unsafe) in meant,
        astray=unsafe != case.text and built(unsafe) not in meant,
        false_alarm=accepted[0] is None,
        stray=len(found) - len(here),
        said="; ".join(item["hint"] or "no fix" for item in found[:1]) or "nothing",
    )


def share(results: Sequence[Result], what: str) -> float:
    """The per cent of the results of which something holds."""
    return 100 * sum(bool(getattr(result, what)) for result in results) / max(len(results), 1)


def main(folder: Path = HERE) -> None:
    """Print the table and its totals."""
    results = [judge(case) for case in cases(folder)]
    print("case | found | placed | code | first fix is an accepted mend | --fix | stray | false alarm | first hint")
    for result in results:
        marks = [result.found, result.placed, result.coded, result.mended]
        columns = ["yes" if mark else "no" for mark in marks]
        alarm = "yes" if result.false_alarm else "no"
        fix = "wrong" if result.wrong else "right" if result.fixed else "-"
        print(" | ".join([result.name, *columns, fix, str(result.stray), alarm, " ".join(result.said.split())]))
    totals = ", ".join(f"{what} {share(results, what):.1f} %" for what in ("found", "placed", "coded", "mended"))
    alarms = sum(result.false_alarm for result in results)
    stray = sum(result.stray for result in results)
    fixes = [sum(getattr(each, what) for each in results) for what in ("fixed", "wrong", "suggested", "astray")]
    print("--fix: {} right, {} wrote another network; --fix --unsafe: {} right, {} another".format(*fixes))
    print(f"{len(results)} cases: {totals}; {alarms} false alarms, {stray} errors on other lines")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
