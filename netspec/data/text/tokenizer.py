"""Texts → token ids and back, by the tokenizers that the library `tokenizers` can read too.

Input: texts. Output: ids, as one array for all of them, and how many each text has.

Bytes, characters and words need no more than a table. Of byte pair encoding every piece of text between two cuts is
encoded by the library once, and then looked up, as most of a text are pieces that were seen before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from netspec.data.storage import cores
from netspec.data.text.byte_level import AsciiCuts, ascii_cuts
from netspec.data.text.patterns import refusal
from netspec.language.sections.text_keys import BPE, BYTE_VALUES, BYTES, CHARACTERS, WORDS

Ids = NDArray[np.int32]
PAD, UNKNOWN = "<pad>", "<unk>"
_PUNCTUATION = r"!-/:-@\[-^`{-~"  # of ASCII, but the underscore; classes that Python and the library read alike
_BLANK = r" \t\n\r\f\v"
WORD_CUTS = f"[^{_BLANK}{_PUNCTUATION}]+|[{_PUNCTUATION}]"
# Words, numbers and punctuation, each with the blank before it, as of GPT-2.
BPE_CUTS = f" ?[^{_BLANK}{_PUNCTUATION}0-9]+| ?[0-9]+| ?[{_PUNCTUATION}]+|[{_BLANK}]+(?![^{_BLANK}])|[{_BLANK}]+"
MOST_PIECES = 2**20  # of byte pair encoding that are held
FEW_CORES = 3  # up to so many, looking pieces up is quicker than the library's threads
CODE_POINTS = 0x110000


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


def _lengths(parts: Sequence[Sequence[object]] | Sequence[str] | Sequence[bytes]) -> Ids:
    return np.fromiter(map(len, parts), np.int32, len(parts))


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
        return np.frombuffer(b"".join(parts), np.uint8).astype(np.int32), _lengths(parts)

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
        return self._table[_code_points("".join(texts))], _lengths(texts)

    def decode(self, ids: Iterable[int]) -> str:
        """See Tokenizer."""
        return "".join("\N{REPLACEMENT CHARACTER}" if id == 1 else self.characters[id - 2] for id in ids if id)

    def to_json(self) -> str:
        """A vocabulary of words, each a character."""
        vocabulary = {PAD: 0, UNKNOWN: 1, **{character: id for id, character in enumerate(self.characters, 2)}}
        model = {"type": "WordLevel", "vocab": vocabulary, "unk_token": UNKNOWN}
        cuts = {"type": "Split", "pattern": {"Regex": "(?m:.)"}, "behavior": "Isolated", "invert": False}
        return json.dumps({**_content(model, {PAD: 0, UNKNOWN: 1}), "pre_tokenizer": cuts, "decoder": {"type": "Fuse"}})


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
        return np.fromiter(chain.from_iterable(parts), np.int32), _lengths(parts)

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
        raise TokenizerError(f"it is no tokenizer.json: {_line(error)}") from None  # what Rust panics of, too


def _line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]


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


def from_json(kind: str, content: str, *, special: bool = True) -> Tokenizer:
    """The tokenizer of a run.

    Args:
        kind: one of TOKENIZERS, or `file`.
        content: as `to_json` has written it; anybody may have changed it.
        special: as of FileTokenizer.

    Raises:
        TokenizerError: it is none of that kind.
    """
    if kind == BYTES:
        return ByteTokenizer()
    if kind in (CHARACTERS, WORDS):
        try:
            vocabulary = json.loads(content)["model"]["vocab"]
            words = [word for word, _ in sorted(vocabulary.items(), key=lambda pair: int(pair[1]))]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise TokenizerError("it holds no vocabulary") from None
        if words[:2] != [PAD, UNKNOWN] or [*vocabulary.values()] != [*range(len(words))]:
            raise TokenizerError("its ids are not those of netspec")
        if kind == WORDS:
            return WordTokenizer(tuple(words[2:]))
        if any(len(word) != 1 for word in words[2:]):
            raise TokenizerError("it holds more than characters")
        return CharacterTokenizer("".join(words[2:]))
    made = BpeTokenizer(content) if kind == BPE else FileTokenizer(content, special)
    _tried(made)
    return made


def _tried(made: BpeTokenizer | FileTokenizer) -> None:
    """Refuse a file that reads, but does not work."""
    try:
        made.encode(["a b\n"])
        size, pad = made.size, made.pad
    except TokenizerError:
        raise
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
            raise
        raise TokenizerError(f"it cannot be used: {_line(error)}") from None
    if not 0 <= pad < size <= 2**31 - 1:
        raise TokenizerError(f"its ids go up to {size - 1}")
