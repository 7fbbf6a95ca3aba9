"""`TaggedText` → LoadedData: sentences with a label for each word, which become labels of tokens.

A file has a word a line, with its label in another column, and an empty line behind each sentence. Where a word is
several tokens the first of them has its label; the others, and padding, have IGNORED, which the loss leaves out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from netspec.data.split import LoadedData, LoadRequest, Split, Target
from netspec.data.text.documents import path_and_values, text_path
from netspec.data.text.encoding import inputs_of
from netspec.data.text.format import TAGGED, TextFormat, padding_of, text_input, wanted_tokenizer
from netspec.data.text.sources import Documents, TextError, read_file
from netspec.data.text.tokenizer import Tokenizer
from netspec.data.text.tokens import Padding, Tokens, compact, cut_off
from netspec.language.sections.text_keys import BPE, BYTES, CHARACTERS, MOST_LENGTH, TAGGED_KEYS
from netspec.runtime.diagnostics import spec_error

IGNORED = -100  # as torch.nn.CrossEntropyLoss has it
Ids = NDArray[np.integer]
Sentence = list[list[str]]


def load(request: LoadRequest) -> LoadedData:
    """`{TaggedText: {path: train.conll, word: 1, label: 3}}`.

    Args:
        request: of the spec.

    Raises:
        SpecError: NS601, of a TextError: the file is missing, empty, not UTF-8, or a line of it lacks a column.
    """
    node, values = path_and_values(request, *(key.name for key in TAGGED_KEYS))
    if request.own_targets:
        raise spec_error("NS603", "`target: input` is for samples of numbers, not for texts", request.name)
    mask = values.get("mask")
    name = text_input(request.inputs, mask)
    try:
        path = text_path(node, request.folder)
        sentences = [*sentences_of(read_file(path, request.memory))]
        if not sentences:
            raise TextError(f"{path} holds no sentences")
        words, labels = (
            _column(sentences, values.get(key, usual), path) for key, usual in (("word", 0), ("label", -1))
        )
    except TextError as error:
        raise spec_error("NS601", str(error), node) from None
    at = request.argument("tokenizer") or node
    wanted = wanted_tokenizer(request.argument("tokenizer"), values.get("tokenizer"), request.folder)
    classes = tuple(sorted({label for sentence in labels for label in sentence}))
    padding = padding_of(values.get("length"), request.inputs[name], request.lengths.get(name))
    text = TextFormat(TAGGED, wanted, padding, mask=mask, mask_first=next(iter(request.inputs)) == mask, node=at)
    documents = Documents.of(tuple("\n".join(sentence) for sentence in words))
    split = Split((documents,), (_numbered(labels, classes),), torch.arange(len(documents)))
    return LoadedData(split, targets=(Target(None, classes, ignore=IGNORED),), text=text)


def sentences_of(text: str) -> Iterator[Sentence]:
    """The sentences of a file: the columns of each line.

    Args:
        text: of the file; a line that starts with `# ` or -DOCSTART- says something about it.
    """
    held: Sentence = []
    for line in (*text.split("\n"), ""):
        columns = line.split("\t") if "\t" in line else line.split()
        if columns and columns[0].strip() and not line.startswith(("# ", "-DOCSTART-")):
            held.append([column.strip() for column in columns])
        elif held and not line.strip():
            yield held
            held = []


def _column(sentences: list[Sentence], index: int, path: Path) -> list[list[str]]:
    """One column of all sentences."""
    found = []
    for number, sentence in enumerate(sentences, 1):
        short = next((line for line in sentence if not -len(line) <= index < len(line) or len(line) < 2), None)
        if short is not None:
            has = f"{len(short)} column{'s' * (len(short) != 1)}"
            raise TextError(f"{path}: the line {' '.join(short)[:40]!r} of sentence {number} has {has}, not a word and "
                            f"its label in column {index}")  # fmt: skip
        found.append([line[index] for line in sentence])
    return found


def _numbered(labels: list[list[str]], classes: tuple[str, ...]) -> Tokens:
    """The labels of words as numbers."""
    numbers = {label: index for index, label in enumerate(classes)}
    ids = np.array([numbers[label] for sentence in labels for label in sentence])
    lengths = np.array([len(sentence) for sentence in labels], np.int32)
    return _tokens(ids, lengths, Padding(1, MOST_LENGTH, value=IGNORED), len(classes))


def _tokens(ids: Ids, lengths: NDArray[np.int32], padding: Padding, size: int) -> Tokens:
    counts = torch.from_numpy(lengths)
    stored = compact(ids, max(size, 2**8 + 1) if padding.value < 0 else size)  # which holds IGNORED
    return Tokens(torch.from_numpy(stored), counts.long().cumsum(0) - counts, counts, padding)


def pieces_of(words: list[str], kind: str) -> list[str]:
    """The texts that the words of a sentence are encoded as: with the blanks between them, where these are tokens.

    Args:
        words: of a sentence.
        kind: of the tokenizer.
    """
    if kind in (BYTES, CHARACTERS):
        return [*(f"{word} " for word in words[:-1]), words[-1]]
    return [words[0], *(f" {word}" for word in words[1:])] if kind in (BPE, "file") else words


def encoded_words(sentences: list[list[str]], tokenizer: Tokenizer) -> tuple[Ids, NDArray[np.int32], NDArray[np.int64]]:
    """The tokens of sentences, how many each sentence has, and the place of each word's first token among them all.

    Args:
        sentences: of words.
        tokenizer: which encodes each word by itself.

    Raises:
        TextError: a word holds no token.
    """
    ids, counts = tokenizer.encode([piece for words in sentences for piece in pieces_of(words, tokenizer.kind)])
    if not counts.all():
        every = [word for words in sentences for word in words]
        raise TextError(f"the word {every[int(counts.argmin())]!r} holds no token")
    sizes = np.array([len(words) for words in sentences])
    firsts = np.cumsum(counts, dtype=np.int64) - counts
    begins = firsts[np.cumsum(sizes) - sizes]
    return ids, np.diff(begins, append=len(ids)).astype(np.int32), firsts


def encoded_sentences(split: Split, text: TextFormat) -> Split:
    """A split of sentences as tokens, with a label for each.

    Args:
        split: as `load` gives it.
        text: whose tokenizer is known.

    Raises:
        TextError: a word holds no token.
    """
    (documents,), (labels,) = split.inputs, split.targets
    assert isinstance(documents, Documents)
    assert isinstance(labels, Tokens)
    assert labels.lengths is not None
    classes = int(labels.ids.max()) + 1
    xs, ys, lengths, full, done = [], [], [], [], 0
    for texts in documents.chunks():
        sentences = [each.split("\n") for each in texts]
        ids, counts, firsts = encoded_words(sentences, text.known)
        tags = np.full(len(ids), IGNORED)
        tags[firsts] = np.concatenate([_labels_of(labels, done + index) for index in range(len(sentences))])
        x, cut = cut_off(ids, counts, text.padding.most, at_start=text.at_start)
        y, _ = cut_off(tags, counts, text.padding.most, at_start=text.at_start)
        xs.append(x)
        ys.append(y)
        lengths.append(cut)
        full.append(counts)
        done += len(texts)
    counts = np.concatenate(lengths)
    tokens = _tokens(np.concatenate(xs), counts, text.padding, text.known.size)
    tokens = replace(tokens, full=torch.from_numpy(np.concatenate(full)))
    tagged = _tokens(np.concatenate(ys), counts, replace(text.padding, value=IGNORED), classes)
    return replace(split, inputs=inputs_of(tokens, text), targets=(tagged,))


def _labels_of(labels: Tokens, sample: int) -> Ids:
    assert labels.lengths is not None
    start = int(labels.starts[sample])
    found: Ids = labels.ids[start : start + int(labels.lengths[sample])].numpy()
    return found
