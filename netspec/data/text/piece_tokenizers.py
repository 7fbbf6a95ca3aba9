"""Tokenizers of the library `tokenizers`: byte pair encoding, and whatever a tokenizer.json says.

Of byte pair encoding every piece of text between two cuts is encoded by the library once, and then looked up, as most
of a text are pieces that were seen before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np

from netspec.data.storage import cores
from netspec.data.text.byte_level import AsciiCuts, ascii_cuts
from netspec.data.text.patterns import refusal
from netspec.data.text.tokenizer import BPE_CUTS, Ids, TokenizerError, lengths
from netspec.language.sections.text_keys import BPE

MOST_PIECES = 2**20  # of byte pair encoding that are held
FEW_CORES = 3  # up to so many, looking pieces up is quicker than the library's threads


class _Pieces(dict[str, tuple[int, ...]]):
    """The ids of pieces, each found out once."""

    def __init__(self, encode: Any) -> None:
        super().__init__()
        self._encode = encode

    def __missing__(self, piece: str) -> tuple[int, ...]:
        found = tuple(self._encode(piece))
        if len(self) < MOST_PIECES:
            self[piece] = found
        return found


def _pieces_encoded(pieces: Any, cuts: re.Pattern[str], texts: Sequence[str]) -> tuple[Ids, Ids]:
    ids: list[int] = []
    ends = [0]
    for text in texts:
        ids.extend(chain.from_iterable(map(pieces.__getitem__, cuts.findall(text))))
        ends.append(len(ids))
    return np.array(ids, np.int32), np.diff(ends).astype(np.int32)


@dataclass(frozen=True)
class BpeTokenizer:
    """Byte pair encoding, as netspec has learned it.

    Args:
        content: of its tokenizer.json.
    """

    content: str

    kind = BPE
    appended = False
    pad = 0
    unknown = None

    @cached_property
    def _library(self) -> Any:
        return library_tokenizer(self.content)

    @cached_property
    def size(self) -> int:
        """How many ids there are."""
        return int(self._library.get_vocab_size())

    @cached_property
    def _pieces(self) -> _Pieces:
        encode = self._library.encode
        return _Pieces(lambda piece: encode(piece, add_special_tokens=False).ids)

    def encode(self, texts: Sequence[str]) -> tuple[Ids, Ids]:
        """See Tokenizer."""
        return _pieces_encoded(self._pieces, re.compile(BPE_CUTS), texts)

    def decode(self, ids: Iterable[int]) -> str:
        """See Tokenizer."""
        return str(self._library.decode(list(ids), skip_special_tokens=True))

    def to_json(self) -> str:
        """See Tokenizer."""
        return self.content


_PADS = ("[PAD]", "<pad>", "<|pad|>", "<PAD>")
_UNKNOWNS = ("[UNK]", "<unk>", "<UNK>")


@dataclass(frozen=True)
class FileTokenizer:
    """A tokenizer.json, as it is; padding is the id that it says, else that of [PAD] or <pad>, else one more.

    Args:
        content: of the file.
        special: whether the tokens that it puts around a text belong to it.
    """

    content: str
    special: bool = True

    kind = "file"

    @cached_property
    def _library(self) -> Any:
        found = library_tokenizer(self.content)
        found.no_padding()
        found.no_truncation()
        return found

    @cached_property
    def _vocabulary(self) -> dict[str, int]:
        return dict(self._library.get_vocab(with_added_tokens=True))

    @cached_property
    def pad(self) -> int:
        """The id of padding."""
        written = json.loads(self.content).get("padding")
        if isinstance(written, dict) and isinstance(written.get("pad_id"), int):
            return int(written["pad_id"])
        known = [self._vocabulary[name] for name in _PADS if name in self._vocabulary]
        return known[0] if known else max(self._vocabulary.values()) + 1

    @property
    def appended(self) -> bool:
        """Whether padding is an id of its own."""
        return self.pad > max(self._vocabulary.values())

    @cached_property
    def unknown(self) -> int | None:
        """The id of what is not known."""
        known = [self._vocabulary[name] for name in _UNKNOWNS if name in self._vocabulary]
        return known[0] if known else None

    @cached_property
    def size(self) -> int:
        """How many ids there are."""
        return max(self.pad, *self._vocabulary.values()) + 1

    @cached_property
    def _cuts(self) -> AsciiCuts | None:
        return ascii_cuts(self.content) if cores() <= FEW_CORES else None

    @cached_property
    def _pieces(self) -> _Pieces:
        encode = self._library.encode
        return _Pieces(lambda piece: encode(piece, add_special_tokens=False).ids)

    def encode(self, texts: Sequence[str]) -> tuple[Ids, Ids]:
        """See Tokenizer."""
        cuts = self._cuts
        if cuts is not None and all(map(cuts.fit, texts)):
            return _pieces_encoded(self._pieces, cuts.pieces, texts)
        found = self._library.encode_batch_fast(list(texts), add_special_tokens=self.special)
        parts = [each.ids for each in found]
        return np.fromiter(chain.from_iterable(parts), np.int32), lengths(parts)

    def decode(self, ids: Iterable[int]) -> str:
        """See Tokenizer."""
        return str(self._library.decode([id for id in ids if id != self.pad], skip_special_tokens=True))

    def to_json(self) -> str:
        """See Tokenizer."""
        return self.content


def library_tokenizer(content: str) -> Any:
    """The library's tokenizer.

    Args:
        content: of a tokenizer.json, which anybody may have written.

    Raises:
        TokenizerError: it is none, or the library is not installed.
    """
    try:
        from tokenizers import Tokenizer as Library
    except ImportError:
        raise TokenizerError("it needs the library tokenizers: pip install 'netspec[text]'") from None
    if why := refusal(content):
        raise TokenizerError(f"it {why}")
    try:
        return Library.from_str(content)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
            raise
        raise TokenizerError(f"it is no tokenizer.json: {line_of(error)}") from None  # what Rust panics of, too


def line_of(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
