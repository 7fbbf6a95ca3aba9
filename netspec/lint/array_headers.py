"""The headers of .npy, .npz and .safetensors files → names, shapes and dtypes of their arrays, without reading these.

Input: a path. Output: ArrayHeaders by name; nothing of a file that is missing or damaged, which loading reports. No
more than some kilobytes of a file are read, whatever it says of itself.
"""

from __future__ import annotations

import ast
import json
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

LONGEST_NPY = 10_000  # bytes of a header, as NumPy itself has it
LONGEST_SAFETENSORS = 4_000_000
MOST_ARRAYS = 1_000
DAMAGED = (OSError, ValueError, TypeError, SyntaxError, KeyError, AttributeError, struct.error, zipfile.BadZipFile,
            zlib.error, NotImplementedError, RuntimeError, EOFError, MemoryError)  # fmt: skip
_DTYPES = {"F64": "f8", "F32": "f4", "F16": "f2", "BF16": "f2", "U8": "u1", "BOOL": "b1"}


class ArrayHeader(NamedTuple):
    """An array: its shape, and its dtype as NumPy writes it, without byte order: `f4`, `u1`."""

    shape: tuple[int, ...]
    dtype: str


def array_headers(path: Path) -> dict[str, ArrayHeader]:
    """The arrays of a file, or of the .npy files of a folder; empty where it is none.

    Args:
        path: of the file or folder.
    """
    try:
        return dict(_headers(path))
    except DAMAGED:
        return {}  # loading says what is wrong with it


def _headers(path: Path) -> Iterator[tuple[str, ArrayHeader]]:
    suffix = path.suffix.lower()
    if path.is_dir():
        for file in sorted(path.glob("*.npy"))[:MOST_ARRAYS]:
            with file.open("rb") as opened:
                yield file.stem, npy_header(opened)
    elif suffix == ".npz" and path.is_file():
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist()[:MOST_ARRAYS]:
                with archive.open(name) as member:
                    yield name.removesuffix(".npy"), npy_header(member)
    elif suffix == ".safetensors" and path.is_file():
        with path.open("rb") as opened:
            (length,) = struct.unpack("<Q", opened.read(8))
            content = json.loads(opened.read(length)) if length <= LONGEST_SAFETENSORS else {}
        for name, entry in content.items():
            if name != "__metadata__":
                yield str(name), _header(entry["shape"], _DTYPES.get(entry["dtype"], "i8"))


def npy_header(file: IO[bytes]) -> ArrayHeader:
    """The header of a .npy file: a magic word, the version, a length, and a literal of Python.

    https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
    """
    magic = file.read(8)
    if magic[:6] != b"\x93NUMPY":
        raise ValueError("no .npy file")
    (length,) = struct.unpack("<H", file.read(2)) if magic[6] == 1 else struct.unpack("<I", file.read(4))
    if length > LONGEST_NPY:
        raise ValueError("no header is so long")
    content = ast.literal_eval(file.read(length).decode("latin1" if magic[6] < 3 else "utf-8"))
    return _header(content["shape"], str(content["descr"])[1:])


def _header(shape: object, dtype: str) -> ArrayHeader:
    sizes = tuple(shape) if isinstance(shape, list | tuple) else (-1,)
    if not all(isinstance(size, int) and size >= 0 for size in sizes):
        raise ValueError("no shape")
    return ArrayHeader(sizes, dtype)
