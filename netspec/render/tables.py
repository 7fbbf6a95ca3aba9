"""Texts and tables → lines for people: cut, wrapped and aligned in a pipe; rich draws tables on a terminal.

Libraries do not serve in a pipe. textwrap counts characters instead of columns: of Chinese text it makes lines of 134
columns where 80 are asked for. rich takes 35 ms to import and tabulate 38 ms, while a cold check of specs/vgg16.yaml
takes 120 ms in all (Python 3.11, one core).
"""

from __future__ import annotations

import os
import re
import unicodedata
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from netspec.core.dataclass import dataclass
from netspec.core.escapes import safe

if TYPE_CHECKING:
    from rich.console import Console

ELLIPSIS = "…"
_OPENING, _CLOSING = "（「“‘《", "），。：；、？！」”’》…%"
_STEPS = re.compile(r" (?=→ )")  # a chain of shapes breaks before its arrows


def width(text: str) -> int:
    """The columns that `text` takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def wrap(text: str, columns: int, first: str = "", hanging: str = "") -> list[str]:
    """`text` in lines of at most `columns`, broken at spaces; a longer word, such as a path, overflows.

    Args:
        text: what to wrap.
        columns: the width of a line, indents included.
        first, hanging: the indents of the first line and of the others.
    """
    room = columns - max(width(first), width(hanging))
    pieces: list[tuple[str, str]] = []  # what is between it and the piece before, on one line; the piece
    for step in _STEPS.split(text):
        for word in [step] if width(step) <= room else step.split(" "):
            start, *others = _breakable(word)
            pieces += [(" ", start), *(("", other) for other in others)]
    lines, line = [], first
    empty = True
    for between, piece in pieces:
        if not empty and width(line) + len(between) + width(piece) > columns:
            lines.append(line.rstrip(" "))
            line, empty = hanging, True
        if empty and not piece and lines:
            continue
        line += piece if empty else f"{between}{piece}"
        empty = False
    return [each.replace("\u00a0", " ") for each in (*lines, line)]


def _breakable(word: str) -> list[str]:
    """The parts of a word between which a line may break: at characters as wide as Chinese, which have no spaces.

    No line begins with a mark that closes, nor ends with one that opens.
    """
    if word.isascii():
        return [word]
    parts = [word[:1]]
    for before, after in pairwise(word):
        wide = width(before) == 2 or width(after) == 2
        if wide and before not in _OPENING and after not in _CLOSING:
            parts.append(after)
        else:
            parts[-1] += after
    return parts


def pad(text: str, columns: int, *, right: bool = False) -> str:
    """`text` with spaces up to so many columns, behind it or, with `right`, before it."""
    spaces = " " * (columns - width(text))
    return spaces + text if right else text + spaces


def cut(line: str, start: int, end: int, columns: int) -> tuple[str, int, int]:
    """The part of a line that shows the characters from `start` to `end` in `columns`.

    Returns:
        The text, with ellipses where it was cut; the columns before those characters, and their own, at least one.
    """
    near = slice(max(0, start - 2 * columns), start + 2 * columns)  # a line can be megabytes long
    cells = [(shown, width(shown)) for shown in map(safe, line[near])]
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
    """A table of cells that are text already.

    Args:
        head: the titles of the columns.
        rows: the cells, as many in each row as in the head.
        left: the number of columns that are aligned to the left, as words are; the others are numbers.
        title: a line above the table.
        foot: a row of totals, below a rule.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: int = 1
    title: str = ""
    foot: tuple[str, ...] = ()


def table_text(table: Table) -> str:
    """A table in plain text: two spaces between columns, a rule below the head.

    Args:
        table: what to draw.
    """
    table = _shown(table)
    cells = [table.head, *table.rows, *([table.foot] if table.foot else [])]
    widths = [max(width(row[column]) for row in cells) for column in range(len(table.head))]

    def line(row: tuple[str, ...]) -> str:
        sides = (
            pad(text, widest, right=column >= table.left)
            for column, (text, widest) in enumerate(zip(row, widths, strict=True))
        )
        return "  ".join(sides).rstrip()

    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    title = [table.title, ""] if table.title else []
    foot = [rule, line(table.foot)] if table.foot else []
    return "\n".join([*title, line(table.head), rule, *map(line, table.rows), *foot])


def _shown(table: Table) -> Table:
    """The table, its texts without control characters."""
    rows = tuple(tuple(map(safe, row)) for row in table.rows)
    return Table(tuple(map(safe, table.head)), rows, table.left, safe(table.title), tuple(map(safe, table.foot)))


def wants_color() -> bool:
    """Whether a terminal may be given colours, bold and dim text: it can, and NO_COLOR is not set."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def terminal(*, stderr: bool = False) -> Console:
    """rich's console: plain text where colours are not wanted, and nothing in a text is markup.

    Args:
        stderr: for standard error instead of standard output.
    """
    from rich.console import Console

    return Console(
        stderr=stderr, color_system="auto" if wants_color() else None, highlight=False, markup=False, emoji=False
    )


def table_rich(table: Table) -> None:
    """The table on a terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as Drawn
    from rich.text import Text

    table = _shown(table)
    drawn = Drawn(title=Text(table.title) if table.title else None, title_justify="left", box=SIMPLE_HEAD)
    for column, title in enumerate(table.head):
        drawn.add_column(Text(title), justify="left" if column < table.left else "right", overflow="fold")
    for row in table.rows:
        drawn.add_row(*(Text(cell) for cell in row))
    terminal().print(drawn)


def format_value(name: str, value: Any) -> str:
    """The value of a setting or metric for people: floats to four digits, rates as fractions too, None as a dash."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) and name not in ("seed", "epoch") else str(value)
