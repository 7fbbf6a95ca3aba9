"""The catalogue of a language: English keys and their translations, from the .mo file that gettext's tools write."""

from __future__ import annotations

import struct
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "locale"
DOMAIN = "netspec"
CONTEXT = "\x04"  # between the context of a key and the key
_MAGIC = 0x950412DE


def path_of(lang: str, suffix: str = ".mo") -> Path:
    """The file of a language, where gettext looks for it."""
    return FOLDER / lang / "LC_MESSAGES" / f"{DOMAIN}{suffix}"


@cache
def catalogue(lang: str) -> dict[str, str]:
    """All translations by their English keys. Python's gettext looks single keys up, and lists none.

    Args:
        lang: such as `zh`.

    Raises:
        FileNotFoundError: the language has no catalogue.
        ValueError: its file is none of gettext's.
    """
    return read_mo(path_of(lang).read_bytes())


def read_mo(data: bytes) -> dict[str, str]:
    """The entries of a .mo file in UTF-8, as GNU gettext's manual describes it, without its header (the key "").

    Args:
        data: the file, little-endian as msgfmt and Babel write it.

    Raises:
        ValueError: it is another file.
    """
    if len(data) < 20 or struct.unpack_from("<I", data)[0] != _MAGIC:
        raise ValueError("no .mo file in little-endian order")
    _, _, count, keys, values = struct.unpack_from("<5I", data)

    def text(table: int, index: int) -> str:
        length, offset = struct.unpack_from("<2I", data, table + 8 * index)
        return data[offset : offset + length].decode("utf-8")

    found = {text(keys, index): text(values, index) for index in range(count)}
    found.pop("", None)
    return found
