"""Tables for people: aligned in a pipe, drawn by rich on a terminal; and text wrapped to a terminal's columns."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

ELLIPSIS = "…"
_STEPS = re.compile(r" (?=→ )")  # a chain of shapes breaks before its arrows


_OBEYED = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")  # controls, directions, line separators, what is no character


def safe(text: str) -> str:
    """`text` without characters that a terminal would obey; a tab is a space, so that columns stay."""
    if text.isprintable():
        return text
    return "".join(" " if c == "\t" else "\ufffd" if unicodedata.category(c) in _OBEYED else c for c in text)


def width(text: str) -> int:
    """Columns that a terminal needs."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def wrap(text: str, columns: int, first: str = "", hanging: str = "") -> list[str]:
    """`text` in lines of at most `columns`, broken at spaces; a longer word overflows, as a path has to stay whole.

    Args:
        first, hanging: the indents of the first line and of the others, which count.
    """
    room = columns - max(width(first), width(hanging))
    pieces: list[str] = []
    for step in _STEPS.split(text):
        pieces += [step] if width(step) <= room else step.split(" ")
    lines, line = [], first
    empty = True
    for piece in pieces:
        if not empty and width(line) + 1 + width(piece) > columns:
            lines.append(line.rstrip(" "))
            line, empty = hanging, True
        if empty and not piece and lines:
            continue
        line += piece if empty else f" {piece}"
        empty = False
    return [each.replace("\u00a0", " ") for each in (*lines, line)]


def cut(line: str, start: int, end: int, columns: int) -> tuple[str, int, int]:
    """What is shown of a line in `columns` so that the characters from `start` to `end` are seen.

    Returns:
        The text, ellipses where it was cut; the columns before the first of those characters, and theirs, at least one.
    """
    near = slice(max(0, start - 2 * columns), start + 2 * columns)  # a line can be megabytes long
    cells = [(c, width(c)) for c in safe(line[near])]
    at, stop = start - near.start, min(end - near.start, len(cells))
    if near.start == 0 and len(line) <= near.stop and width(safe(line).rstrip()) <= columns:
        low, high = 0, len(cells)
    else:
        low, high = _window([w for _, w in cells], at, stop, columns - 2)
    text = "".join(c for c, _ in cells[low:high])
    before = sum(w for _, w in cells[low:at])
    marked = sum(w for _, w in cells[at : min(stop, high)])
    cut_left = low > 0 or near.start > 0
    cut_right = near.start + high < len(line.rstrip())
    visible = (ELLIPSIS if cut_left else "") + text.rstrip() + (ELLIPSIS if cut_right else "")
    return visible, before + (1 if cut_left else 0), max(marked, 1)


def _window(widths: list[int], start: int, end: int, columns: int) -> tuple[int, int]:
    """The range of cells that fit into `columns` with `start` to `end` near the middle."""
    low, high, room = start, start, columns
    while high < min(end, len(widths)) and widths[high] <= room:
        room -= widths[high]
        high += 1
    left = room // 2 if high < len(widths) else room
    while low > 0 and widths[low - 1] <= left:
        left -= widths[low - 1]
        room -= widths[low - 1]
        low -= 1
    while high < len(widths) and widths[high] <= room:
        room -= widths[high]
        high += 1
    while low > 0 and widths[low - 1] <= room:
        room -= widths[low - 1]
        low -= 1
    return low, high


@dataclass(frozen=True)
class Table:
    """A head and rows of cells, all of one length; the first `left` columns are words, the others numbers."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: int = 1
    title: str = ""


def table_text(table: Table) -> str:
    """The table in plain text: columns two blanks apart, a rule below the head."""
    cells = [table.head, *table.rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(table.head))]

    def line(row: tuple[str, ...]) -> str:
        sides = (
            text.ljust(width) if column < table.left else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        return "  ".join(sides).rstrip()

    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    return "\n".join([*([table.title, ""] if table.title else []), line(table.head), rule, *map(line, table.rows)])


def table_rich(table: Table) -> None:
    """The table on a terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table as Drawn
    from rich.text import Text

    drawn = Drawn(title=Text(table.title) if table.title else None, title_justify="left", box=SIMPLE_HEAD)
    for column, title in enumerate(table.head):
        drawn.add_column(Text(title), justify="left" if column < table.left else "right", overflow="fold")
    for row in table.rows:
        drawn.add_row(*(Text(cell) for cell in row))
    Console().print(drawn)


def format_value(name: str, value: Any) -> str:
    """A setting's or measure's value for a person: shares as per cent, numbers to four digits; nothing is a dash."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.2%}" if "accuracy" in name else f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) and name not in ("seed", "epoch") else str(value)
