"""Comments that ignore warnings: `# netspec: ignore=NS905,NS906 with a reason`.

On a line with content it is for that line; on a line of its own for the next line with content; on a line of its own
before all content for the whole file, and at the head of a spec also for the files that it includes. Only warnings can
be ignored. A text with such comments is read again as tokens, because inside of a scalar there is no comment.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping

import yaml

from netspec.core.codes import CODES, severity
from netspec.core.dataclass import dataclass
from netspec.core.diagnostics import Diagnostic, Edit, Fix
from netspec.core.files import COMMAND_LINE, line_starts, split_lines
from netspec.core.names import closest, did_you_mean
from netspec.core.tree import Span
from netspec.language.source import Loader

WARNINGS = tuple(code for code in CODES if severity(code) == "warning")
DIRECTIVE = re.compile(r"#[ \t]*(netspec:[ \t]*ignore\b)(?:[ \t]*=[ \t]*([^\s,#]+(?:[ \t]*,[ \t]*[^\s,#]+)*))?")
_ONE = re.compile(r"[^\s,]+")
UNUSED = "NS916"
MOST_WRONG = 500  # faults of one text that are reported


@dataclass(frozen=True, slots=True)
class Ignore:
    """One code that a comment ignores.

    Args:
        code: of the warning.
        span: the location of the code in the comment.
        line: the line that it is for; None for the whole file.
    """

    code: str
    span: Span
    line: int | None


def ignorable(code: str) -> str | None:
    """Why a code cannot be ignored; None where it can.

    Args:
        code: as a user wrote it.
    """
    if code in WARNINGS:
        return None
    if code in CODES:
        return f"{code} is an error; only warnings can be ignored"
    return f"there is no warning {code!r}{did_you_mean(closest(code, WARNINGS))}"


def ignores_in(text: str, path: str) -> tuple[list[Ignore], list[Diagnostic]]:
    """The ignores that the comments of one text name, and what is wrong with them."""
    lines = split_lines(text)
    matches = [(number, match) for number, line in enumerate(lines, 1) for match in DIRECTIVE.finditer(line)]
    if not matches:
        return [], []
    scalars = _scalars(text)
    if scalars is None:
        return [], []  # no YAML, which is reported elsewhere
    content = [number for number, line in enumerate(lines, 1) if line.strip() and not line.lstrip().startswith("#")]
    starts = line_starts(text)
    found: list[Ignore] = []
    wrong: list[Diagnostic] = []
    for number, match in matches:
        if len(wrong) >= MOST_WRONG:
            break
        offset = starts[number - 1] + match.start(1)
        before = bisect_right(scalars, (offset, len(text))) - 1
        if before >= 0 and offset < scalars[before][1]:
            continue  # inside of a scalar
        if match[2] is None:
            span = Span(path, number, match.start() + 1, number, match.end() + 1)
            example = "write # netspec: ignore=NS905, or =NS905,NS906 for two"
            wrong.append(Diagnostic("NS218", f"this comment ignores nothing: {example}", span))
            continue
        line: int | None = number
        if lines[number - 1].lstrip().startswith("#"):
            after = bisect_right(content, number)
            line = None if after == 0 else content[after] if after < len(content) else number
        for word in _ONE.finditer(match[2]):
            column = match.start(2) + word.start() + 1
            span = Span(path, number, column, number, column + len(word[0]))
            fault = ignorable(word[0])
            if len(wrong) >= MOST_WRONG:
                break
            if fault is None:
                found.append(Ignore(word[0], span, line))
            else:
                fixes = [] if word[0] in CODES else [Fix(one, (Edit(span, one),)) for one in closest(word[0], WARNINGS)]
                wrong.append(Diagnostic("NS218", fault, span, fixes=tuple(fixes)))
    return found, wrong


def _scalars(text: str) -> list[tuple[int, int]] | None:
    """The offsets of the scalars of a text; of a block scalar those after its first line. None where it is no YAML."""
    offsets: list[tuple[int, int]] = []
    starts = line_starts(text)
    try:
        for token in yaml.scan(text, Loader=Loader):
            if isinstance(token, yaml.ScalarToken):
                first, last = token.start_mark, token.end_mark
                start, end = starts[first.line] + first.column, starts[last.line] + last.column
                if token.style in ("|", ">"):
                    start = starts[first.line + 1] if first.line + 1 < len(starts) else end
                offsets.append((start, end))
    except (yaml.YAMLError, IndexError):
        return None
    return offsets


def all_ignores(sources: Mapping[str, str]) -> tuple[list[Ignore], list[Diagnostic]]:
    """The ignores of all texts of a spec, and what is wrong with them.

    Args:
        sources: the texts by path.
    """
    found: list[Ignore] = []
    wrong: list[Diagnostic] = []
    for path, text in sources.items():
        if path != COMMAND_LINE:
            here, faults = ignores_in(text, path)
            found += here
            wrong += faults
    return found, wrong


def without_ignored(
    diagnostics: Iterable[Diagnostic], ignores: Collection[Ignore], codes: Collection[str], path: str
) -> list[Diagnostic]:
    """The diagnostics without the ignored warnings, and with a warning for each comment that ignored nothing.

    Args:
        diagnostics: of the whole check.
        ignores: of the comments.
        codes: of the command line, for all files.
        path: the spec's own file. Unused comments of other files are not reported: other specs may need them.
    """
    kept: list[Diagnostic] = []
    used: set[Ignore] = set()
    by_location: dict[tuple[str, str, int | None], list[Ignore]] = {}
    for ignore in ignores:
        by_location.setdefault((ignore.code, ignore.span.path, ignore.line), []).append(ignore)
    listed = list(diagnostics)
    for found in listed:
        matching = [
            ignore
            for location in dict.fromkeys(((found.span.path, found.span.line), (found.span.path, None), (path, None)))
            for ignore in by_location.get((found.code, *location), ())
        ]
        used.update(matching)
        if found.severity != "warning" or (not matching and found.code not in codes):
            kept.append(found)
    silenced = UNUSED in codes or any(ignore.code == UNUSED for ignore in ignores)
    if not silenced and not any(found.severity == "error" for found in listed):
        for ignore in ignores:
            if ignore not in used and ignore.span.path == path:
                what = "this file" if ignore.line is None else f"line {ignore.line}"
                kept.append(Diagnostic(UNUSED, f"there is no {ignore.code} in {what} to ignore", ignore.span))
    return kept
