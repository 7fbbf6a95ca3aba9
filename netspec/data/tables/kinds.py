"""The columns of a table → Columns and their raw numbers: kinds as the spec says, else as the cells tell.

Input: a frame, and what the spec wishes of its columns. Output: Columns, raw numbers, and a Problem for each column
with cells that do not belong there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import isnan
from typing import TYPE_CHECKING

from netspec.data.tables.cells import CellError, as_date, canonical
from netspec.data.tables.columns import Column
from netspec.data.tables.reading import FEW, Problem, listed_values, read_like, text
from netspec.language.sections.table_keys import BINARY, CATEGORY, DATE, NUMBER, ONEHOT, RULES
from netspec.runtime.diagnostics import counted

if TYPE_CHECKING:
    import pandas as pd
    from numpy import float64
    from numpy.typing import NDArray

SHARE = 0.5  # of the rows: more different words than that are texts, not values of a category
MOST_NUMBERS = 2**27  # of the columns as one-hot, together


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
    import numpy as np

    columns, problems = [], []
    for name in names:
        found = column_of(frame[name], name, wishes, encode)
        if isinstance(found, Problem):
            problems.append(found)
        else:
            columns.append(found)
    listed = [column for column in columns if column.kind == CATEGORY and column.encode == ONEHOT]
    if sum(column.width for column in listed) * len(frame) > MOST_NUMBERS:
        return tuple(columns), np.empty((len(frame), 0)), [*problems, _too_wide(max(listed, key=_width))]
    raw, wrong = read_like(frame, columns, listed=True)
    return tuple(columns), raw, [*problems, *wrong]


def _width(column: Column) -> int:
    return column.width


def _too_wide(column: Column) -> Problem:
    """The Problem of the column with most values, where one number for each value of a category is too many."""
    notes = ("fix", f"encode: {{{column.name}: index}}, for an Embedding"), ("or", "columns: […] without it")
    what = f"column {column.name!r} has {column.width} values, which are too many for one number each"
    return Problem(what, notes)


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
        return Problem(
            f"column {name!r} is to be binary and holds {counted(len(values), 'value')}: {listed_values(values)}"
        )
    if kind == CATEGORY and missing is not None and missing not in RULES and canonical(missing) not in values:
        values = (*values, canonical(missing))
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
    numbers = pd.to_numeric(pd.Series(words, dtype=object), errors="coerce").notna()
    dates = sum(as_date(word) is not None for word, number in zip(words, numbers, strict=True) if not number)
    if 2 * dates > len(words):  # a number among dates is a wrong cell
        return DATE
    if not words or numbers.any():
        return NUMBER  # and so is a word among numbers
    values = {canonical(word) for word in words}
    if len(values) > FEW and len(values) > SHARE * len(cells):
        return None
    return BINARY if len(values) == 2 else CATEGORY


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
