"""Documents → Tokens: the tokenizer is learned of the training part, then encodes all parts.

Input: Data with documents. Output: the same with tokens, and their masks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from netspec.core.lazy_import import imported
from netspec.core.tree import Scalar
from netspec.data.split import LoadedData, Split
from netspec.data.text.format import DOCUMENTS, TAGGED, TextFormat
from netspec.data.text.learning import learn
from netspec.data.text.sources import Documents, TextError
from netspec.data.text.tokenizer import Tokenizer, TokenizerError
from netspec.data.text.tokens import PaddingMask, Tokens, compact, cut_off
from netspec.runtime.diagnostics import spec_error

ENCODE = {
    DOCUMENTS: "netspec.data.text.encoding:encoded_split",
    TAGGED: "netspec.data.text.tagged:encoded_sentences",
}


def encoded_texts(
    train: Split, val: Split | None, source: LoadedData, node: Scalar
) -> tuple[Split, Split | None, LoadedData]:
    """The parts of a dataset of documents as tokens, by a tokenizer that was learned of the training part.

    Args:
        train, val: the parts, whose only input is Documents.
        source: what the loader read.
        node: the dataset's name in the spec.

    Raises:
        SpecError: NS601, a text cannot be read or holds no token; the tokenizer cannot be used.
    """
    text = source.text
    assert text is not None
    documents = train.inputs[0]
    assert isinstance(documents, Documents)
    try:
        chunks = documents.chunks() if text.kind != TAGGED else _sentences(documents)
        text = with_tokenizer(text, learn(text.wanted, chunks, special=text.kind != TAGGED))
        encode = imported(ENCODE[text.kind])
        parts = [None if part is None else encode(part, text) for part in (train, val)]
    except TokenizerError as error:
        raise spec_error("NS601", f"the tokenizer cannot be used: {error}", text.node or node) from None
    except TextError as error:
        raise spec_error("NS601", str(error), node) from None
    tokens, other = parts
    assert tokens is not None
    return tokens, other, replace(source, whole=tokens, test=None, text=text)


def _sentences(documents: Documents) -> Iterator[list[str]]:
    """The words of tagged sentences, with blanks between them."""
    for texts in documents.chunks():
        yield [text.replace("\n", " ") for text in texts]


def with_tokenizer(text: TextFormat, tokenizer: Tokenizer) -> TextFormat:
    """A format whose tokenizer is known, and with it what pads."""
    return replace(text, tokenizer=tokenizer, padding=replace(text.padding, value=tokenizer.pad))


def encoded_split(split: Split, text: TextFormat) -> Split:
    """A split of documents as tokens.

    Raises:
        TextError: a text cannot be read, or holds no token.
    """
    documents = split.inputs[0]
    assert isinstance(documents, Documents)
    tokens = encoded_documents(documents, text)
    return replace(split, inputs=inputs_of(tokens, text))


def inputs_of(tokens: Tokens, text: TextFormat) -> tuple[Tokens | PaddingMask, ...]:
    """The inputs of a network: tokens, and their mask where one is wanted, in the order of the network's inputs."""
    if text.mask is None:
        return (tokens,)
    return (PaddingMask(tokens), tokens) if text.mask_first else (tokens, PaddingMask(tokens))


def encoded_documents(documents: Documents, text: TextFormat) -> Tokens:
    """Documents as tokens, compact.

    Args:
        documents: of a split.
        text: whose tokenizer is known.

    Raises:
        TextError: one cannot be read, or holds no token.
    """
    parts: list[NDArray[np.integer]] = []
    lengths: list[NDArray[np.int32]] = []
    full: list[NDArray[np.int32]] = []
    known = False
    for ids, count in _encoded(documents, text.known):
        known = known or text.known.unknown is None or bool((ids != text.known.unknown).any())
        full.append(count)
        kept, cut = cut_off(ids, count, text.padding.most, at_start=text.at_start)
        parts.append(compact(kept, text.known.size))
        lengths.append(cut)
    if not known:
        raise TextError(f"no text holds a token that the tokenizer knows: is it the one for {documents.name(0)}?")
    counts = torch.from_numpy(np.concatenate(lengths))
    whole = torch.from_numpy(np.concatenate(full))
    starts = counts.long().cumsum(0) - counts
    return Tokens(torch.from_numpy(np.concatenate(parts)), starts, counts, text.padding, whole)


def _encoded(documents: Documents, tokenizer: Tokenizer) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32]]]:
    done = 0
    for texts in documents.chunks():
        ids, count = tokenizer.encode(texts)
        if not count.all():
            raise TextError(f"{documents.name(done + int(count.argmin()))} holds no token")
        yield ids, count
        done += len(texts)
