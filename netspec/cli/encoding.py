"""Consoles and pipes whose encoding is not UTF-8 take whatever is printed: what they lack is spelt or escaped."""

from __future__ import annotations

import codecs
import io
from typing import TextIO

SPELT = {"→": "->", "×": "x", "·": "*", "…": "...", "≥": ">=", "≤": "<=", "≠": "!=", "–": "-", "“": '"', "”": '"'}


def take_any_text(*streams: TextIO) -> None:
    """Let streams of any encoding take any text."""
    codecs.register_error("netspec", _spelt)
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="netspec")


def _spelt(error: UnicodeError) -> tuple[str, int]:
    """What stands for characters that an encoding lacks; an escape as JSON has it, also in the JSON of an answer."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    import json

    text = error.object[error.start : error.end]
    return "".join(SPELT.get(sign) or json.dumps(sign)[1:-1] for sign in text), error.end
