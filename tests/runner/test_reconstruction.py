"""`target: input`: what batches hold, what trains, what a check refuses, and the output of such a run as a picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.decomposition import PCA

from netspec.checker import check
from netspec.core.diagnostics import Diagnostic
from netspec.data.batches import Feed, epoch_order
from netspec.language.load import load, loads
from netspec.language.spec import Spec
from netspec.reports.progress import Silent
from netspec.trainer.train import Run, train
from netspec.training.plan import prepare
from netspec.training.setup import make_state

Make = Callable[..., Spec]
Start = Callable[..., Run]
SPECS = Path(__file__).parents[2] / "specs"
PICTURES = """netspec: 1
name: denoiser
input: [3, 8, 8]
layers: [{Conv2d: {out_channels: 3, kernel_size: 3, padding: 1}}]
data:
  ImageFolder: {root: pictures}
  target: input
  transforms: [{Resize: [8, 8]}, {Normalize: {mean: [0.5], std: [0.25]}}]
  augment: [{GaussianNoise: {sigma: 0.3}}, {RandomErasing: {p: 1.0, inplace: true}}]
  val: 0.25
train: {epochs: 2, batch_size: 4, loss: MSELoss, optimizer: {SGD: {lr: 0.05, momentum: 0.9}}}
"""
TABLE = """netspec: 1
name: table
input: [3]
layers: [{Linear: 2}, {Linear: 3}]
data:
  inline: {x: [[1, 0, 0.5], [0, 1, 0.25], [1, 1, 0], [0.5, 0.25, 1]]}
  target: input
train: {epochs: 2, batch_size: 2, loss: MSELoss, optimizer: {SGD: {lr: 0.1}}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    for number in range(16):
        place = tmp_path / "pictures" / ("cat" if number % 2 else "dog")
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(chance.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(place / f"{number:02}.png")


def feeds(spec: Spec) -> tuple[Feed, Feed]:
    job, _ = make_state(prepare(spec))
    assert job.val is not None
    return job.train, job.val


def test_only_the_input_gets_the_noise(make: Make, folder: None) -> None:
    noisy, val = feeds(make(PICTURES))
    plain = feeds(make("".join(line for line in PICTURES.splitlines(True) if "augment" not in line)))[0]
    order = epoch_order(0, 0, len(noisy))
    for changed, clean in zip(noisy.batches(order, 4), plain.batches(order, 4), strict=True):
        assert torch.equal(changed.targets[0], clean.inputs[0])
        assert torch.equal(clean.targets[0], clean.inputs[0])
        assert (changed.inputs[0] - changed.targets[0]).flatten(1).std(1).min() > 0.5  # 0.3 of noise over a std of 0.25
    for batch in val.batches(None, 3):
        assert torch.equal(batch.inputs[0], batch.targets[0])


@pytest.mark.parametrize("workers", [0, 1])
def test_from_the_disk_the_batches_are_the_same(make: Make, folder: None, workers: int) -> None:
    held = feeds(make(PICTURES))
    stored = feeds(make(PICTURES, "data.memory=1kB", f"data.workers={workers}"))
    for ours, theirs in zip(stored, held, strict=True):
        order = epoch_order(0, 1, len(ours))
        for first in (0, 1):  # from the second step on they are those of a run that goes on there
            pairs = zip(
                ours.batches(order[first * 4 :], 4, epoch=1, step=first),
                theirs.batches(order[first * 4 :], 4, epoch=1, step=first),
                strict=True,
            )
            for ours_now, theirs_now in pairs:
                assert torch.equal(ours_now.inputs[0], theirs_now.inputs[0])
                assert torch.equal(ours_now.targets[0], theirs_now.targets[0])


@pytest.mark.exhaustive
def test_the_autoencoder_loses_less_than_pca_of_its_width(tmp_path: Path) -> None:
    spec = load(str(SPECS / "autoencoder.yaml"), ("train.epochs=12",))
    best = train(spec, out=tmp_path / "run", progress=Silent()).best
    data = prepare(spec).data
    assert data.val is not None
    seen, new = (split.tables[0].flatten(1).numpy() for split in (data.train, data.val))
    pca = PCA(int(spec.params["code"].value), random_state=0).fit(seen)  # type: ignore[union-attr]
    linear = float(((pca.inverse_transform(pca.transform(new)) - new) ** 2).mean())
    mean = float(((seen.mean(0) - new) ** 2).mean())
    assert best is not None
    assert best["val_loss"] < 0.8 * linear < linear < 0.5 * mean


def test_a_table_is_its_own_target_and_needs_no_other(make: Make, run: Start) -> None:
    assert set(run(TABLE).history[-1]) >= {"train_loss", "train_mae", "train_rmse"}
    job, _ = make_state(prepare(make(TABLE)))
    batch = next(job.train.batches(None, 4))
    assert torch.equal(batch.targets[0], batch.inputs[0])


def test_numbers_that_are_looked_up_are_classes(make: Make) -> None:
    layers = "[{Embedding: {num_embeddings: 5, embedding_dim: 4}}, {Linear: 5}, {transpose: {dim0: 1, dim1: 2}}]"
    text = TABLE.replace("[3]", "{shape: [3], dtype: int64}").replace("[{Linear: 2}, {Linear: 3}]", layers)
    text = text.replace("[[1, 0, 0.5], [0, 1, 0.25], [1, 1, 0], [0.5, 0.25, 1]]", "[[1, 0, 4], [2, 3, 3]]")
    job, _ = make_state(prepare(make(text, "train.loss=CrossEntropyLoss")))
    batch = next(job.train.batches(None, 2))
    assert batch.targets[0].tolist() == [[1, 0, 4], [2, 3, 3]]
    assert batch.targets[0].dtype == torch.int64


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (("loss: MSELoss", "loss: CrossEntropyLoss"), "NS603", "the targets of inline are amounts"),
        (("loss: MSELoss", "loss: SoftMarginLoss"), "NS603", "wants labels"),
        (("{Linear: 3}]", "{Linear: 4}]"), "NS612", "the output is 4, a target of inline is 3 numbers"),
        (("loss: MSELoss", "loss: BCEWithLogitsLoss, metrics: [accuracy]"), "NS616", "accuracy is about labels"),
        (("loss: MSELoss", "loss: MSELoss, metrics: [accuracy]"), "NS616", "accuracy cannot be measured with MSELoss"),
        (("target: input", "target: -1"), "NS202", "data → target is `input`"),
        (("  target: input\n", ""), "NS203", "inline needs y"),
        (("input: [3]", "inputs: {a: [3], b: [3]}"), "NS603", "is for a network with one input"),
    ],
)
def test_what_cannot_be_is_found_by_the_check(change: tuple[str, str], code: str, words: str) -> None:
    text = TABLE.replace(*change)
    if "inputs:" in text:
        text = text.replace("{Linear: 2}", "{concat: {}, from: [a, b]}, {Linear: 2}")
    report = check(loads(text))
    assert [found for found in report.diagnostics if found.code == code and words in found.message], report.diagnostics


def test_values_that_the_loss_does_not_take_are_named(
    make: Make, refused: Callable[..., list[Diagnostic]], folder: None
) -> None:
    wrong = TABLE.replace("[1, 1, 0]", "[1, 7, 0]").replace("MSELoss", "BCEWithLogitsLoss")
    assert "a target 7 in row 3" in refused(prepare, make(wrong))[0].message
    scaled = PICTURES.replace("MSELoss", "BCEWithLogitsLoss")  # normalised pixels are not from 0 to 1
    assert "wants targets from 0 to 1" in refused(prepare, make(scaled))[0].message
    balanced = TABLE.replace("loss: MSELoss", "loss: {BCEWithLogitsLoss: {pos_weight: balanced}}")
    assert "there are none" in refused(prepare, make(balanced))[0].message


def test_the_output_is_written_as_a_picture(
    run: Start, netspec: Callable[..., tuple[int, str, str]], folder: None, tmp_path: Path
) -> None:
    identity = PICTURES.replace("kernel_size: 3, padding: 1", "kernel_size: 1, bias: false")
    done = run(identity, "train.optimizer={SGD: {lr: 0.0}}")
    weights = {name: torch.eye(3)[:, :, None, None] for name in done.model.state_dict()}
    done.model.load_state_dict(weights)
    from safetensors import safe_open
    from safetensors.torch import save_file

    path = tmp_path / "run" / "best.safetensors"
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    save_file(weights, path, metadata)
    code, out, _ = netspec("predict", "run", "pictures", "--pictures", "outputs", "--format", "json")
    assert code == 0
    assert '"picture": "outputs/01.png"' in out
    for written in (tmp_path / "outputs").iterdir():
        (original,) = (tmp_path / "pictures").rglob(written.name)
        assert np.array_equal(np.array(Image.open(written)), np.array(Image.open(original)))


def test_an_output_that_is_no_picture_is_refused(run: Start, netspec: Callable[..., tuple[int, str, str]]) -> None:
    run(TABLE)
    code, _, err = netspec("predict", "run", "rows.csv", "--pictures", "outputs")
    assert code == 1
    assert "the output, 3, is no picture and no mask" in err


def test_all_columns_of_a_table_are_its_samples_where_none_is_named(
    tmp_path: Path, make: Make, run: Callable[..., Run], netspec: Callable[..., Any]
) -> None:
    (tmp_path / "rows.csv").write_text("a,b,c\n1,2,3\n4,5,7\n2,2,1\n", encoding="utf-8")
    text = (
        "netspec: 1\nname: rows\ninput: [3]\nlayers: [{Linear: 2}, {Linear: 3}]\n"
        "data: {CSV: rows.csv, target: input}\n"
        "train: {epochs: 1, batch_size: 2, loss: MSELoss, optimizer: {SGD: {lr: 0.01}}}\n"
    )
    data = prepare(make(text)).data
    assert data.source.columns == ("a", "b", "c")
    assert data.train.inputs[0].tolist() == [[1, 2, 3], [4, 5, 7], [2, 2, 1]]
    run(text)
    for command in (("predict", "run", "rows.csv"), ("eval", "run"), ("data", "net.yaml")):
        assert netspec(*command)[0] == 0
    named = prepare(make(text.replace("CSV: rows.csv", "CSV: {path: rows.csv, target: c}").replace("[3]", "[2]")
                         .replace("Linear: 3", "Linear: 2"))).data  # fmt: skip
    assert named.source.columns == ("a", "b")
