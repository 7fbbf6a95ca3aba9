"""The cells of a frame → raw numbers, by Columns that are known; what does not belong into a column becomes a Problem.

Input: a frame, Columns. Output: raw numbers [N, columns], NaN for an empty cell, and Problems.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netspec.data.tables.cells import CellError
from netspec.data.tables.columns import Column
from netspec.language.sections.table_keys import CATEGORY, DROP, NUMBER

if TYPE_CHECKING:
    import pandas as pd
    from numpy import bool_, float64
    from numpy.typing import NDArray

FEW = 20  # values that are always few enough for a category, and for a message
SHOWN = 40  # characters of a cell in a message


@dataclass(frozen=True)
class Problem:
    """What is wrong with a column: a sentence, and notes of what to do, as (label, text)."""

    message: str
    notes: tuple[tuple[str, str], ...] = ()


def read_like(
    frame: pd.DataFrame, columns: Iterable[Column], *, listed: bool = False
) -> tuple[NDArray[float64], list[Problem]]:
    """The raw numbers of a table's columns.

    Args:
        frame: the table, with columns of these names.
        columns: how each is read.
        listed: whether a value that a category does not have is wrong.

    Returns:
        The raw numbers [N, columns], NaN for an empty cell, and what is wrong with them.
    """
    import numpy as np

    columns = tuple(columns)
    raw, problems = np.empty((len(frame), len(columns))), []
    for index, column in enumerate(columns):
        raw[:, index], bad, reasons = _raw(frame[column.name], column)
        unknown = listed and column.kind == CATEGORY
        unlisted = raw[:, index] == 0 if unknown else np.zeros(len(frame), bool)
        if bad.any() or unlisted.any():
            which = bad if bad.any() else unlisted
            cell = text(frame[column.name].iloc[int(which.argmax())])
            reason = reasons or CellError(f"which is none of {listed_values(column.values)}")
            what = f"holds {cell[:SHOWN]!r}, {reason}"
            notes = [("fix", reason.advice)] if reason.advice else []
            heading = which.argmax() == 0 and which.sum() == 1 and any(map(str.isalpha, cell))
            if heading and column.name.isdecimal():  # as columns without names are called
                notes.append(("or", "header: true where row 1 holds names"))
            problems.append(_problem(column.name, which, what, *notes))
        empty = np.isnan(raw[:, index]) & ~bad
        if empty.any() and column.missing is None:
            problems.append(_problem(column.name, empty, "has no value", *FILL))
    return raw, problems


FILL = (("fix", "missing: median (or mean, mode, a value)"), ("or", "missing: drop leaves such rows out"))


def empty_target(name: str, empty: NDArray[bool_]) -> Problem:
    """The Problem of a target without a value in some rows."""
    return _problem(name, empty, "has no value", ("fix", f"missing: {{{name}: drop}} leaves such rows out"))


def _problem(name: str, bad: NDArray[bool_], what: str, *notes: tuple[str, str]) -> Problem:
    also = f" (and {int(bad.sum()) - 1} more in that column)" if bad.sum() > 1 else ""
    return Problem(f"row {int(bad.argmax()) + 1}, column {name!r} {what}{also}", notes)


def _raw(cells: pd.Series, column: Column) -> tuple[NDArray[float64], NDArray[bool_], CellError | None]:
    """The raw numbers of cells, which of them are wrong, and why the first wrong one is."""
    import numpy as np
    import pandas as pd

    if column.kind == NUMBER:
        values = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        bad = ~np.isfinite(values) & cells.notna().to_numpy()
        places = bad.nonzero()[0]
        for place in places[:1]:
            try:
                column.read(text(cells.iloc[place]))
            except CellError as error:
                return values, bad, error
        return values, bad, CellError("which is no finite number") if len(places) else None
    codes, words = pd.factorize(cells)  # each different cell is read once; -1 is an empty one
    reasons: dict[int, CellError] = {}
    read = np.full(len(words) + 1, np.nan)
    for code, word in enumerate(words):
        try:
            read[code] = column.read(text(word))
        except CellError as error:
            reasons[code] = error
    bad = np.isin(codes, [*reasons])
    return read[codes], bad, reasons[int(codes[bad.argmax()])] if reasons else None


def text(cell: object) -> str:
    """A cell as it would stand in a CSV file."""
    return str(cell).strip()


def listed_values(values: tuple[str, ...]) -> str:
    return ", ".join(values[:FEW]) + (", …" if len(values) > FEW else "")


def dropped(raw: NDArray[float64], columns: Iterable[Column]) -> NDArray[bool_]:
    """The rows [N] that are left out: those with an empty cell in a column whose rule says drop."""
    import numpy as np

    which = [index for index, column in enumerate(columns) if column.missing == DROP]
    found: NDArray[bool_] = np.isnan(raw[:, which]).sum(1) > 0
    return found
