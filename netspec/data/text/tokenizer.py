"""What a tokenizer is: texts → token ids and back, in a form that the library `tokenizers` can read too.

Input: texts. Output: ids, as one array for all of them, and how many each text has.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int32]
PAD, UNKNOWN = "<pad>", "<unk>"
_PUNCTUATION = r"!-/:-@\[-^`{-~"  # of ASCII, but the underscore; classes that Python and the library read alike
_BLANK = r" \t\n\r\f\v"
WORD_CUTS = f"[^{_BLANK}{_PUNCTUATION}]+|[{_PUNCTUATION}]"
# Words, numbers and punctuation, each with the blank before it, as of GPT-2.
BPE_CUTS = f" ?[^{_BLANK}{_PUNCTUATION}0-9]+| ?[0-9]+| ?[{_PUNCTUATION}]+|[{_BLANK}]+(?![^{_BLANK}])|[{_BLANK}]+"


class TokenizerError(Exception):
    """Why a tokenizer cannot be used; the message is one line."""


class Tokenizer(Protocol):
    """Makes tokens of texts."""

    @property
    def kind(self) -> str:
        """One of TOKENIZERS, or `file`."""

    @property
    def size(self) -> int:
        """How many ids there are, that of padding too."""

    @property
    def pad(self) -> int:
        """The id of padding."""

    @property
    def appended(self) -> bool:
        """Whether that is one more than texts can hold."""

    @property
    def unknown(self) -> int | None:
        """The id of what it does not know; None where it knows everything."""

    def encode(self, texts: Sequence[str]) -> tuple[Ids, Ids]:
        """The ids of all texts, one text after the other, and how many each has."""

    def decode(self, ids: Iterable[int]) -> str:
        """The text of some ids; without padding."""

    def to_json(self) -> str:
        """As the library `tokenizers` reads it."""


def lengths(parts: Sequence[Sequence[object]] | Sequence[str] | Sequence[bytes]) -> Ids:
    """How many tokens each part has."""
    return np.fromiter(map(len, parts), np.int32, len(parts))
