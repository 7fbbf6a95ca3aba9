"""Raw numbers of a table → what the network takes: Columns are fitted to the training part, then encode all parts.

Input: Columns of each input, raw numbers [N, columns]. Output: fitted Columns, float32 [N, width]; Columns as JSON.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import torch

from netspec.data.tables.columns import ONE, Column
from netspec.language.sections.table_keys import BINARY, DATE

Columns = tuple[Column, ...]
MOST_SECONDS = 1e12  # from 1970 to a year of five digits


def fit(columns: Columns, raw: torch.Tensor) -> Columns:
    """The columns with what they take from the training part.

    Args:
        columns: of one input.
        raw: float64 [N, columns], of the training part.

    Raises:
        CellError: a column has nothing to take.
    """
    numbers = raw.numpy()
    return tuple(column.fitted(numbers[:, index]) for index, column in enumerate(columns))


def encode(columns: Columns, raw: torch.Tensor) -> torch.Tensor:
    """The numbers for one of the network's inputs.

    Args:
        columns: of the input, fitted.
        raw: float64 [N, columns].

    Returns:
        float32 [N, width].
    """
    if all(column.plain for column in columns):
        return raw.float()
    numbers = raw.numpy()
    found = torch.empty(len(raw), width(columns))
    start = 0
    for index, column in enumerate(columns):
        found[:, start : start + column.width] = torch.from_numpy(column.encoded(numbers[:, index]))
        start += column.width
    return found


def width(columns: Iterable[Column]) -> int:
    """How many numbers a row of these columns becomes."""
    return sum(column.width for column in columns)


def arithmetic(columns: Columns) -> str:
    """`3 numbers + 4 values of Embarked = 7`; the width alone where the columns are numbers."""
    numbers = [column for column in columns if column.counted == ONE]
    if len(numbers) == len(columns):
        return str(len(columns))
    terms = [f"{len(numbers)} number{'s' * (len(numbers) != 1)}"] if numbers else []
    terms += [column.counted for column in columns if column.counted != ONE]
    return f"{' + '.join(terms)} = {width(columns)}"


def to_json(encodings: Iterable[Columns]) -> list[list[dict[str, Any]]]:
    """The columns of each input for run.json; empty where all of them enter as they are."""
    encodings = tuple(encodings)
    if all(column.plain for columns in encodings for column in columns):
        return []
    return [[asdict(column) for column in columns] for columns in encodings]


def from_json(content: Iterable[Iterable[dict[str, Any]]]) -> tuple[Columns, ...]:
    """The columns that `to_json` has written; the schema of run.json has checked their types.

    Raises:
        ValueError: a column is none that can have been fitted.
    """
    return tuple(tuple(map(_column, columns)) for columns in content)


def _column(values: dict[str, Any]) -> Column:
    tuples: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    column = Column(**tuples)
    scaled = len(column.shift) == len(column.scale) == (column.width if column.scale else 0) and all(column.scale)
    dated = column.kind != DATE or abs(column.fill or 0) < MOST_SECONDS
    known = set(column.unseen) <= set(column.values)
    if not scaled or not dated or not known or (column.kind == BINARY and len(column.values) != 2):
        raise ValueError(f"column {column.name!r} was never fitted so")
    return column
