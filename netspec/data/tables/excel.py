"""Workbooks of Excel, .xlsx → frames: the first sheet, row by row, with the names in its first row.

A workbook is a zip archive of XML. What it says of its own sizes is looked at before anything of it is unpacked, and
rows and cells are counted while they are read, so that a hostile one costs no more than the limits here.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

MOST_UNPACKED = 1_000_000_000  # bytes of all files in a workbook
MOST_TEXTS = 100_000_000  # bytes of its table of texts, which is held in memory as a whole
MOST_TIMES = 200  # the size of a file in it that it may unpack to, beyond ALWAYS: sheets of numbers take a tenth
ALWAYS = 20_000_000
MOST_CELLS = 10_000_000
MOST_ROWS = 1_048_576  # Excel's own
_LOOKED_AT = 4096  # bytes of a file, in which a document type would stand


def read_excel(path: Path) -> pd.DataFrame:
    """The first sheet of a workbook.

    Args:
        path: the file.

    Raises:
        ValueError: it is damaged, larger than the limits, or its first row holds no names; one line.
        ImportError: openpyxl is not installed.
    """
    import openpyxl
    import pandas as pd

    _refuse_bombs(path)
    with path.open("rb") as file:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        try:
            sheets = [sheet for sheet in book.worksheets if hasattr(sheet, "reset_dimensions")]
            if not sheets:
                raise ValueError("it has no sheet of cells")
            sheets[0].reset_dimensions()  # what it says of its size need not be so
            rows = _rows(sheets[0])
        finally:
            book.close()
    if not rows:
        raise pd.errors.EmptyDataError
    names, *rest = rows
    while names and names[-1] is None:
        names = names[:-1]
    if not names or not all(isinstance(name, str) and name.strip() for name in names):
        bad = next((index for index, name in enumerate(names) if not isinstance(name, str) or not name.strip()), 0)
        raise ValueError(f"row 1 holds the names of the columns, and its cell {bad + 1} holds none")
    width = len(names)
    for number, row in enumerate(rest, 2):
        if any(cell is not None for cell in row[width:]):
            raise ValueError(f"row {number} has more cells than row 1 has names")
    return pd.DataFrame([(*row[:width], *(None,) * (width - len(row))) for row in rest], columns=list(names))


def _refuse_bombs(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            unpacked = sum(entry.file_size for entry in entries)
            if unpacked > MOST_UNPACKED:
                raise ValueError(f"it unpacks to {unpacked:,} bytes, more than {MOST_UNPACKED:,}")
            for entry in entries:
                if entry.file_size > max(MOST_TIMES * entry.compress_size, ALWAYS):
                    raise ValueError(f"{entry.filename} in it unpacks to more than {MOST_TIMES} times its size")
                if entry.filename.lower().endswith("sharedstrings.xml") and entry.file_size > MOST_TEXTS:
                    raise ValueError(f"its texts unpack to {entry.file_size:,} bytes, more than {MOST_TEXTS:,}")
                if not entry.is_dir():
                    with archive.open(entry) as file:
                        if b"<!DOCTYPE" in file.read(_LOOKED_AT).upper():
                            raise ValueError(f"{entry.filename} in it has a document type, which no workbook has")
    except zipfile.BadZipFile:
        raise ValueError("it is no workbook of Excel (.xlsx)") from None


def _rows(sheet: Any) -> list[tuple[Any, ...]]:
    """The rows that are not empty, at most so many cells."""
    found, cells = list[tuple[Any, ...]](), 0
    for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
        cells += len(row)
        if cells > MOST_CELLS or number > MOST_ROWS:
            raise ValueError(f"it has more than {MOST_CELLS:,} cells or {MOST_ROWS:,} rows")
        if any(cell is not None for cell in row):
            found.append(tuple(row))
    return found
