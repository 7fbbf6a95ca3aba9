"""Sentences with a label for each word: labels of tokens, what the loss and the metrics leave out, predictions."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from netspec.core.diagnostics import Diagnostic
from netspec.data.text.tagged import IGNORED
from netspec.data.text.tokens import Tokens
from netspec.inference.loaded_run import load_run
from netspec.language.spec import Spec
from netspec.trainer.train import Run
from netspec.training.plan import prepare
from netspec.training.setup import make_state

SENTENCES = [
    [("Ann", "NAME"), ("sees", "VERB"), ("Bob", "NAME"), (".", "END")],
    [("Bob", "NAME"), ("runs", "VERB"), (".", "END")],
    [("Ann's", "NAME"), ("dog", "NOUN"), ("runs", "VERB"), ("home", "NOUN"), (".", "END")],
]
SPEC = """netspec: 1
name: tags
input: {shape: [T], dtype: int64}
sizes: {T: {min: 1, max: 40}}
layers:
  - Embedding: {num_embeddings: 400, embedding_dim: 16, padding_idx: 0}
  - Linear: 4
  - transpose: {dim0: 1, dim1: 2}
data:
  TaggedText: {path: tags.conll}
train: {epochs: 30, batch_size: 2, loss: CrossEntropyLoss, optimizer: {Adam: {lr: 5e-2}}}
"""


@pytest.fixture(autouse=True)
def _file(tmp_path: Path) -> None:
    lines = ["-DOCSTART- -X-", ""]
    for sentence in SENTENCES:
        lines += [*(f"{word} {label}" for word, label in sentence), ""]
    (tmp_path / "tags.conll").write_text("\n".join(lines), encoding="utf-8")


@pytest.mark.parametrize("tokenizer", ["words", "characters", "bytes", "bpe"])
def test_the_first_token_of_a_word_has_its_label(make: Callable[..., Spec], tokenizer: str) -> None:
    plan = prepare(make(SPEC.replace("tags.conll}", f"tags.conll, tokenizer: {tokenizer}}}")))
    (x,), (y,) = plan.data.train.inputs, plan.data.train.targets
    text, classes = plan.data.source.text, plan.data.source.targets[0].classes
    assert classes == ("END", "NAME", "NOUN", "VERB")
    assert text is not None
    assert isinstance(x, Tokens)
    assert isinstance(y, Tokens)
    for index, sentence in enumerate(SENTENCES):
        place = slice(index, index + 1)
        ids, tags = x[place][0].tolist(), y[place][0].tolist()
        assert [classes[tag] for tag in tags if tag != IGNORED] == [label for _, label in sentence]
        starts = [at for at, tag in enumerate(tags) if tag != IGNORED]
        pieces = [text.known.decode(ids[a:b]) for a, b in zip(starts, [*starts[1:], len(ids)], strict=True)]
        assert [piece.replace(" ", "") for piece in pieces] == [word for word, _ in sentence]
    both = y[:]
    assert both[1, int(x.lengths[1]) :].eq(IGNORED).all() if x.lengths is not None else False


def test_the_loss_and_the_accuracy_are_of_words_alone(make: Callable[..., Spec]) -> None:
    job, state = make_state(prepare(make(SPEC.replace("tags.conll}", "tags.conll, length: 12}"))))
    (batch,) = job.train.batches(None, 3)
    assert batch.inputs[0].shape == (3, 12)
    counts = batch.targets[0] != IGNORED
    assert int(counts.sum()) == sum(map(len, SENTENCES))
    with torch.no_grad():
        state.model.eval()
        output = state.model(*batch.inputs)
    expected = torch.nn.functional.cross_entropy(output.movedim(1, -1)[counts], batch.targets[0][counts])
    assert float(job.objective(output, batch.targets)) == pytest.approx(float(expected))
    measures = job.measures()
    assert measures is not None
    measures.update((output,), batch.targets)
    hits = (output.argmax(1) == batch.targets[0])[counts]
    assert measures.result()["accuracy"] == pytest.approx(float(hits.float().mean()))


def test_words_get_labels(
    run: Callable[..., Run], netspec: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    done = run(SPEC, out="run")
    assert done.history[-1]["train_accuracy"] == 1.0
    (tmp_path / "new.conll").write_text("Bob\nsees\nAnn's\n.\n\nAnn\n", encoding="utf-8")
    first, second = load_run(done.folder).predict(tmp_path / "new.conll")
    assert first.labels == (("Bob", "NAME"), ("sees", "VERB"), ("Ann's", "NAME"), (".", "END"))
    assert (second.row, second.labels) == (2, (("Ann", "NAME"),))
    said = netspec("predict", "run", "-", "--format", "json", stdin=b"Ann runs .\n")
    assert json.loads(said[1])["predictions"][0]["labels"][1] == {"word": "runs", "label": "VERB"}
    assert netspec("predict", "run", "-", stdin=b"Ann runs .\n")[1] == "-:1  Ann/NAME  runs/VERB  ./END\n"
    table = netspec("predict", "run", "-", "--format", "csv", stdin=b"Ann runs .\n")[1]
    assert table == "file,row,words,labels\n-,1,Ann runs .,NAME VERB END\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("# only a remark\n", "holds no sentences"),
        ("Ann NAME\nsees\n", "the line 'sees' of sentence 1 has 1 column"),
    ],
)
def test_a_file_that_is_none_is_said(
    make: Callable[..., Spec], refused: Callable[..., list[Diagnostic]], tmp_path: Path, content: str, message: str
) -> None:
    (tmp_path / "tags.conll").write_text(content, encoding="utf-8")
    (found,) = refused(prepare, make(SPEC))
    assert message in found.message
    assert found.span.line == 10


def test_another_column_of_a_file_with_many(make: Callable[..., Spec], tmp_path: Path) -> None:
    (tmp_path / "tags.conll").write_text("1\tAnn\tNNP\tO\n2\truns\tVBZ\tO\n", encoding="utf-8")
    text = SPEC.replace("tags.conll}", "tags.conll, word: 1, label: 2}").replace("Linear: 4", "Linear: 2")
    source = prepare(make(text)).data.source
    assert source.targets[0].classes == ("NNP", "VBZ")
    assert source.text is not None
    assert source.text.known.decode([2, 3]) == "Ann runs"
