"""Diagnostics as text for people: the message, the place, the line with a caret, the arithmetic, the fixes."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

from netspec.ground.diagnostics import Diagnostic, Span
from netspec.ground.paths import COMMAND_LINE
from netspec.ground.reading import split_lines

_COLORS = {"error": "1;31", "warning": "1;33", "place": "34", "caret": "1;31", "label": "1", "fix": "32"}
WIDEST_LINE = 160


def _paint(text: str, kind: str, color: bool) -> str:
    return f"\x1b[{_COLORS[kind]}m{text}\x1b[0m" if color and kind in _COLORS else text


def safe(text: str) -> str:
    """`text` without characters that a terminal would obey; a tab is a space, so that columns stay."""
    return "".join(" " if c == "\t" else c if unicodedata.category(c)[0] != "C" else "\ufffd" for c in text)


def _width(text: str) -> int:
    """Columns that a terminal needs."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def excerpt(span: Span, sources: Mapping[str, str], color: bool = False) -> list[str]:
    """The line of a span with a caret under what it covers; nothing where the source is not at hand."""
    lines = split_lines(sources.get(span.path, ""))
    if not 1 <= span.line <= len(lines):
        return []
    line = lines[span.line - 1]
    end = span.end_column if span.end_line == span.line else len(line) + 1
    start = max(0, span.column - WIDEST_LINE // 2) if len(line) > WIDEST_LINE else 0
    shown = safe(line[start : start + WIDEST_LINE]).rstrip()
    before = safe(line[start : span.column - 1])
    marked = safe(line[span.column - 1 : min(end - 1, start + WIDEST_LINE)])
    number = str(span.line)
    bar = " " * len(number) + " |"
    caret = " " * _width(before) + "^" * max(_width(marked), 1)
    return [
        _paint(bar, "place", color),
        _paint(f"{number} |", "place", color) + f" {shown}",
        _paint(bar, "place", color) + " " + _paint(caret, "caret", color),
    ]


def _place(span: Span, sources: Mapping[str, str]) -> str:
    if span.path == COMMAND_LINE:
        return "--set"
    return str(span)


def render_one(found: Diagnostic, sources: Mapping[str, str], color: bool = False) -> str:
    """One diagnostic as a paragraph."""
    span = found.span
    pad = " " * len(str(span.line))
    head = (
        _paint(f"{found.severity}[{found.code}]", found.severity, color)
        + ": "
        + _paint(safe(found.message), "label", color)
    )
    lines = [head, _paint(f"{pad}--> ", "place", color) + _place(span, sources), *excerpt(span, sources, color)]

    def note(label: str, text: str, kind: str = "") -> None:
        sign, name = _paint("=", "place", color), _paint(f"{label:<8}", "label", color)
        lines.append(f"{pad} {sign} {name} {_paint(safe(text), kind, color)}")

    for frame in found.frames:
        note("in", f"{frame.label} at {frame.span}")
    for item in found.notes:
        if item.label not in ("or", "torch"):
            note(item.label, item.text)
    for index, fix in enumerate(found.fixes):
        note("fix" if index == 0 else "or", f"{fix.title}  (netspec check --fix)" if index == 0 else fix.title, "fix")
    for item in found.notes:
        if item.label in ("or", "torch"):
            note(item.label, item.text)
    return "\n".join(lines)


def render(diagnostics: Iterable[Diagnostic], sources: Mapping[str, str], color: bool = False) -> str:
    """Diagnostics as text, a blank line between them."""
    return "\n\n".join(render_one(found, sources, color) for found in diagnostics)
