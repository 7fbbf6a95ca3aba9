"""Files of tables → frames.

Input: a path. Output: a frame of pandas with named columns, or a TableError that says why not.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netspec.data.tables.cells import MISSING

if TYPE_CHECKING:
    import pandas as pd


class TableError(Exception):
    """An error of a table; the message is one line."""


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
    options |= {"keep_default_na": False, "na_values": [*MISSING]}
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
