"""Tokenizers that need no more than a table: of bytes, of characters and of words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netspec.data.text.tokenizer import PAD, UNKNOWN, WORD_CUTS, Ids, lengths
from netspec.language.sections.text_keys import BYTE_VALUES, BYTES, CHARACTERS, WORDS

CODE_POINTS = 0x110000


@dataclass(frozen=True)
class ByteTokenizer:
    """The bytes of UTF-8; the id after them is padding."""

    kind = BYTES
    appended = True
    size = BYTE_VALUES + 1
    pad = BYTE_VALUES
    unknown = None

    def encode(self, texts: Sequence[str]) -> tuple[Ids, Ids]:
        """See Tokenizer."""
        parts = [text.encode("utf-8", "replace") for text in texts]
        return np.frombuffer(b"".join(parts), np.uint8).astype(np.int32), lengths(parts)

    def decode(self, ids: Iterable[int]) -> str:
        """See Tokenizer."""
        return bytes(id for id in ids if id < BYTE_VALUES).decode("utf-8", "replace")

    def to_json(self) -> str:
        """A byte pair encoding without pairs."""
        vocabulary = {character: byte for byte, character in enumerate(_byte_characters())}
        content = _content({"type": "BPE", "vocab": vocabulary, "merges": []}, {PAD: self.pad})
        level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
        return json.dumps({**content, "pre_tokenizer": level, "decoder": level})


@dataclass(frozen=True)
class CharacterTokenizer:
    """Characters; the first two ids are padding and whatever is not known.

    Args:
        characters: those of the ids from 2 on.
    """

    characters: str

    kind = CHARACTERS
    appended = False
    pad = 0
    unknown = 1

    @property
    def size(self) -> int:
        """How many ids there are."""
        return len(self.characters) + 2

    @cached_property
    def _table(self) -> Ids:
        table = np.full(CODE_POINTS, self.unknown, np.int32)
        table[_code_points(self.characters)] = np.arange(2, self.size)
        return table

    def encode(self, texts: Sequence[str]) -> tuple[Ids, Ids]:
        """See Tokenizer."""
        return self._table[_code_points("".join(texts))], lengths(texts)

    def decode(self, ids: Iterable[int]) -> str:
        """See Tokenizer."""
        return "".join("\N{REPLACEMENT CHARACTER}" if id == 1 else self.characters[id - 2] for id in ids if id)

    def to_json(self) -> str:
        """A vocabulary of words, each a character."""
        vocabulary = {PAD: 0, UNKNOWN: 1, **{character: id for id, character in enumerate(self.characters, 2)}}
        model = {"type": "WordLevel", "vocab": vocabulary, "unk_token": UNKNOWN}
        cuts = {"type": "Split", "pattern": {"Regex": "(?m:.)"}, "behavior": "Isolated", "invert": False}
        return json.dumps({**_content(model, {PAD: 0, UNKNOWN: 1}), "pre_tokenizer": cuts, "decoder": {"type": "Fuse"}})


@dataclass(frozen=True)
class WordTokenizer:
    """Words, and single punctuation marks; the first two ids are padding and words that are not known.

    Args:
        words: those of the ids from 2 on.
    """

    words: tuple[str, ...]

    kind = WORDS
    appended = False
    pad = 0
    unknown = 1

    @property
    def size(self) -> int:
        """How many ids there are."""
        return len(self.words) + 2

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {word: id for id, word in enumerate(self.words, 2)}

    def encode(self, texts: Sequence[str]) -> tuple[Ids, Ids]:
        """See Tokenizer."""
        cuts, get = re.compile(WORD_CUTS), self._ids.get
        ids: list[int] = []
        ends = [0]
        for text in texts:
            ids.extend(get(word, 1) for word in cuts.findall(text))
            ends.append(len(ids))
        return np.array(ids, np.int32), np.diff(ends).astype(np.int32)

    def decode(self, ids: Iterable[int]) -> str:
        """See Tokenizer."""
        return " ".join(UNKNOWN if id == 1 else self.words[id - 2] for id in ids if id)

    def to_json(self) -> str:
        """A vocabulary of words."""
        vocabulary = {PAD: 0, UNKNOWN: 1, **self._ids}
        model = {"type": "WordLevel", "vocab": vocabulary, "unk_token": UNKNOWN}
        cuts = {"type": "Split", "pattern": {"Regex": WORD_CUTS}, "behavior": "Removed", "invert": True}
        return json.dumps({**_content(model, {PAD: 0, UNKNOWN: 1}), "pre_tokenizer": cuts})


def _content(model: dict[str, Any], special: dict[str, int]) -> dict[str, Any]:
    """What the library wants of every file."""
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    added = [{"id": id, "content": word, **flags} for word, id in special.items()]
    empty = dict.fromkeys(("truncation", "padding", "normalizer", "pre_tokenizer", "post_processor", "decoder"))
    return {"version": "1.0", "added_tokens": added, **empty, "model": model}


def _code_points(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _byte_characters() -> list[str]:
    """The character by which byte level encodings write each byte: itself, where it can be seen (GPT-2's table)."""
    seen = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(BYTE_VALUES, 2 * BYTE_VALUES))
    return [chr(byte) if byte in seen else chr(next(others)) for byte in range(BYTE_VALUES)]
