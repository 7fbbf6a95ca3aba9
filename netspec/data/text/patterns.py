"""A tokenizer.json → why it could take unbounded time or memory: its regular expressions, and what replaces text.

The library tokenizers matches by backtracking, so that a pattern such as `(a+)+b` takes years on a line of a's. What is
taken is what certainly goes through a text once: patterns of well-known tokenizers, and those of which each alternative
repeats without a bound at its very end alone, where nothing can fail behind it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

MOST_GROWTH = 256  # characters that replacements make of one
LONGEST_WORD = 1000  # characters: WordPiece takes time by their square
_BLANKS = r"\s+(?!\S)|\s+"
_ENDINGS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_BEFORE, _AFTER = r"[^\r\n\p{L}\p{N}]?", "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
KNOWN = frozenset({
    # cl100k_base, with numbers of three digits and of one: GPT-4, Llama 3, Qwen 2
    *(
        _ENDINGS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}" + digits + r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|" + _BLANKS
        for digits in ("{1,3}", "")
    ),
    # o200k_base: GPT-4o
    rf"{_BEFORE}{_UPPER}*{_LOWER}+{_AFTER}|{_BEFORE}{_UPPER}+{_LOWER}*{_AFTER}"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|" + _BLANKS,
    # CLIP
    r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+",
})  # fmt: skip
_ATOM = re.compile(
    r"""\[\^?\]?(?:[^\\\[\]]|\\.)*\]      # a class of characters, without others in it
    |\\[pP]\{\^?\w+\}|\\[^kgxuGKXRbBAzZ0-9]   # \p{L}, \s, \.; no references and no anchors
    |[^\\\[\](){}|?*+^$]""",
    re.VERBOSE | re.DOTALL,
)
_TIMES = re.compile(r"\?|\{\d{1,2}(?:,\d{1,2})?\}|[*+]|\{\d{1,2},\}")
_UNBOUNDED = re.compile(r"[*+]|\{\d{1,2},\}")
_FLAGS = re.compile(r"\(\?[ims]{1,3}:(.*)\)", re.DOTALL)


def refusal(content: str) -> str:
    """Why a tokenizer.json is not taken, as the end of a sentence; empty where nothing is wrong with it.

    Args:
        content: of the file, which anybody may have written; what is no JSON is left to the library.
    """
    try:
        written = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    growth = 1
    parts = (
        [written.get(key) for key in ("normalizer", "pre_tokenizer", "decoder")] if isinstance(written, dict) else []
    )
    for part in _parts(parts):
        pattern = part.get("pattern")
        regular = pattern.get("Regex") if isinstance(pattern, dict) else None
        if isinstance(regular, str) and not bounded(regular):
            return f"may take unbounded time by the regular expression {regular[:80]!r}"
        if part.get("type") == "Replace":
            grown = part.get("content")
            literal = isinstance(pattern, dict) and pattern.get("String")
            growth *= max(1, len(grown) + (0 if literal else 1)) if isinstance(grown, str) else 1
        if growth > MOST_GROWTH:
            return f"may make more than {MOST_GROWTH} characters of one"
    model = written.get("model") if isinstance(written, dict) else None
    longest = model.get("max_input_chars_per_word") if isinstance(model, dict) else None
    if isinstance(longest, int) and longest > LONGEST_WORD:
        return f"looks words up that have up to {longest:,} characters, more than {LONGEST_WORD:,}"
    return ""


def _parts(waiting: list[Any]) -> Iterator[dict[str, Any]]:
    """The parts of a normalizer, a pre-tokenizer and a decoder, with those that a Sequence holds."""
    waiting = waiting[::-1]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part[::-1]
        elif isinstance(part, dict):
            yield part
            waiting += [each for each in part.values() if isinstance(each, list)]


def bounded(pattern: str) -> bool:
    """Whether a regular expression certainly goes through a text once, in time that grows as the text does.

    Args:
        pattern: as the library reads it.
    """
    if pattern in KNOWN:
        return True
    inner = _FLAGS.fullmatch(pattern)
    pattern = inner[1] if inner else pattern
    place = 0
    while place <= len(pattern):
        place = _alternative(pattern, place)
        if place < 0:
            return False
    return True


def _complement(atom: str) -> str:
    """The class of all other characters; what no class begins with, where there is none."""
    if atom.startswith("["):
        return f"[{atom[2:]}" if atom.startswith("[^") else f"[^{atom[1:]}"
    return f"\\{atom[1].swapcase()}{atom[2:]}" if atom[:1] == "\\" and atom[1:2] in "sSdDwWpP" else "\0"


def _alternative(pattern: str, place: int) -> int:
    """Where the next alternative begins, -1 where this one may be slow, behind the pattern where it is the last."""
    while place < len(pattern) and pattern[place] != "|":
        atom = _ATOM.match(pattern, place)
        if atom is None:
            return -1
        place = atom.end()
        times = _TIMES.match(pattern, place)
        if times is None:
            continue
        place = times.end()
        if _UNBOUNDED.fullmatch(times[0]):
            behind = f"(?!{_complement(atom[0])})"  # which holds once the loop has given one back
            place += len(behind) if pattern.startswith(behind, place) else 0
            return place + 1 if place == len(pattern) or pattern[place] == "|" else -1
        if pattern[place : place + 1] in ("?", "+", "*"):
            return -1
    return place + 1
