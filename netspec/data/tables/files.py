"""Files of tables → frames.

Input: a path. Output: a frame of pandas with named columns, or a TableError that says why not.
"""

from __future__ import annotations

import io
import json
import warnings
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netspec.data.tables.bounded import (
    CELL,
    OPEN,
    TooLarge,
    bound_of,
    limit,
    open_bounded,
    refuse_arrow,
    refuse_columns,
    refuse_first_line,
    refuse_parquet,
)
from netspec.data.tables.cells import MISSING

if TYPE_CHECKING:
    import pandas as pd

AT_ONCE = 2**20  # cells of JSON lines that become a part of a frame together
LONGEST_OBJECT = 2**24  # characters


class TableError(Exception):
    """An error of a table; the message is one line."""


def other_format(name: str) -> str | None:
    """The format of a file that is not text with separators, by its suffix; None where it is."""
    return next((each.title for suffix, each in _FORMATS.items() if _stem(name).endswith(suffix)), None)


def written_separator(value: object) -> str | None:
    """The separator that a spec writes; None: the suffix tells it."""
    return None if value is None else str(value)


def usual_separator(name: str) -> str:
    """What stands between the values of a text file, by its name."""
    return "\t" if _stem(name).endswith(".tsv") else ","


def _stem(name: str) -> str:
    """A file's name in lower case, without the suffix of its compression."""
    name = name.lower()
    return next((name.removesuffix(suffix) for suffix in _COMPRESSED if name.endswith(suffix)), name)


def _packed(path: Path) -> bool:
    return _stem(path.name) != path.name.lower()


def read_table(
    path: Path,
    header: Any = None,
    separator: str | None = None,
    known: Collection[str] = (),
    memory: int | None = None,
) -> pd.DataFrame:
    """A table; without a header its columns are named `0`, `1` and so on.

    Args:
        path: the file; its suffix tells the format, and the compression too.
        header: whether the first row of text holds names; None: see `has_names`.
        separator: between the values of text; None: the suffix tells it.
        known: names of columns that are known beforehand.
        memory: bytes that it may hold, but some always; None: any number.

    Raises:
        TableError: it is missing, empty, too large or no table.
    """
    import pandas as pd

    title = other_format(path.name) or "CSV"
    try:
        if title == "CSV":
            frame = _read_text(path, header, separator or usual_separator(path.name), known, limit(memory))
        else:
            frame = _read_other(path, limit(memory))
    except TableError:
        raise
    except TooLarge as error:
        raise TableError(f"{path} {error}") from None
    except FileNotFoundError:
        raise TableError(f"there is no file {path}") from None
    except IsADirectoryError:
        raise TableError(f"{path} is a folder, not a file of {title}") from None
    except pd.errors.EmptyDataError:
        raise TableError(f"{path} is empty") from None
    except ImportError:
        needs = ("openpyxl", "excel") if title == "Excel" else ("pyarrow", "tables")
        raise TableError(f"{title} needs {needs[0]}: pip install 'netspec[{needs[1]}]'") from None
    except UnicodeDecodeError as error:
        what = f"byte 0x{error.object[error.start]:02x} is no text in UTF-8"
        raise TableError(f"{path} cannot be read as {title}: {what}") from None
    except (pd.errors.ParserError, UnicodeError, OSError, EOFError, ValueError) as error:
        if path.is_file() and not path.stat().st_size:
            raise TableError(f"{path} is empty") from None
        reason = (str(error).strip() or "it is damaged").splitlines()[0]
        raise TableError(f"{path} cannot be read as {title}: {reason}") from None
    except Exception as error:  # zlib, lzma and zipfile have exceptions of their own
        raise TableError(f"{path} cannot be read: {error}") from None
    if not len(frame):
        raise TableError(f"{path} has no rows")
    frame.columns = pd.Index([str(name).strip() for name in frame.columns])
    if frame.columns.has_duplicates:
        raise TableError(f"{path} has two columns named {frame.columns[frame.columns.duplicated()][0]!r}")
    return frame


def _read_text(path: Path, header: Any, separator: str, known: Collection[str], most: int) -> pd.DataFrame:
    import pandas as pd

    options: dict[str, Any] = {"sep": separator, "skipinitialspace": True, "index_col": False}
    options |= {"keep_default_na": False, "na_values": [*MISSING]}
    with open_bounded(path, most) as file:
        refuse_first_line(file, separator)
    with open_bounded(path, most) as file:
        first = pd.read_csv(file, header=None, nrows=1, dtype=str, **options)
    if header is None:
        cells = [str(cell).strip() for cell in first.iloc[0] if isinstance(cell, str)]
        header = has_names(cells, known)
    if header:  # pandas would call the second one a.1
        names = [str(cell).strip() for cell in first.iloc[0] if isinstance(cell, str)]
        counts = Counter(names)
        if len(counts) < len(names):
            raise TableError(f"{path} has two columns named {counts.most_common(1)[0][0]!r}")
    options["header"] = 0 if header else None
    found: pd.DataFrame
    if not _packed(path):  # pandas reads the file itself
        found = pd.read_csv(path, low_memory=False, **options)
        return found
    with open_bounded(path, most, separator) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore", pd.errors.DtypeWarning)
        found = pd.read_csv(file, **options)  # part by part, which takes less memory
    mixed = [name for name in found.columns if pd.api.types.is_object_dtype(found[name])]
    if mixed:  # numbers in one part, and words in another
        with open_bounded(path, most, separator) as file:
            found = pd.read_csv(file, dtype=dict.fromkeys(mixed, str), **options)
    return found


def _read_other(path: Path, most: int) -> pd.DataFrame:
    """A table that has types of its own, with the columns that its text would give."""
    import pandas as pd

    frame = next(each.read(path, most) for suffix, each in _FORMATS.items() if _stem(path.name).endswith(suffix))
    refuse_columns(frame.shape[1])
    if not isinstance(frame.index, pd.RangeIndex):
        frame = frame.reset_index(drop=True)
    for name in frame.columns[~frame.columns.duplicated()]:
        column = frame[name]
        if pd.api.types.is_float_dtype(column):
            frame[name] = column.astype(float)  # of the 32 bits of a number none is lost
        elif not pd.api.types.is_numeric_dtype(column):
            texts = _texts(column)
            frame[name] = pd.Series([None if text in MISSING else text for text in texts], dtype=object)
    return frame


def _texts(column: pd.Series) -> list[str]:
    """The cells as they would stand in a CSV file."""
    return ["" if missing else str(cell).strip() for cell, missing in zip(column, column.isna(), strict=True)]


def _json_lines(path: Path, most: int) -> pd.DataFrame:
    import pandas as pd

    names, rows, parts, count = dict[str, None](), list[Any](), list[pd.DataFrame](), 0
    bound = bound_of(path, most)
    with open_bounded(path, most, ":") as file:  # what holds too much is known before objects are made of it
        while _packed(path) and file.read(2**20):
            pass
    with open_bounded(path, most) as file, io.TextIOWrapper(file, encoding="utf-8-sig") as lines:
        for number, line in enumerate(iter(partial(lines.readline, LONGEST_OBJECT + 1), ""), 1):
            if len(line) > LONGEST_OBJECT:
                raise TooLarge(f"has more than {LONGEST_OBJECT:,} characters in line {number}, more than a row has")
            try:
                row = json.loads(line) if line.strip() else None
            except (ValueError, RecursionError) as error:
                raise ValueError(f"line {number}: {error}") from None
            if row is None:
                continue
            if not isinstance(row, dict):
                raise ValueError(f'line {number} is no object, as {{"size": 3}}')
            names |= dict.fromkeys(row)
            count += 1
            refuse_columns(len(names))
            if CELL * count * len(names) > bound.most:
                what = f"has {len(names):,} different keys in {count:,} lines, which make a table of"
                raise TooLarge(f"{what} more than {bound.most:,} bytes; Arrays takes numbers as one array")
            rows.append(row)
            if len(rows) * len(names) >= AT_ONCE:
                parts.append(_frame_of(rows))
                rows.clear()
    parts += [_frame_of(rows)] if rows or not parts else []
    return (pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]).reindex(columns=[*names])


def _frame_of(rows: list[Any]) -> pd.DataFrame:
    """Objects as a frame, without the columns in which none has a value: another part may say what they hold."""
    import pandas as pd

    return pd.DataFrame(rows).dropna(axis=1, how="all")


def _parquet(path: Path, most: int) -> pd.DataFrame:
    import pandas as pd

    refuse_parquet(path, most)
    return pd.read_parquet(path, engine="pyarrow")


def _feather(path: Path, most: int) -> pd.DataFrame:
    import pandas as pd

    refuse_arrow(path, most)
    return pd.read_feather(path)


def _excel(path: Path, most: int) -> pd.DataFrame:
    from netspec.data.tables.excel import read_excel

    return read_excel(path)


@dataclass(frozen=True)
class _Format:
    """A format: its name, and the function that reads a file of it."""

    title: str
    read: Callable[[Path, int], pd.DataFrame]


_COMPRESSED = (*OPEN, ".zip")
_FORMATS = {
    ".jsonl": _Format("JSON lines", _json_lines),
    ".ndjson": _Format("JSON lines", _json_lines),
    ".parquet": _Format("Parquet", _parquet),
    ".feather": _Format("Arrow", _feather),
    ".arrow": _Format("Arrow", _feather),
    ".xlsx": _Format("Excel", _excel),
}
TABLES = (
    *(f"{kind}{packed}" for kind in (".csv", ".tsv", ".jsonl", ".ndjson") for packed in ("", *_COMPRESSED)),
    *(".parquet", ".feather", ".arrow", ".xlsx"),
)


def text_rows(path: Path) -> Iterator[list[str]]:
    """The rows of a table of another format as those of a CSV file, the first with the names; an empty cell is "".

    Args:
        path: the file, which is read as a whole.

    Raises:
        TableError: as of `read_table`.
    """
    frame = read_table(path)
    yield [str(name) for name in frame.columns]
    yield from map(list, zip(*(_texts(frame[name]) for name in frame.columns), strict=True))


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
