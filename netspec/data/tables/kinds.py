"""The columns of a table → Columns and their raw numbers: kinds as the spec says, else as the cells tell.

Input: a frame, and what the spec wishes of its columns. Output: Columns, raw numbers, and a Problem for each column
with cells that do not belong there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import isnan
from typing import TYPE_CHECKING

from netspec.data.tables.columns import CellError, Column, as_date, canonical
from netspec.language.sections.table_keys import BINARY, CATEGORY, DATE, DROP, NUMBER, ONEHOT, RULES
from netspec.runtime.diagnostics import counted

if TYPE_CHECKING:
    import pandas as pd
    from numpy import bool_, float64
    from numpy.typing import NDArray

FEW = 20  # values that are always few enough for a category
SHARE = 0.5  # of the rows: more different words than that are texts, not values of a category
MOST_NUMBERS = 2**28  # of a column as one-hot
SHOWN = 40  # characters of a cell in a message


@dataclass(frozen=True)
class Problem:
    """What is wrong with a column: a sentence, and notes of what to do, as (label, text)."""

    message: str
    notes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Wishes:
    """What a spec says of the columns of a table, by their names; `None` holds what is said of all.

    Args:
        kinds: a kind, or the values of a category.
        encode: onehot or index.
        missing: a rule, or the cell that stands for an empty one.
        normalize: zscore, minmax or None.
    """

    kinds: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    encode: Mapping[str | None, str] = field(default_factory=dict)
    missing: Mapping[str | None, str] = field(default_factory=dict)
    normalize: str | None = None

    def missing_of(self, name: str) -> str | None:
        """What stands for an empty cell of a column."""
        return self.missing.get(name, self.missing.get(None))


def read_columns(
    frame: pd.DataFrame, names: Iterable[str], wishes: Wishes, encode: str
) -> tuple[tuple[Column, ...], NDArray[float64], list[Problem]]:
    """The columns of one input.

    Args:
        frame: the table.
        names: of the columns to take.
        wishes: of the spec.
        encode: of categories of which the spec does not say it.

    Returns:
        The columns, not fitted yet; their raw numbers [N, columns]; what is wrong with them.
    """
    columns, problems = [], []
    for name in names:
        found = column_of(frame[name], name, wishes, encode)
        if isinstance(found, Problem):
            problems.append(found)
        else:
            columns.append(found)
    raw, wrong = read_like(frame, columns, listed=True)
    return tuple(columns), raw, [*problems, *wrong]


def column_of(cells: pd.Series, name: str, wishes: Wishes, encode: str) -> Column | Problem:
    """One column: its kind and the values of its category, or the Problem that it has too many."""
    wished = wishes.kinds.get(name)
    kind = CATEGORY if isinstance(wished, tuple) else wished or infer(cells)
    missing = wishes.missing_of(name)
    encode = wishes.encode.get(name, wishes.encode.get(None, encode))
    column = Column(name, kind or CATEGORY, encode=encode, missing=missing, normalize=wishes.normalize)
    if kind in (NUMBER, DATE):
        return _checked(replace(column, hours=kind == DATE and _have_hours(cells)))
    values = tuple(map(canonical, wished)) if isinstance(wished, tuple) else _values(cells)
    if kind is None:
        what = f"column {name!r} holds {len(values)} different texts in {counted(len(cells), 'row')}"
        notes = ("fix", "columns: […] without it"), ("or", f"kinds: {{{name}: category}}")
        return Problem(f"{what}, which is no category", notes)
    if kind == BINARY and len(values) != 2:
        return Problem(f"column {name!r} is to be binary and holds {counted(len(values), 'value')}: {_list(values)}")
    if kind == CATEGORY and missing is not None and missing not in RULES and canonical(missing) not in values:
        values = (*values, canonical(missing))
    if kind == CATEGORY and encode == ONEHOT and len(values) * len(cells) > MOST_NUMBERS:
        note = ("fix", f"encode: {{{name}: index}}, for an Embedding"), ("or", "columns: […] without it")
        return Problem(f"column {name!r} has {len(values)} values, which are too many for one number each", note)
    return _checked(replace(column, values=values))


def _checked(column: Column) -> Column | Problem:
    """The column, or the Problem that what stands for its empty cells is none of its kind."""
    if column.missing is None or column.missing in RULES:
        return column
    try:
        reason = "which is an empty cell itself" if isnan(column.read(column.missing)) else ""
    except CellError as error:
        reason = str(error)
    what = f"column {column.name!r} is to hold {column.missing!r} where a cell is empty, {reason}"
    note = ("fix", f"missing: {{{column.name}: median}}, or another value for that column")
    return Problem(what, (note,)) if reason else column


def infer(cells: pd.Series) -> str | None:
    """The kind of a column by its cells: numbers where one is a number, dates where most are; None for texts."""
    import pandas as pd

    if pd.api.types.is_numeric_dtype(cells):  # truths among them
        return NUMBER
    if pd.api.types.is_datetime64_any_dtype(cells):
        return DATE
    words = [text(cell) for cell in cells.dropna().unique()]
    if not words or pd.to_numeric(pd.Series(words), errors="coerce").notna().any():
        return NUMBER  # a word among numbers is a wrong cell
    if 2 * sum(as_date(word) is not None for word in words) > len(words):
        return DATE
    values = {canonical(word) for word in words}
    if len(values) > FEW and len(values) > SHARE * len(cells):
        return None
    return BINARY if len(values) == 2 else CATEGORY


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
            reason = reasons or CellError(f"which is none of {_list(column.values)}")
            what = f"holds {cell[:SHOWN]!r}, {reason}"
            notes = [("fix", reason.advice)] if reason.advice else []
            if which.argmax() == 0 and column.name.isdecimal():  # as columns without names are called
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


def _values(cells: pd.Series) -> tuple[str, ...]:
    """The different values of a column: numbers in their order, words by the alphabet."""
    found = sorted({canonical(text(cell)) for cell in cells.dropna().unique()})
    try:
        return tuple(sorted(found, key=float))
    except ValueError:
        return tuple(found)


def _have_hours(cells: pd.Series) -> bool:
    dates = (as_date(text(cell)) for cell in cells.dropna().unique())
    return any(date is not None and (date.hour, date.minute, date.second) != (0, 0, 0) for date in dates)


def _list(values: tuple[str, ...]) -> str:
    return ", ".join(values[:FEW]) + (", …" if len(values) > FEW else "")


def dropped(raw: NDArray[float64], columns: Iterable[Column]) -> NDArray[bool_]:
    """The rows [N] that are left out: those with an empty cell in a column whose rule says drop."""
    import numpy as np

    which = [index for index, column in enumerate(columns) if column.missing == DROP]
    found: NDArray[bool_] = np.isnan(raw[:, which]).sum(1) > 0
    return found
