"""Text from files → text that a terminal or a log can show: what would control it is spelt out."""

from __future__ import annotations

import unicodedata

_CONTROL = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")  # control characters, directions, line separators, unassigned


def safe(text: str) -> str:
    r"""`text` with control characters escaped as in Python, `\x1b`; a tab becomes a space, so that columns stay.

    Every text from a file goes through this on its way to a person: names, values, paths, lines of source.

    Args:
        text: any text; what it says is one line afterwards.
    """
    if text.isprintable():
        return text
    return "".join(" " if c == "\t" else _escaped(c) if unicodedata.category(c) in _CONTROL else c for c in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def safe_lines(text: str) -> str:
    """A text of several lines, each of them safe.

    Args:
        text: any text; a line feed ends a line.
    """
    return text if text.isprintable() else "\n".join(map(safe, text.split("\n")))


def escaped_json(text: str) -> str:
    r"""JSON whose control characters beyond ASCII, and halves of surrogate pairs, are escaped too.

    `json.dumps` escapes the others, and with `ensure_ascii` every character of every other language.

    Args:
        text: JSON; such characters are within strings, where `\u0085` says the same.
    """
    if text.isprintable():
        return text
    return "".join(_json_escape(c) if c > "~" and unicodedata.category(c) in _CONTROL else c for c in text)


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
