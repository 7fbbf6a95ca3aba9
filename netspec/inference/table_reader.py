"""Samples from CSV files, row by row: a file may be of any length, and a bad row spoils no other.

Input: paths. Output: Samples, and a Fault for each file or row that cannot be used.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import math
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Any

import torch

from netspec.core.names import closest, did_you_mean
from netspec.data.csv_table import has_names
from netspec.inference.readers import STDIN, TABLES, Labels, Sample, expand
from netspec.inference.results import Fault
from netspec.runtime.diagnostics import counted

MOST_FAULTS = 20  # rows of a file that are named
_OPEN: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_TRUTHS = {"true": 1.0, "false": 0.0}


@dataclass(frozen=True)
class TableReader:
    """Reads tables as the run's table was read.

    Args:
        columns: the names of the run's features; empty where they have none.
        shapes: of a sample, for each input; a row holds the numbers of one input after the other.
        separator: stands between the values.
        labels: for the target's column; None: the rows need no targets.
    """

    columns: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    separator: str
    labels: Labels | None = None

    def samples(self, paths: Iterable[str]) -> Iterator[Sample | Fault]:
        """The rows of files, of folders of them, or of standard input."""
        for file in expand(paths, TABLES, "table (*.csv)"):
            if isinstance(file, Fault):
                yield file
                continue
            try:
                with _opened(file) as lines:
                    yield from self._rows(file, lines)
            except FileNotFoundError:
                yield Fault(file, None, "no such file", unreadable=True)
            except (
                csv.Error,
                UnicodeError,
                OSError,
                EOFError,
                ValueError,
                lzma.LZMAError,
                zipfile.BadZipFile,
            ) as error:
                yield Fault(file, None, f"cannot be read as CSV: {str(error).strip().splitlines()[0]}")

    def _rows(self, file: str, lines: IO[str]) -> Iterator[Sample | Fault]:
        rows = (row for row in csv.reader(lines, delimiter=self.separator, skipinitialspace=True) if row)
        first = next(rows, None)
        if first is None:
            yield Fault(file, None, "is empty")
            return
        cells = [cell.strip() for cell in first]
        header = has_names([cell for cell in cells if cell], self.columns)
        names = cells if header else [str(index) for index in range(len(cells))]
        chosen = self._columns(names) if self.labels is None else self._columns_with(self.labels.column, names)
        if isinstance(chosen, str):
            yield Fault(file, None, chosen)
            return
        number, faults = 0, 0
        for number, row in enumerate(rows if header else chain([first], rows), 1):
            values = self._values(row, names, chosen, first=number == 1)
            if isinstance(values, list):
                target = values.pop() if self.labels is not None else None
                sizes = [math.prod(shape) for shape in self.shapes]
                parts = torch.split(torch.tensor(values), sizes)
                x = tuple(part.reshape(shape) for part, shape in zip(parts, self.shapes, strict=True))
                yield Sample(file, number, x, target)
                continue
            faults += 1
            if faults <= MOST_FAULTS:
                yield Fault(file, number, values)
        if faults > MOST_FAULTS:
            yield Fault(file, None, f"{counted(faults - MOST_FAULTS, 'more row')} cannot be used")
        if not number:
            yield Fault(file, None, "has no rows")

    def _columns(self, names: Sequence[str]) -> list[int] | str:
        """The indexes of the run's columns in a table, by name, else by position; or what is wrong with the table."""
        if self.columns and set(self.columns) <= set(names):  # other columns, the target for example, are not used
            return [names.index(name) for name in self.columns]
        wanted = len(self.columns) or sum(math.prod(shape) for shape in self.shapes)
        if len(names) == wanted:
            return list(range(wanted))
        shown = ", ".join(self.columns[:12]) + (", …" if len(self.columns) > 12 else "")
        return (
            f"it has {counted(len(names), 'column')}, the run was trained on {wanted}{': ' if shown else ''}{shown}; "
            "give the file those columns, in that order or named in its first row"
        )

    def _columns_with(self, target: str, names: Sequence[str]) -> list[int] | str:
        """The indexes of the run's columns and, last, its target; by position where the run's table had no names."""
        wanted = [*self.columns, target]
        if all(name.isdecimal() for name in wanted) and max(map(int, wanted)) < len(names):
            return [int(name) for name in wanted]
        missing = [name for name in wanted if name not in names]
        if not missing:
            return [names.index(name) for name in wanted]
        if missing == [target]:
            near = did_you_mean(closest(target, [name for name in names if name not in self.columns]))
            return f"it has no column {target!r}, the run's target, to be scored by{near}"
        shown = ", ".join(missing[:12]) + (", …" if len(missing) > 12 else "")
        return f"it has {counted(len(names), 'column')} and lacks {shown}; name the run's columns in its first row"

    def _values(self, row: list[str], names: Sequence[str], chosen: list[int], *, first: bool) -> list[float] | str:
        """A row's numbers in the run's order, the target last where there is one, or what is wrong with it."""
        if len(row) < len(names) or any(row[len(names) :]):  # separators at the end of a line are no columns
            return f" has {counted(len(row), 'column')}, the first has {len(names)}"
        values: list[float] = []
        for index in chosen:
            cell = row[index].strip()
            value: float | str = _number(cell)
            if self.labels is not None and len(values) == len(chosen) - 1:
                value = self.labels.read(cell, _number(cell)) if cell else ""
            elif not math.isfinite(_number(cell)):
                value = ", which is no finite number" if cell else ""
                if first and cell:
                    value += "; write a number there, or name the columns in row 1 as the run does"
            if isinstance(value, str):
                return f", column {names[index]!r} " + (f"holds {cell[:40]!r}{value}" if cell else "has no value")
            values.append(value)
        return values


def _number(cell: str) -> float:
    """A cell as a number; NaN where it is none."""
    try:
        return _TRUTHS[cell.lower()] if cell.lower() in _TRUTHS else float(cell if "_" not in cell else "")
    except ValueError:
        return math.nan


@contextmanager
def _opened(file: str) -> Iterator[IO[str]]:
    """The text of a table; its compression is known by its ending."""
    options: dict[str, Any] = {"encoding": "utf-8-sig", "newline": ""}
    if file == STDIN:
        text = io.TextIOWrapper(sys.stdin.buffer, **options)
        yield text
        text.detach()  # else standard input is closed with it
    elif file.lower().endswith(".zip"):
        with zipfile.ZipFile(file) as archive:
            if len(archive.namelist()) != 1:
                raise ValueError("the archive holds more than one file")
            with archive.open(archive.namelist()[0]) as inner:
                yield io.TextIOWrapper(inner, **options)
    else:
        with _OPEN.get(Path(file).suffix.lower(), open)(file, "rt", **options) as text:
            yield text
