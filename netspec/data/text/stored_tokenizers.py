"""A tokenizer.json that a run keeps, or that a spec names → the Tokenizer, tried once before it is used."""

from __future__ import annotations

import json

from netspec.data.text.piece_tokenizers import BpeTokenizer, FileTokenizer, line_of
from netspec.data.text.plain_tokenizers import ByteTokenizer, CharacterTokenizer, WordTokenizer
from netspec.data.text.tokenizer import PAD, UNKNOWN, Tokenizer, TokenizerError
from netspec.language.sections.text_keys import BPE, BYTES, CHARACTERS, WORDS


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
        raise TokenizerError(f"it cannot be used: {line_of(error)}") from None
    if not 0 <= pad < size <= 2**31 - 1:
        raise TokenizerError(f"its ids go up to {size - 1}")
