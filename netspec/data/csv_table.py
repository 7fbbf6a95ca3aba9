"""CSV files, also compressed → LoadedData; errors name the row (from 1, without the header) and column of a cell."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from netspec.core.files import PathRefused, resolve
from netspec.core.tree import Node, Scalar, Sequence, describe
from netspec.data.split import LoadedData, LoadRequest, Target, all_of, by_input, by_output, items, own_arguments
from netspec.language.sections.datasets import CSV_KEYS
from netspec.runtime.diagnostics import spec_error, unknown_name

if TYPE_CHECKING:
    import pandas as pd


class TableError(Exception):
    """An error of a table; the message is one line."""


def load(request: LoadRequest) -> LoadedData:
    """`{CSV: {path: rows.csv, target: -1}}`; the words of a target column are class names, in alphabetical order.

    For several inputs, or outputs, `columns` and `target` hold the columns of each, by its name.
    """
    if isinstance(request.arguments, Scalar) and request.arguments.value is not None:
        node, values = request.arguments, {}
    else:
        values = own_arguments(request, *(key.name for key in CSV_KEYS))
        found = request.argument("path")
        if not isinstance(found, Scalar):
            raise spec_error("NS203", "CSV needs path, the file", found or request.name)
        node = found
    try:
        path = resolve(node, request.folder)
    except PathRefused as refused:
        raise spec_error("NS601", str(refused), node) from None
    try:
        frame = read_table(path, values.get("header"), str(values.get("separator", ",")))
        names = [str(name) for name in frame.columns]
        by_name = by_output(request.argument("target"))
        wanted = [(output, _columns(part, names, request)) for output, part in by_name] or [(None, names[-1])]
        target_names = {name for _, one in wanted for name in ([one] if isinstance(one, str) else one)}
        columns = [[name for name in names if name not in target_names]]
        if "columns" in values:
            written = request.argument("columns") or node
            parts = by_input(written, request)
            columns = [[_column(request.evaluate(item), names, item) for item in items(part)] for _, part in parts]
            for name in (name for part in columns for name in part if name in target_names):
                raise spec_error("NS601", f"the target {name} stands among the columns too", written)
        if not all(columns):
            raise TableError(f"{path} has no column but the target")
        inputs = tuple(numbers(frame[part], "if row 1 holds names, say header: true") for part in columns)
        labels, targets = zip(*(_target(frame, output, one) for output, one in wanted), strict=True)
    except TableError as error:
        raise spec_error("NS601", str(error), node) from None
    features = tuple(name for part in columns for name in part)
    return LoadedData(all_of(inputs, labels), targets=targets, columns=features)


def _columns(node: Node, names: list[str], request: LoadRequest) -> str | list[str]:
    """A column, or a list of them."""
    if isinstance(node, Sequence):
        return [_column(request.evaluate(item), names, item) for item in node.items]
    return _column(request.evaluate(node), names, node)


def _target(frame: pd.DataFrame, output: str | None, columns: str | list[str]) -> tuple[torch.Tensor, Target]:
    """The targets of an output: [rows] of one column, [rows, columns] of a list."""
    if isinstance(columns, str):
        values, classes = _target_column(frame, columns)
        return values, Target(output, classes, columns)
    return numbers(frame[columns]), Target(output, (), columns[0] if len(columns) == 1 else None)


def read_table(path: Path, header: Any = None, separator: str = ",", known: Collection[str] = ()) -> pd.DataFrame:
    """A CSV file; without a header its columns are named `0`, `1` and so on.

    Args:
        path: the file; pandas infers its compression from the suffix.
        header: whether the first row holds names; None: see `has_names`.
        separator: between the values.
        known: names of columns that are known beforehand.

    Raises:
        TableError: it is missing, empty or no table.
    """
    import pandas as pd

    options: dict[str, Any] = {"sep": separator, "skipinitialspace": True, "index_col": False}
    try:
        first = pd.read_csv(path, header=None, nrows=1, dtype=str, **options)
        if header is None:
            cells = [str(cell).strip() for cell in first.iloc[0] if isinstance(cell, str)]
            header = has_names(cells, known)
        frame: pd.DataFrame = pd.read_csv(path, header=0 if header else None, low_memory=False, **options)
    except FileNotFoundError:
        raise TableError(f"there is no file {path}") from None
    except IsADirectoryError:
        raise TableError(f"{path} is a folder, not a CSV file") from None
    except pd.errors.EmptyDataError:
        raise TableError(f"{path} is empty") from None
    except (pd.errors.ParserError, UnicodeError, OSError, EOFError, ValueError) as error:
        raise TableError(f"{path} cannot be read as CSV: {str(error).strip().splitlines()[0]}") from None
    except Exception as error:  # zlib, lzma and zipfile have exceptions of their own
        raise TableError(f"{path} cannot be read: {error}") from None
    if not len(frame):
        raise TableError(f"{path} has no rows")
    frame.columns = pd.Index([str(name).strip() for name in frame.columns])
    return frame


def numbers(frame: pd.DataFrame, advice: str = "") -> torch.Tensor:
    """The frame as float32 [rows, columns].

    Args:
        frame: the columns to take.
        advice: for the error of a cell of the first row, which may hold names.

    Raises:
        TableError: a cell is missing, no number, or infinite.
    """
    import numpy as np
    import pandas as pd

    for name in frame.columns:
        column = frame[name]
        values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        bad = ~np.isfinite(values)
        if bad.any():
            row = int(bad.argmax())
            cell = column.iloc[row]
            missing = pd.isna(cell)
            what = "has no value" if missing else f"holds {str(cell)[:40]!r}, which is no finite number"
            also = f" (and {int(bad.sum()) - 1} more in that column)" if bad.sum() > 1 else ""
            hint = f"; {advice}" if advice and row == 0 and not missing else ""
            raise TableError(f"row {row + 1}, column {name!r} {what}{also}{hint}")
    return torch.as_tensor(frame.to_numpy(dtype="float32", copy=True))


def _target_column(frame: pd.DataFrame, name: str) -> tuple[torch.Tensor, tuple[str, ...]]:
    """A target column: numbers as int64 or float32 [rows]; words as class indexes, with the names of the classes."""
    import pandas as pd

    column = frame[name]
    words = pd.to_numeric(column, errors="coerce").isna()
    if bool(words.all()) and not column.isna().any():
        classes = sorted({str(word).strip() for word in column})
        indexes = {word: index for index, word in enumerate(classes)}
        return torch.tensor([indexes[str(word).strip()] for word in column]), tuple(classes)
    values = numbers(frame[[name]])[:, 0]
    if bool((values == values.round()).all()) and values.abs().max() < 2**24:
        return values.long(), ()
    return values, ()


def _column(wanted: object, names: list[str], node: Node) -> str:
    """The name of a column, from its name or its index; negative indexes count from the end."""
    if isinstance(wanted, str):
        if wanted not in names:
            raise unknown_name("NS601", f"the table has no column {wanted!r}", node, wanted, names)
        return wanted
    if isinstance(wanted, bool) or not isinstance(wanted, int):
        raise spec_error("NS202", f"a column is named by its name or index, not by {describe(node)}", node)
    if not -len(names) <= wanted < len(names):
        raise spec_error("NS601", f"there is no column {wanted}: the table has {len(names)}", node)
    return names[wanted]


def has_names(cells: Collection[str], known: Collection[str] = ()) -> bool:
    """Whether a table's first row holds names: all known ones, or no number; `cells` are those that are not empty."""
    if set(known) <= set(cells) and not all(map(_is_number, known)):
        return True
    return bool(cells) and not any(map(_is_number, cells))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
