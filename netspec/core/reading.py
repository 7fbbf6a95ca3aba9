"""Reading a file that the user named: its text, or one line that says why not."""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from pathlib import Path

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
