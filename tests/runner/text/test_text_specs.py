"""The shipped specs of texts, briefly: they learn, beside what counting alone gives on the same samples."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB

from netspec.core.shapes import Tensor
from netspec.data.section import read_data
from netspec.data.text.sources import Documents
from netspec.data.text.tokens import Tokens
from netspec.language.load import load
from netspec.reports.progress import Silent
from netspec.trainer.train import train
from netspec.training.plan import prepare
from tests.spec_cases import ROOT

CNN, GPT = (str(ROOT / f"specs/{name}.yaml") for name in ("text_cnn", "char_gpt"))


def test_a_small_gpt_beats_the_counts_of_pairs(tmp_path: Path) -> None:
    settings = ("train.epochs=1", "params.depth=1", "params.width=48", "params.length=32", "train.steps=130")
    spec = load(
        GPT,
        (
            *settings,
            "data.TextWindows.stride=32",
            "train.batch_size=16",
            "train.scheduler={OneCycleLR: {max_lr: 1e-2}}",
        ),
    )
    data = prepare(spec).data
    ids, held = tokens_of(data.train), tokens_of(data.val)
    counts = np.full((256, 256), 0.1)
    np.add.at(counts, (ids[:-1], ids[1:]), 1)
    pairs = counts / counts.sum(1, keepdims=True)
    bigram = math.exp(-np.log(pairs[held[:-1], held[1:]]).mean())
    unigram = math.exp(-np.log(counts.sum(0)[held] / counts.sum()).mean())
    best = train(spec, out=tmp_path / "run", progress=Silent()).best
    assert best is not None
    assert bigram == pytest.approx(10.1, abs=0.7)  # of another version of Python somewhat else
    assert best["val_perplexity"] < bigram < unigram


def tokens_of(part: object) -> np.ndarray:
    """The tokens of a part, one after the other."""
    (tokens,) = part.inputs  # type: ignore[attr-defined]
    assert isinstance(tokens, Tokens)
    return tokens.ids.numpy().astype(int)


@pytest.mark.exhaustive
def test_a_convolutional_network_beats_the_commonest_class(tmp_path: Path) -> None:
    smaller = ("params.filters=16", "params.width=24", "params.words_left_out=0.0", "params.left_out=0.1")
    spec = load(CNN, ("train.epochs=2", *smaller, "data.Text.length={max: 40}"))
    data = read_data(spec, {"input": Tensor((8,), "int64")}, 0, None)
    assert data.val is not None
    texts, labels = [], []
    for part in (data.train, data.val):
        (documents,), (targets,) = part.inputs, part.targets
        assert isinstance(documents, Documents)
        assert isinstance(targets, torch.Tensor)
        texts.append([text for chunk in documents.chunks() for text in chunk])
        labels.append(targets.numpy())
    common = DummyClassifier().fit(texts[0], labels[0]).score(texts[1], labels[1])
    words = CountVectorizer()
    bayes = MultinomialNB().fit(words.fit_transform(texts[0]), labels[0])
    assert bayes.score(words.transform(texts[1]), labels[1]) == pytest.approx(0.91, abs=0.04)  # as the page says
    best = train(spec, out=tmp_path / "run", progress=Silent()).best
    assert best is not None
    assert best["val_accuracy"] > 1.5 * common
