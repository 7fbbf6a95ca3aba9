"""A tokenizer.json → how its tokenizer cuts ASCII text into pieces that are encoded on their own, where that is known.

Byte pair encoding with the cuts of GPT-2, which most files have that are learned by ByteLevelBPETokenizer, gives the
same ids for a piece wherever it stands. Most pieces of a text were seen before, so that looking them up takes half of
the time of the library on one core at first, and a third later; the library has threads, which are quicker on many.
"""

from __future__ import annotations

import json
import re
from typing import Any

# What \p{L}, \p{N} and \s are of ASCII; see ByteLevel of the library tokenizers.
_CUTS = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+(?!\S)|\s+", re.ASCII)
_MOST_ADDED = 16  # tokens that a text is searched for


class AsciiCuts:
    """Cuts ASCII text into pieces.

    Args:
        added: the tokens that the library finds in a text before it is cut.
    """

    pieces = _CUTS

    def __init__(self, added: tuple[str, ...]) -> None:
        self._added = added

    def fit(self, text: str) -> bool:
        """Whether a text can be cut by them."""
        return text.isascii() and not any(token in text for token in self._added)


def ascii_cuts(content: str) -> AsciiCuts | None:
    """The cuts of a tokenizer; None where it may have others, or where a piece's ids may follow from what is around it.

    Args:
        content: of a tokenizer.json that the library has read.
    """
    written: dict[str, Any] = json.loads(content)
    model, before, behind = (written.get(key) or {} for key in ("model", "pre_tokenizer", "post_processor"))
    plain = model.get("type") == "BPE" and not model.get("dropout") and not written.get("normalizer")
    level = before.get("type") == "ByteLevel" and before.get("use_regex", True)
    cut = level and not before.get("add_prefix_space", True)  # which each piece would get
    added = tuple(str(token["content"]) for token in written.get("added_tokens") or ())
    if not (plain and cut and behind.get("type", "ByteLevel") == "ByteLevel") or len(added) > _MOST_ADDED:
        return None
    return AsciiCuts(added)
