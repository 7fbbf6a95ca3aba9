"""What a run came to, as a table: the best and the last epoch side by side, and what they took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from netspec.render.tables import Table, shown

HIDDEN = ("samples_per_second",)


def outcome_table(name: str, history: Sequence[Mapping[str, Any]], best: Mapping[str, Any] | None) -> Table:
    """A measure a row; the best epoch in a column of its own where it is not the last.

    Args:
        name: stands above.
        history: the epochs, at least one.
        best: the best of them.
    """
    last = history[-1]
    columns = {"last": last} if best is None else {"best": best, "last": last}
    if best is not None and best["epoch"] == last["epoch"]:
        columns = {"last, best": last}
    names = [key for key in last if key not in HIDDEN and isinstance(last[key], int | float)]
    rows = [(key, *(shown(key, row.get(key)) for row in columns.values())) for key in names]
    return Table(("", *columns), tuple(rows), title=name)


def closing_line(history: Sequence[Mapping[str, Any]], parameters: int) -> str:
    """How long the epochs took together, and how large the network is."""
    seconds = sum(float(row.get("seconds") or 0) for row in history)
    epochs = f"{len(history)} epoch{'s' if len(history) != 1 else ''}"
    return f"{epochs} in {duration(seconds)}, {parameters:,} parameters"


def duration(seconds: float) -> str:
    """`3.2 s`, `4 min 10 s`, `2 h 5 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
