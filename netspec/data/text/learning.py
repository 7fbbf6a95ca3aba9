"""The training part's texts → a Tokenizer whose vocabulary is theirs.

Input: what the spec asks for, and texts in chunks. Output: the Tokenizer; the same texts give the same one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from netspec.data.text.piece_tokenizers import BpeTokenizer, FileTokenizer
from netspec.data.text.plain_tokenizers import ByteTokenizer, CharacterTokenizer, WordTokenizer
from netspec.data.text.tokenizer import BPE_CUTS, PAD, WORD_CUTS, Tokenizer, TokenizerError
from netspec.language.sections.text_keys import BPE, BYTES, CHARACTERS, WORDS

VOCABULARY = {WORDS: 20_000, BPE: 8_000}  # where the spec does not say it
FREQUENCY = {WORDS: 1, BPE: 2}
LEARNED_OF = 2**24  # characters of a text that byte pair encoding learns of, taken evenly from all of them
_MOST_COUNTED = 2**22  # different words that are counted at a time


@dataclass(frozen=True)
class Wanted:
    """The tokenizer that a spec asks for.

    Args:
        kind: one of TOKENIZERS, or `file`.
        vocabulary: ids that it may have; None: as many as are usual.
        frequency: how often a word, or pair, occurs at least; None: as is usual.
        content: of the file.
    """

    kind: str
    vocabulary: int | None = None
    frequency: int | None = None
    content: str = ""

    @property
    def learns(self) -> bool:
        """Whether texts decide what it is."""
        return self.kind in (CHARACTERS, WORDS, BPE)


def learn(wanted: Wanted, chunks: Iterable[Sequence[str]], *, special: bool = True) -> Tokenizer:
    """The tokenizer that is wanted, with a vocabulary of texts where it has one.

    Args:
        wanted: by the spec.
        chunks: all texts, some at a time.
        special: as of FileTokenizer.

    Raises:
        TokenizerError: a file is none, or the library tokenizers is not installed.
    """
    if wanted.kind == BYTES:
        return ByteTokenizer()
    if wanted.kind == CHARACTERS:
        return CharacterTokenizer("".join(sorted(set().union(*(text for texts in chunks for text in texts)))))
    size = wanted.vocabulary or VOCABULARY.get(wanted.kind, 0)
    least = wanted.frequency or FREQUENCY.get(wanted.kind, 1)
    if wanted.kind == WORDS:
        return WordTokenizer(_frequent_words(chunks, size - 2, least))
    if wanted.kind == BPE:
        return BpeTokenizer(_learned_pairs(chunks, size, least))
    return FileTokenizer(wanted.content, special)


def _frequent_words(chunks: Iterable[Sequence[str]], most: int, least: int) -> tuple[str, ...]:
    """The most frequent words, of equally frequent ones the first by the alphabet."""
    counts, cuts = Counter[str](), re.compile(WORD_CUTS)
    for texts in chunks:
        for text in texts:
            counts.update(cuts.findall(text))
        if len(counts) > _MOST_COUNTED:  # what was seen once by now is hardly among the most frequent ones
            counts = Counter({word: count for word, count in counts.items() if count > 1})
    kept = [(-count, word) for word, count in counts.items() if count >= least]
    return tuple(word for _, word in sorted(kept)[:most])


def _learned_pairs(chunks: Iterable[Sequence[str]], size: int, least: int) -> str:
    """The tokenizer.json of byte pair encoding, learned by the library."""
    try:
        from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    except ImportError:
        raise TokenizerError("bpe needs the library tokenizers: pip install 'netspec[text]'") from None
    made: Any = Tokenizer(models.BPE())
    cuts = pre_tokenizers.Split(Regex(BPE_CUTS), "isolated")
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    made.pre_tokenizer, made.decoder = pre_tokenizers.Sequence([cuts, level]), decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=least,
        special_tokens=[AddedToken(PAD, special=True)],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(_sample(chunks), trainer)
    return str(made.to_str())


def _sample(chunks: Iterable[Sequence[str]]) -> Iterator[str]:
    """Texts in their order: all of them up to LEARNED_OF characters; of more, chunks spread evenly over them."""
    held: list[Sequence[str]] = []
    size, every = 0, 1
    for number, texts in enumerate(chunks):
        if number % every:
            continue
        held.append(texts)
        size += sum(map(len, texts))
        if size > 2 * LEARNED_OF:
            held, every = held[::2], 2 * every
            size = sum(len(text) for each in held for text in each)
    for each in held:
        yield from each
