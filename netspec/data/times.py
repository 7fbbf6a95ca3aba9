"""The column of times of a table, and that of its series → the order of the rows, and which row follows which.

Input: a frame of pandas. Output: an Order; a Problem where times do not ascend, or a step is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from netspec.data.tables.columns import Column
from netspec.data.tables.kinds import Wishes, column_of
from netspec.data.tables.reading import Problem, read_like
from netspec.language.sections.table_keys import DATE, GAPS_ERROR, GAPS_IGNORE, NUMBER

if TYPE_CHECKING:
    import pandas as pd
    from numpy import int64
    from numpy.typing import NDArray

_UNITS = ((86400 * 7, "week"), (86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
_MONTHS = ((12, "year"), (1, "month"))


@dataclass(frozen=True)
class Order:
    """The rows of a table, one series after the other, each in the order of the file.

    Args:
        rows: int64 [L], the rows in this order.
        following: int64 [L], by row the next one of its series; -1 at its end, -2 before a gap that splits it.
        moments: int64 [L], by row the index of its time among all times; None where the table has no times.
    """

    rows: NDArray[int64]
    following: NDArray[int64]
    moments: NDArray[int64] | None = None


def read_order(frame: pd.DataFrame, time: str | None, series: str | None, gaps: str) -> Order | Problem:
    """The order of the rows.

    Args:
        frame: the table.
        time: the name of the column of times; None: there is none.
        series: the name of the column that tells series apart; None: there is one series.
        gaps: error, split or ignore.
    """
    import numpy as np
    import pandas as pd

    codes = np.zeros(len(frame), np.int64)
    if series is not None:
        codes, _ = pd.factorize(frame[series])
        if (codes < 0).any():
            row = int((codes < 0).argmax()) + 1
            return Problem(f"row {row}, column {series!r} has no value, so that it is of no series")
    rows = np.argsort(codes, kind="stable").astype(np.int64)
    same = codes[rows[1:]] == codes[rows[:-1]]  # [L - 1], whether the next row is of the same series
    following = np.full(len(frame), -1, np.int64)
    moments = None
    if time is not None:
        found = _times(frame[time], time)
        if isinstance(found, Problem):
            return found
        times, column = found
        moments = np.unique(times, return_inverse=True)[1].astype(np.int64)
        steps = times[rows[1:]] - times[rows[:-1]]
        back = same & (steps <= 0)
        if back.any():
            return _not_ascending(rows, int(back.argmax()), times, column, series)
        if gaps != GAPS_IGNORE:
            holes, problem = _holes(times, rows, same, column)
            if problem is not None and gaps == GAPS_ERROR:
                return problem
            following[rows[:-1][holes]] = -2
            same = same & ~holes
    following[rows[:-1][same]] = rows[1:][same]
    return Order(rows, following, moments)


def _times(cells: pd.Series, name: str) -> tuple[NDArray[int64], Column] | Problem:
    """The times as whole microseconds, or as ranks of numbers with a fraction."""
    import numpy as np

    column = column_of(cells, name, Wishes(), "index")
    if isinstance(column, Problem) or column.kind not in (DATE, NUMBER):
        return Problem(f"column {name!r} is to hold times, which are dates like 2024-05-17 or numbers, and holds words")
    raw, problems = read_like(cells.to_frame(name), [column])
    if problems:
        return problems[0]
    return np.round(raw[:, 0] * 1e6).astype(np.int64), column


def _not_ascending(rows: NDArray[int64], at: int, times: NDArray[int64], column: Column, series: str | None) -> Problem:
    before, after = int(rows[at]), int(rows[at + 1])
    earlier, later = (_said(times, row, column) for row in (before, after))
    notes = [("fix", f"sort the file by {column.name}")]
    if times[before] == times[after]:
        notes = [("fix", "one row for each time" + ("" if series else "; series: COLUMN tells several series apart"))]
    elif series is None:
        notes.append(("or", "series: COLUMN, where the file holds several series"))
    return Problem(f"row {after + 1}, column {column.name!r}: {later} stands behind {earlier}", tuple(notes))


def _said(times: NDArray[int64], row: int, column: Column) -> str:
    return column.text(int(times[row]) / 1e6)


def _holes(
    times: NDArray[int64], rows: NDArray[int64], same: NDArray[int64], column: Column
) -> tuple[NDArray[int64], Problem | None]:
    """Where a step is not the usual one, [L - 1], and the Problem of the first of them."""
    import numpy as np

    found = [(np.diff(times[rows]), "")]
    if column.kind == DATE:
        months = _months(times)
        found += [(np.diff(months[rows]), "months")] if months is not None else []
    best = None
    for steps, unit in found:
        values, counts = np.unique(steps[same], return_counts=True)
        if not len(values):
            return np.zeros(len(same), bool), None
        usual = values[counts.argmax()]
        holes = same & (steps != usual)
        if best is None or holes.sum() < best[0].sum():
            best = holes, steps, usual, unit
    assert best is not None
    holes, steps, usual, unit = best
    if not holes.any():
        return holes, None
    at = int(holes.argmax())
    before, after = (_said(times, int(rows[index]), column) for index in (at, at + 1))
    lengths = [_length(int(step), unit, column) for step in (steps[at], usual)]
    also = f" (and {int(holes.sum()) - 1} more such rows)" if holes.sum() > 1 else ""
    what = f"row {int(rows[at + 1]) + 1}, column {column.name!r}: {before} is followed by {after}"
    notes = ("fix", "gaps: split, and no window goes across it"), ("or", "gaps: ignore, where rows count, not times")
    return holes, Problem(f"{what}, a step of {lengths[0]} where {lengths[1]} is usual{also}", notes)


def _months(times: NDArray[int64]) -> NDArray[int64] | None:
    """Dates that lie on the same day of their months, or on the last, as months since 1970; None for others."""

    days = (times // 86_400_000_000).astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    of_month, of_next = (days - months).astype(int), ((days + 1).astype("datetime64[M]") - months).astype(int)
    whole = (times % 86_400_000_000 == times[0] % 86_400_000_000).all()
    regular = whole and ((of_month == of_month[0]).all() or (of_next == 1).all())
    numbers: NDArray[int64] = months.astype(int)
    return numbers if regular else None


def _length(step: int, unit: str, column: Column) -> str:
    """A step in words: `3 days`."""
    if column.kind == NUMBER:
        return f"{step / 1e6:g}"
    units, number = (_MONTHS, float(step)) if unit else (_UNITS[1:], step / 1e6)
    size, word = next(((size, word) for size, word in units if number % size == 0), units[-1])
    count = number / size
    return f"{count:g} {word}{'s' * (count != 1)}"
