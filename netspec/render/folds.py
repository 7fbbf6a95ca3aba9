"""The best epochs of several folds → mean and deviation of each figure, as JSON and as a table."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from netspec.render.tables import Table, format_value

HIDDEN = ("epoch", "lr", "seconds", "samples_per_second")  # of which a mean says nothing


def spread(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """The mean of each figure over the folds, and its standard deviation (n - 1), by name.

    Args:
        rows: the best epoch of each fold, at least one.
    """
    found = {}
    for name in rows[0]:
        values = [row.get(name) for row in rows]
        numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
        if name not in HIDDEN and len(numbers) == len(values):
            deviation = statistics.stdev(numbers) if len(numbers) > 1 else 0.0
            found[name] = {"mean": statistics.fmean(numbers), "deviation": deviation}
    return found


def folds_table(name: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    """A row for each fold, then the mean and the deviation.

    Args:
        name: the title.
        rows: the best epoch of each fold, at least one.
    """
    figures = spread(rows)
    lines = [
        (f"fold {fold}", str(row.get("epoch")), *(format_value(figure, row[figure]) for figure in figures))
        for fold, row in enumerate(rows)
    ]
    for word in ("mean", "deviation") if len(rows) > 1 else ():
        lines.append((word, "", *(format_value(figure, each[word]) for figure, each in figures.items())))
    return Table(("", "best epoch", *figures), tuple(lines), title=name)
