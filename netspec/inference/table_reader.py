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
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

import torch

from netspec.core.names import closest, did_you_mean
from netspec.data.tables.cells import CellError, as_number
from netspec.data.tables.columns import Column
from netspec.data.tables.encoding import Columns, encode
from netspec.data.tables.files import TABLES, TableError, has_names, other_format, text_rows, usual_separator
from netspec.inference.readers import STDIN, Labels, Sample, expand
from netspec.inference.results import Fault
from netspec.runtime.diagnostics import counted

MOST_FAULTS = 20  # rows of a file that are named
_OPEN: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
AT_ONCE = 256  # rows that are encoded together


@dataclass(frozen=True)
class Row:
    """A row as it was read.

    Args:
        file: that it is in.
        number: of the row, counted from 1.
        values: the raw numbers of the run's columns.
        target: where it is to be scored.
    """

    file: str
    number: int
    values: list[float]
    target: float | None


@dataclass(frozen=True)
class TableReader:
    """Reads tables as the run's table was read.

    Args:
        columns: the names of the run's features; empty where they have none.
        shapes: of a sample, for each input; a row holds the numbers of one input after the other.
        separator: stands between the values of text; None: the suffix of a file tells it.
        labels: for the target's column; None: the rows need no targets.
        encodings: how the columns of each input become its numbers; empty where they enter as they are.
    """

    columns: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    separator: str | None
    labels: Labels | None = None
    encodings: tuple[Columns, ...] = ()

    def samples(self, paths: Iterable[str]) -> Iterator[Sample | Fault]:
        """The rows of files, of folders of them, or of standard input; some are encoded at a time."""
        rows = chain.from_iterable(map(self._file, expand(paths, TABLES, "table (*.csv, *.parquet, …)")))
        while chunk := list(islice(rows, AT_ONCE)):
            good = [row for row in chunk if isinstance(row, Row)]
            inputs = iter(zip(*self._inputs([row.values for row in good]), strict=True) if good else ())
            for row in chunk:
                yield row if isinstance(row, Fault) else Sample(row.file, row.number, next(inputs), row.target)

    def _inputs(self, rows: list[list[float]]) -> list[torch.Tensor]:
        """The numbers of rows as the inputs take them: [N, *input] each."""
        raw = torch.tensor(rows, dtype=torch.float64)  # [N, columns]
        if self.encodings:
            parts = torch.split(raw, [len(columns) for columns in self.encodings], 1)
            return [encode(columns, part) for columns, part in zip(self.encodings, parts, strict=True)]
        parts = torch.split(raw.float(), [math.prod(shape) for shape in self.shapes], 1)
        return [part.reshape(-1, *shape) for part, shape in zip(parts, self.shapes, strict=True)]

    def _file(self, file: str | Fault) -> Iterator[Row | Fault]:
        if isinstance(file, Fault):
            yield file
            return
        try:
            if other_format(file):
                yield from self._rows(file, text_rows(Path(file)), named=True)
                return
            with _opened(file) as lines:
                separator = self.separator or usual_separator(file)
                rows = (row for row in csv.reader(lines, delimiter=separator, skipinitialspace=True) if row)
                yield from self._rows(file, rows)
        except TableError as error:
            yield Fault(file, None, f": {error}", unreadable=not Path(file).exists())
        except FileNotFoundError:
            yield Fault(file, None, "no such file", unreadable=True)
        except (csv.Error, UnicodeError, OSError, EOFError, ValueError, lzma.LZMAError, zipfile.BadZipFile) as error:
            yield Fault(file, None, f"cannot be read as CSV: {str(error).strip().splitlines()[0]}")

    def _rows(self, file: str, rows: Iterator[list[str]], *, named: bool = False) -> Iterator[Row | Fault]:
        """The rows of a file; where it is not text the first is known to hold the names."""
        first = next(rows, None)
        if first is None:
            yield Fault(file, None, "is empty")
            return
        cells = [cell.strip() for cell in first]
        header = named or self._has_names(cells)
        names = cells if header else [str(index) for index in range(len(cells))]
        chosen = self._columns(names) if self.labels is None else self._columns_with(self.labels.column, names)
        if isinstance(chosen, str):
            yield Fault(file, None, chosen)
            return
        used = chosen if self.labels is None else chosen[:-1]
        features = [*zip(used, self._encoded or [Column(names[index]) for index in used], strict=True)]
        number, faults = 0, 0
        for number, row in enumerate(rows if header else chain([first], rows), 1):
            values = self._values(row, names, features, first=number == 1)
            target = None
            if isinstance(values, list) and self.labels is not None:
                target = self._target(row[chosen[-1]].strip(), names[chosen[-1]])
                values = target if isinstance(target, str) else values
            if isinstance(values, list):
                yield Row(file, number, values, target if isinstance(target, float) else None)
                continue
            faults += 1
            if faults <= MOST_FAULTS:
                yield Fault(file, number, values)
        if faults > MOST_FAULTS:
            yield Fault(file, None, f"{counted(faults - MOST_FAULTS, 'more row')} cannot be used")
        if not number:
            yield Fault(file, None, "has no rows")

    @property
    def _encoded(self) -> list[Column]:
        return [*chain.from_iterable(self.encodings)]

    def _has_names(self, cells: list[str]) -> bool:
        """Whether a first row holds names: those of the run, or no number and no value that the run knows."""
        if set(self.columns) <= set(cells) and self.columns:
            return has_names(cells, self.columns)
        known = any(column.knows(cell) for column, cell in zip(self._encoded, cells, strict=False))
        return not known and has_names([cell for cell in cells if cell], self.columns)

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

    def _values(
        self, row: list[str], names: Sequence[str], features: list[tuple[int, Column]], *, first: bool
    ) -> list[float] | str:
        """A row's raw numbers in the run's order, or what is wrong with it."""
        if len(row) < len(names) or any(row[len(names) :]):  # separators at the end of a line are no columns
            return f" has {counted(len(row), 'column')}, the first has {len(names)}"
        values: list[float] = []
        for index, column in features:
            cell = row[index].strip()
            try:
                value = column.read(cell)
            except CellError as error:
                hint = "; write a number there, or name the columns in row 1 as the run does" if first else ""
                return f", column {names[index]!r} holds {cell[:40]!r}, {error}{hint}"
            if math.isnan(value) and column.fill is None:
                return f", column {names[index]!r} has no value"
            values.append(value)
        return values

    def _target(self, cell: str, name: str) -> float | str:
        """The target that a cell tells, or what is wrong with it."""
        assert self.labels is not None
        value = self.labels.read(cell, as_number(cell)) if cell else ""
        if isinstance(value, float):
            return value
        return f", column {name!r} " + (f"holds {cell[:40]!r}{value}" if cell else "has no value")


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
