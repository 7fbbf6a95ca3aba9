"""Consoles and pipes whose encoding is not UTF-8 take whatever is printed: what they lack is spelt or escaped."""

from __future__ import annotations

import codecs
import io
import os
import sys

SPELT = {"→": "->", "×": "x", "·": "*", "…": "...", "≥": ">=", "≤": "<=", "≠": "!=", "–": "-"}


def take_any_text() -> None:
    """Let standard output and standard error take any text, whatever their encoding, and if they are closed."""
    codecs.register_error("netspec", _spelt)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None or stream.closed:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - as long as we run
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="netspec")


def _spelt(error: UnicodeError) -> tuple[str, int]:
    """What stands for characters that an encoding lacks; an escape as JSON has it, also in the JSON of an answer."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    import json

    text = error.object[error.start : error.end]
    return "".join(SPELT.get(sign) or json.dumps(sign)[1:-1] for sign in text), error.end
