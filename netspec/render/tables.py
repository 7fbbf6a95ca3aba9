"""Tables for people: cells as text, aligned in a pipe, drawn by rich on a terminal; and how a number is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


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


def shown(name: str, value: Any) -> str:
    """A setting's or measure's value for a person: shares as per cent, numbers to four digits; nothing is a dash."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.2%}" if "accuracy" in name else f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) and name not in ("seed", "epoch") else str(value)
