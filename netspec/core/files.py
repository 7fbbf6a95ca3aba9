"""Files that a user names: paths in specs → paths on this machine → texts, or one line that says why not.

Files are written whole or not at all.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from netspec.core.escapes import safe
from netspec.core.tree import Scalar


def write_atomically(path: Path, write: Callable[[Path], object], keep: Path | None = None) -> None:
    """Write a temporary file and rename it to `path`, so that a reader finds the old file or the new one, complete.

    Args:
        path: the file to write.
        write: fills the temporary file that it is given; where it raises, everything stays as it was.
        keep: the new name of the file that was at `path` before.
    """
    temporary = path.with_name(f".{path.name}.writing")
    temporary.unlink(missing_ok=True)  # what is there may be a link to another file, which would be written instead
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
    """Remove the temporary files of a process that was killed while it wrote."""
    for path in folder.iterdir():
        if half_written(path.name):
            path.unlink(missing_ok=True)


def half_written(name: str) -> bool:
    """Whether a file of this name is one that `write_atomically` fills."""
    return name.startswith(".") and name.endswith(".writing")


LARGEST_FILE = 8_000_000  # bytes of a spec
LARGEST_TABLE = 64_000_000  # bytes of a run's metrics: some 200,000 epochs
_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


class ReadError(Exception):
    """A file that cannot be read at all; the message is one line, whatever the file's name and text hold."""

    def __init__(self, message: str) -> None:
        super().__init__(safe(message))


def read_text(path: str | Path, what: str = "spec", largest: int = LARGEST_FILE) -> str:
    """The text of a UTF-8 file.

    Args:
        path: the file; `-` is standard input.
        what: the kind of file, for messages.
        largest: bytes that it may have.

    Raises:
        ReadError: the file is missing, a directory, unreadable, too large, empty, binary or not UTF-8.
    """
    try:
        if str(path) == "-":
            if sys.stdin is None:
                raise ReadError("-: standard input is closed")
            data = sys.stdin.buffer.read(largest + 1)
        else:
            with Path(path).open("rb") as file:
                data = file.read(largest + 1)
    except FileNotFoundError:
        raise ReadError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise ReadError(f"{path}: is a directory, not a {what}") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ReadError(f"{path}: cannot be read: {reason.lower()}") from None
    if len(data) > largest:
        raise ReadError(f"{path}: {_too_large(what, largest)}")
    if b"\0" in data:
        raise ReadError(f"{path}: is a binary file, not a {what}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ReadError(f"{path}: is not UTF-8: byte {error.start} is 0x{data[error.start]:02x}") from None
    if not text.strip():
        raise ReadError(f"{path}: is empty")
    return text


def check_text(text: str, path: str) -> None:
    """Refuse the text of a spec that is too large, binary or empty, as `read_text` refuses a file.

    Args:
        text: what is to be read.
        path: what messages call it.

    Raises:
        ReadError: it is none of a spec.
    """
    if len(text) > LARGEST_FILE:
        raise ReadError(f"{path}: {_too_large('spec', LARGEST_FILE)}")
    if "\0" in text:
        raise ReadError(f"{path}: is a binary file, not a spec")
    if not text.strip():
        raise ReadError(f"{path}: is empty")


def _too_large(what: str, largest: int) -> str:
    return f"larger than {largest // 1_000_000} MB, which no {what} is"


def parse_json(text: str, path: Path) -> Any:
    """Plain data from JSON text, whatever is in it.

    Args:
        text: of one value.
        path: its file, for messages.

    Raises:
        ReadError: it is no JSON, or nested too deeply.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ReadError(f"{path}: cannot be read: it is nested too deeply") from None
    except ValueError as error:
        raise ReadError(f"{path}: cannot be read: {error}") from None


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
    """Whether a span's path is that of a file that can be opened and edited, not of the command line or a stream."""
    return path not in _NO_FILES


class PathRefused(ValueError):
    """A path in a spec that is none, or that leads out of the spec's folder."""


def resolve(node: Scalar, folder: Path) -> Path:
    """The path that a scalar of a spec in `folder` means; symbolic links are followed.

    What the user typed (`--set data.CSV.path=../rows.csv`) is relative to the working directory and may lie anywhere.

    Raises:
        PathRefused: the spec itself names a path outside its folder.
    """
    text = str(node.value)
    if node.span.path == COMMAND_LINE:
        return Path(text).expanduser().resolve()
    hint = f"; type it on the command line to allow it (--set …={text})"
    if not text or "\0" in text:
        raise PathRefused(f"{text!r} is not a path{hint}")
    try:
        root = folder.resolve()
        path = (root / text).resolve()
    except (OSError, RuntimeError):  # a circle of symbolic links is an OSError from Python 3.13 on
        raise PathRefused(f"{text} leads in a circle of links{hint}") from None
    except ValueError:  # half of a surrogate pair, which no file system has
        raise PathRefused(f"{text!r} is not a path{hint}") from None
    if not path.is_relative_to(root):
        raise PathRefused(f"{text} lies outside the spec's folder{hint}")
    return path
