"""Files that a user names: where a path in a spec leads, and their text, or one line that says why not.

Files are written whole or not at all.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from netspec.core.tree import Scalar


def write_atomically(path: Path, write: Callable[[Path], object], keep: Path | None = None) -> None:
    """Let `write` fill a new file that then takes the place of `path`: a reader finds the old one or the new, whole.

    Args:
        path: where it goes.
        write: is given the file to fill; what it raises leaves everything as it was.
        keep: where the file goes that was at `path` before.
    """
    temporary = path.with_name(f".{path.name}.writing")
    try:
        write(temporary)
        temporary.chmod(path.parent.stat().st_mode & 0o666)  # safetensors makes files that only their owner can read
        flush(temporary)
        if keep is not None and path.exists():
            path.replace(keep)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if os.name == "posix":
        flush(path.parent)


def flush(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)  # Windows flushes what may be written
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_half_written(folder: Path) -> None:
    """Remove what a process that was killed had half written."""
    for path in folder.iterdir():
        if half_written(path.name):
            path.unlink(missing_ok=True)


def half_written(name: str) -> bool:
    """Whether a file of this name is one that `write_atomically` fills."""
    return name.startswith(".") and name.endswith(".writing")


LARGEST_FILE = 8_000_000
_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


class ReadError(Exception):
    """A file that cannot be read at all; the message is one line."""


def read_text(path: str | Path) -> str:
    """The text of a UTF-8 file; `-` is standard input.

    Raises:
        ReadError: the file is missing, a directory, unreadable, too large, empty, binary or not UTF-8.
    """
    try:
        if str(path) == "-":
            if sys.stdin is None:
                raise ReadError("-: standard input is closed")
            data = sys.stdin.buffer.read(LARGEST_FILE + 1)
        else:
            with Path(path).open("rb") as file:
                data = file.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        raise ReadError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise ReadError(f"{path}: is a directory, not a spec") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ReadError(f"{path}: cannot be read: {reason.lower()}") from None
    if len(data) > LARGEST_FILE:
        raise ReadError(f"{path}: larger than {LARGEST_FILE // 1_000_000} MB, which no spec is")
    if b"\0" in data:
        raise ReadError(f"{path}: is a binary file, not a spec")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ReadError(f"{path}: is not UTF-8: byte {error.start} is 0x{data[error.start]:02x}") from None
    if not text.strip():
        raise ReadError(f"{path}: is empty")
    return text


@lru_cache(maxsize=8)
def split_lines(text: str) -> tuple[str, ...]:
    """The lines of a text, broken where YAML breaks them."""
    return tuple(_LINE_BREAK.split(text))


def line_starts(text: str) -> list[int]:
    """Where each of the lines of a text starts."""
    return [0, *(match.end() for match in _LINE_BREAK.finditer(text))]


COMMAND_LINE = "--set"
_NO_FILES = (COMMAND_LINE, "<stdin>", "<text>")


def is_file(path: str) -> bool:
    """Whether a span's path is a file's, so that it can be opened and edited: not the command line's, no stream's."""
    return path not in _NO_FILES


class PathRefused(ValueError):
    """A path in a spec that leads out of the spec's folder, or is none."""


def below(folder: Path, text: str) -> Path:
    """`text` as a path below `folder`; symbolic links are followed before the comparison.

    Raises:
        PathRefused: it is absolute, or leads out of the folder.
    """
    if not text or "\0" in text:
        raise PathRefused(f"{text!r} is not a path")
    try:
        root = folder.resolve()
        path = (root / text).resolve()
    except (OSError, RuntimeError):  # a circle of symbolic links is an OSError from Python 3.13 on
        raise PathRefused(f"{text} leads in a circle of links") from None
    if not path.is_relative_to(root):
        raise PathRefused(f"{text} lies outside the spec's folder")
    return path


def resolve(node: Scalar, folder: Path) -> Path:
    """The path that a scalar of a spec in `folder` means.

    What the user typed (`--set data.CSV.path=../rows.csv`) is relative to the working directory and may lie anywhere.

    Raises:
        PathRefused: the spec itself names a path outside its folder.
    """
    text = str(node.value)
    if node.span.path == COMMAND_LINE:
        return Path(text).expanduser().resolve()
    try:
        return below(folder, text)
    except PathRefused as refused:
        raise PathRefused(f"{refused}; type it on the command line to allow it (--set …={text})") from None
