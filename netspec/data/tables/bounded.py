"""Files of tables within bounds: how much they hold once they are unpacked, and how many columns they have.

A file of some kilobytes may unpack to terabytes. What a file says of itself is looked at first, and what it unpacks to
is counted while it is read.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

OPEN: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
ALWAYS = 2**28  # bytes that a table may hold, however little `memory` allows
UNPACKED = 4  # what is packed may hold a part of that alone: it costs who wrote it nothing
MOST_TIMES = 200  # the size of a file that it may unpack to, beyond ALWAYS: tables take a hundredth at best
CELL = 8  # bytes that a cell takes once it is read, however few it has in the file
MOST_COLUMNS = 100_000
LONGEST_LINE = 2**26  # bytes


class TooLarge(Exception):
    """Why a table is not read; the message is the end of a sentence."""


def limit(memory: int | None) -> int:
    """The bytes that a table may hold: those of `memory`, but as many as any machine has at least."""
    return 2**63 if memory is None else max(memory, ALWAYS)


def refuse_columns(count: int) -> None:
    """Refuse more columns than a table has.

    Raises:
        TooLarge: there are more.
    """
    if count > MOST_COLUMNS:
        raise TooLarge(f"has {count:,} columns, more than {MOST_COLUMNS:,}; Arrays takes numbers as one array")


def refuse_bytes(count: int, most: int) -> None:
    """Refuse more bytes than a table may hold.

    Raises:
        TooLarge: there are more.
    """
    if count > most:
        raise TooLarge(f"holds more than the {most:,} bytes that `memory` allows")


def refuse_first_line(file: IO[bytes], separator: str) -> None:
    """Refuse a first line that no table has, or that has more columns, which pandas would take minutes to name.

    Raises:
        TooLarge: it is longer.
    """
    line = file.readline(LONGEST_LINE + 1)
    if len(line) > LONGEST_LINE:
        raise TooLarge(f"is no table: its first line has more than {LONGEST_LINE:,} bytes")
    refuse_columns(line.count(separator.encode()) + 1)


@dataclass(frozen=True)
class Bound:
    """The bytes that a table may hold.

    Args:
        most: of them.
        packed: bytes of the file, where it is this that bounds them; 0: `memory` does.
    """

    most: int
    packed: int = 0

    def refuse(self, count: int) -> None:
        """Refuse more.

        Raises:
            TooLarge: there are more.
        """
        if count > self.most and self.packed:
            what = f"has {self.packed:,} bytes and unpacks to more than {self.most:,}"
            raise TooLarge(f"{what}, over {MOST_TIMES} times its size; where it is right, store it uncompressed")
        refuse_bytes(count, self.most)


def bound_of(path: Path, most: int, share: int = UNPACKED) -> Bound:
    """What a file may hold by its size, and by its share of the bytes that any may hold."""
    size, always = path.stat().st_size, min(ALWAYS, most)
    told, held = max(always, MOST_TIMES * size), max(most // share, always)
    return Bound(told, size) if told < held else Bound(held)


class _Counted(io.RawIOBase):
    """A file of which no more than some bytes are read, nor more cells than these hold."""

    def __init__(self, file: IO[bytes], bound: Bound, separator: str) -> None:
        self._file, self._bound, self._separator = file, bound, separator.encode()
        self._seen = self._cells = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found = self._file.read(len(buffer))
        buffer[: len(found)] = found
        self._seen += len(found)
        self._cells += found.count(self._separator) + found.count(b"\n") if self._separator else 0
        self._bound.refuse(max(self._seen, CELL * self._cells))
        return len(found)

    def close(self) -> None:
        self._file.close()
        super().close()


def open_bounded(path: Path, most: int, separator: str = "") -> IO[bytes]:
    """A file, unpacked where its suffix says that it is packed.

    Args:
        path: of the file.
        most: bytes that it may hold; of more TooLarge is raised where they are read.
        separator: of the cells of a text, which are counted too where it is packed.

    Raises:
        TooLarge: it is larger.
        ValueError: a .zip file holds none or several.
    """
    suffix = path.suffix.lower()
    if suffix == ".zip":
        archive = zipfile.ZipFile(path)
        names = [name for name in archive.namelist() if not name.endswith("/")]
        if len(names) != 1:
            raise ValueError(f"the .zip file holds {len(names)} files, not one")
        opened: IO[bytes] = archive.open(names[0])
    elif suffix in OPEN:
        opened = OPEN[suffix](path, "rb")
    else:
        refuse_bytes(path.stat().st_size, most)
        return path.open("rb")
    return cast(IO[bytes], io.BufferedReader(_Counted(opened, bound_of(path, most), separator), 2**20))


def refuse_parquet(path: Path, most: int) -> None:
    """Refuse a Parquet file by its footer: what its columns take once they are decoded, and each cell as a number.

    Raises:
        TooLarge: it holds more.
    """
    import pyarrow.parquet as parquet

    if path.is_dir():
        return
    footer = parquet.read_metadata(path)
    refuse_columns(footer.num_columns)
    told = sum(footer.row_group(index).total_byte_size for index in range(footer.num_row_groups))
    bound_of(path, most, 1).refuse(max(told, CELL * footer.num_rows * footer.num_columns))


def refuse_wide(path: Path) -> None:
    """Refuse a file of another library's format, by its suffix, that has more columns than a table has.

    Raises:
        TooLarge: it has.
    """
    import pyarrow as arrow

    if path.suffix == ".arrow":
        with arrow.memory_map(str(path)) as source:
            try:
                schema = arrow.ipc.open_stream(source).schema
            except arrow.ArrowInvalid:
                source.seek(0)
                try:
                    schema = arrow.ipc.open_file(source).schema
                except arrow.ArrowInvalid:  # damaged, which reading it says
                    return
            refuse_columns(len(schema))
    elif path.suffix in (".csv", ".jsonl"):
        with path.open("rb") as file:
            refuse_first_line(file, "," if path.suffix == ".csv" else '":')


def refuse_arrow(path: Path, most: int) -> None:
    """Refuse an Arrow file by what its batches take, one after the other.

    Raises:
        TooLarge: they take more.
    """
    import pyarrow as arrow
    from pyarrow import dataset

    bound = bound_of(path, most, 1)
    with arrow.memory_map(str(path)) as source:
        try:
            batches = arrow.ipc.open_file(source)
        except arrow.ArrowInvalid:  # of another version, or damaged, which reading it says
            return
        refuse_columns(len(batches.schema))
        rows = dataset.dataset(str(path), format="feather").count_rows()  # of which nothing is unpacked
        bound.refuse(CELL * rows * len(batches.schema))
        held = 0
        for index in range(batches.num_record_batches):
            held += batches.get_batch(index).nbytes
            bound.refuse(held)
