"""Runs of texts: they are resumed bit for bit, predict as they were trained, and language models write."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from sklearn.metrics import log_loss

from netspec.core.diagnostics import Diagnostic
from netspec.core.files import ReadError
from netspec.inference.generate import Sampling, choose, make_generator
from netspec.inference.loaded_run import load_run
from netspec.inference.scoring import score_files, score_run
from netspec.reports.progress import Silent
from netspec.trainer.resume import spec_to_resume
from netspec.trainer.train import Run, train
from tests.runner.text.test_text_data import LABELS, SPEC, TEXTS, write_table

Start = Callable[..., Run]
Refused = Callable[..., list[Diagnostic]]
MODEL = """netspec: 1
name: writer
input: {shape: [8], dtype: int64}
layers:
  - Embedding: {num_embeddings: 32, embedding_dim: 16}
  - {name: rnn, GRU: {hidden_size: 24}}
  - {name: head, Linear: 32, from: rnn.0}
  - transpose: {dim0: 1, dim1: 2}
data:
  TextWindows: {path: long.txt, tokenizer: characters, stride: 5}
  val: 0.2
train:
  epochs: 5
  batch_size: 8
  loss: CrossEntropyLoss
  metrics: [perplexity]
  optimizer: {Adam: {lr: 2e-2}}
"""
SENTENCE = "every good boy does fine. "


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a language model that has learned a sentence; beside it the text and the spec."""
    from netspec.language.load import load

    folder = tmp_path_factory.mktemp("writer")
    (folder / "long.txt").write_text(SENTENCE * 40, encoding="utf-8")
    (folder / "net.yaml").write_text(MODEL, encoding="utf-8")
    train(load(str(folder / "net.yaml")), out=folder / "run", progress=Silent())
    return folder / "run"


@pytest.mark.parametrize("steps", [1, 4])
def test_a_run_goes_on_bit_for_bit(run: Start, tmp_path: Path, steps: int) -> None:
    write_table(tmp_path)
    whole = run(SPEC, "train.steps=5", out="whole")
    half = run(SPEC, f"train.steps={steps}", out="half")
    train(spec_to_resume(half.folder, None, ("train.steps=5",)), resume=half.folder, progress=Silent())
    first, second = (load_file(each.folder / "last.safetensors") for each in (whole, half))
    assert all(torch.equal(first[name], second[name]) for name in first)
    kept = [(each.folder / "tokenizer.json").read_text(encoding="utf-8") for each in (whole, half)]
    assert kept[0] == kept[1]


def test_texts_are_predicted_as_they_were_trained(run: Start, tmp_path: Path) -> None:
    write_table(tmp_path)
    done = run(SPEC, "train.epochs=20")
    (tmp_path / "new.txt").write_text("\n".join(TEXTS), encoding="utf-8")
    pd.DataFrame({"id": range(6), "text": TEXTS}).to_csv(tmp_path / "new.csv", index=False)
    loaded = load_run(done.folder)
    (tmp_path / "rows.csv").unlink()  # it is not needed
    lines, rows = (loaded.predict(tmp_path / name, top=2) for name in ("new.txt", "new.csv"))
    assert [each.classes for each in lines] == [each.classes for each in rows]
    assert [each.row for each in lines] == [1, 2, 3, 4, 5, 6]
    assert [each.classes[0][0] for each in lines] == LABELS
    text = loaded.text
    assert text is not None
    ids, _ = text.known.encode([TEXTS[0]])
    with torch.no_grad():
        expected = loaded.model()(torch.tensor([ids.tolist()])).softmax(1)[0]
    assert dict(lines[0].classes)["red"] == pytest.approx(float(expected[1]), abs=1e-5)


def test_texts_are_scored_by_their_labels(run: Start, tmp_path: Path) -> None:
    write_table(tmp_path)
    done = load_run(run(SPEC, "train.epochs=20").folder)
    (tmp_path / "classes").mkdir()
    for label in ("red", "blue"):
        lines = [text for text, word in zip(TEXTS, LABELS, strict=True) if word == label]
        (tmp_path / "classes" / f"{label}.txt").write_text("\n".join(lines), encoding="utf-8")
    faults: list[object] = []
    each = [score_files(done, [str(tmp_path / name)], faults.append).row for name in ("rows.csv", "classes")]
    assert [row["samples"] for row in each] == [6, 6]
    assert each[0]["loss"] == pytest.approx(each[1]["loss"]) == score_run(done).row["loss"]
    assert faults == []


def test_what_cannot_be_predicted_is_named(
    run: Start, netspec: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    write_table(tmp_path)
    run(SPEC)
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    code, out, said = netspec("predict", "run", "-", "latin.txt", "none.txt", stdin=b"red\nzebra\n\nblue\n")
    assert code == 2
    assert [line.split()[0] for line in out.splitlines()] == ["-:1", "-:4"]
    assert "-: row 2: holds no token that the run knows" in said
    assert "latin.txt: is not UTF-8: byte 0xe9 in line 1" in said
    assert "none.txt" in said


@pytest.mark.parametrize("content", [None, "{}", "[" * 9999, '{"model": {"vocab": {"<pad>": 0, "<unk>": 1, "a": 5}}}'])
def test_a_run_whose_tokenizer_was_changed_is_refused(run: Start, tmp_path: Path, content: str | None) -> None:
    write_table(tmp_path)
    done = run(SPEC)
    path = done.folder / "tokenizer.json"
    path.unlink() if content is None else path.write_text(content, encoding="utf-8")
    (tmp_path / "new.txt").write_text("red", encoding="utf-8")
    with pytest.raises(ReadError, match=r"tokenizer\.json"):
        load_run(done.folder).predict(tmp_path / "new.txt")


def test_perplexity_is_e_to_the_log_loss(writer: Path) -> None:
    loaded = load_run(writer)
    row = score_run(loaded).row
    text = loaded.text
    assert text is not None
    content = (writer.parent / "long.txt").read_text(encoding="utf-8")
    ids = text.known.encode([content])[0]
    cut = len(content) * 4 // 5
    while content[cut] != " " or content[cut - 1] == " ":
        cut += 1
    rest = torch.tensor(ids[cut:].tolist())
    x, y = rest[:-1].unfold(0, 8, 5), rest[1:].unfold(0, 8, 5)
    with torch.no_grad():
        chances = loaded.model()(x).double().softmax(1).movedim(1, -1).reshape(-1, 32)
    expected = math.exp(log_loss(y.flatten(), chances, labels=range(32)))
    assert row["perplexity"] == pytest.approx(expected, rel=1e-4)
    assert row["samples"] == len(x)


def test_the_likeliest_continuation_is_what_a_loop_by_hand_gives(writer: Path) -> None:
    loaded = load_run(writer)
    text, model = loaded.text, loaded.model()
    assert text is not None
    prompt = "every"
    ids = text.known.encode([prompt])[0].tolist()
    with torch.no_grad():
        for _ in range(40):
            ids.append(int(model(torch.tensor([ids[-8:]]))[0, 2:, -1].argmax()) + 2 if len(ids) >= 8 else 0)
            if ids[-1] == 0:  # fewer than the network takes: what is behind them does not matter
                filled = torch.tensor([(ids[:-1] + [5] * 8)[:8]])
                ids[-1] = int(model(filled)[0, 2:, len(ids) - 2].argmax()) + 2
    made = "".join(make_generator(loaded).stream(prompt, Sampling(40, temperature=0)))
    assert prompt + made == text.known.decode(ids)
    assert SENTENCE in prompt + made  # it has learned it by heart


def test_the_same_seed_writes_the_same(writer: Path) -> None:
    generator = make_generator(load_run(writer))

    def write(**how: float) -> str:
        return "".join(generator.stream("boy ", Sampling(30, **{"temperature": 3.0, **how})))  # type: ignore[arg-type]

    assert write(seed=1) == write(seed=1) != write(seed=2)
    assert write(top_k=1) == write(temperature=0) == write(temperature=1e-4)
    assert "<unk>" not in write(temperature=50)


def test_tokens_are_drawn_with_their_probabilities() -> None:
    scores = torch.tensor([1.0, 0.0, 2.0, -1.0])
    random = torch.Generator().manual_seed(0)
    drawn = torch.tensor([choose(scores, Sampling(temperature=0.5, top_k=3), random) for _ in range(2000)])
    expected = (scores / 0.5).masked_fill(scores == -1, -torch.inf).softmax(0)
    assert torch.allclose(torch.bincount(drawn, minlength=4) / 2000, expected, atol=0.03)
    assert int((drawn == 3).sum()) == 0


def test_the_command_writes_text_and_json(writer: Path, netspec: Callable[..., tuple[int, str, str]]) -> None:
    said = netspec("predict", str(writer), "--generate", "every", "--tokens", "20", "--temperature", "0")
    assert said == (0, "every good boy does fine.\n", "")
    code, out, _ = netspec("predict", str(writer), "--generate", "boy", "--tokens", "4", "--format", "json")
    content = json.loads(out)
    assert (code, content["prompt"], len(content["text"])) == (0, "boy", 4)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--generate", ""), 1, "the prompt is empty"),
        (("--generate", "漢字"), 1, "holds no token that the run knows"),
        (("--generate", "a", "--format", "csv"), 2, "no table"),
        (("--generate", "a", "file.txt"), 2, "give FILEs, or a text"),
        ((), 2, "give FILEs, or a text"),
        (("file.txt",), 2, "--generate"),
        (("--generate", "a", "--temperature", "-1"), 2, "temperature"),
    ],
)
def test_wrong_orders_are_said(
    writer: Path, netspec: Callable[..., tuple[int, str, str]], arguments: tuple[str, ...], code: int, message: str
) -> None:
    got, _, said = netspec("predict", str(writer), *arguments)
    assert (got, message in said) == (code, True), said


def test_only_language_models_write(run: Start, tmp_path: Path, refused: Refused) -> None:
    write_table(tmp_path)
    (found,) = refused(make_generator, load_run(run(SPEC).folder))
    assert "only a language model writes" in found.message


def test_a_network_that_looks_ahead_does_not_write(run: Start, tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "long.txt").write_text(SENTENCE * 20, encoding="utf-8")
    text = MODEL.replace("GRU: {hidden_size: 24}", "GRU: {hidden_size: 12, bidirectional: true}")
    (found,) = refused(make_generator, load_run(run(text, "train.epochs=1").folder))
    assert "looks ahead" in found.message
