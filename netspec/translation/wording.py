"""Parts of texts: what is quoted or in brackets, what may fill a hole, how Chinese is put together."""

from __future__ import annotations

import re
from collections.abc import Iterable
from unicodedata import east_asian_width

OF_NUMBERS = ("items", "period")  # holes that numbers fill: `a list of 2`, `multiples of 16`
OF_BOUNDS = ("bound", "bounds")  # holes of bounds alone: `an integer ≥ 0`, and not `an integer ≥ 0 or null`
LETTER = re.compile(r"[^\W\d_]")
_BRACKETS = re.compile(r"\[[^\[\]]*\]|\{[^{}]*\}|\([^()]*\)")
_BOUNDS = re.compile(r"( [≥≤<>] \S+( and [≥≤<>] \S+)?| from \S+ to \S+)?")
_PROSE = re.compile(r"\b[a-z]{2,},? [a-z]{2,}\b")
_QUOTED = re.compile(r"""(?<!\w)(?:'[^']*'|"[^"]*"|`[^`]*`)(?!\w)""")


def fits(filled: dict[str, str]) -> bool:
    """Whether numbers fill the holes that are for numbers, and bounds those that are for bounds."""
    numbers = (value for name, value in filled.items() if name in OF_NUMBERS)
    bounds = (value for name, value in filled.items() if name in OF_BOUNDS)
    return all(value.replace(",", "").isdecimal() for value in numbers) and all(map(_BOUNDS.fullmatch, bounds))


def spread(text: str) -> str:
    """The text as long as it is, with nothing to be found in what is quoted."""
    return _QUOTED.sub(lambda quoted: "\0" * len(quoted[0]), text)


def without_brackets(text: str) -> str:
    """The same of what stands in brackets, as code does."""
    return _BRACKETS.sub(lambda code: "\0" * len(code[0]), text)


def is_prose(text: str) -> bool:
    """Whether a text has English words besides what is quoted."""
    return bool(_PROSE.search(_QUOTED.sub("''", text)))


def together(parts: Iterable[str]) -> str:
    """The parts of a text, without a space between two characters as wide as Chinese, which are written without."""
    text = ""
    for part in parts:
        if _ends_wide(text[:-1]) and text.endswith(" ") and _is_wide(part[:1]):
            text = text[:-1]
        elif _ends_wide(text) and part.startswith(" ") and _is_wide(part[1:2]):
            part = part[1:]
        text += part
    return text


def _ends_wide(text: str) -> bool:
    return _is_wide(text[-1:])


def _is_wide(character: str) -> bool:
    return bool(character) and east_asian_width(character) in "WF"
