"""Pictures of the library `datasets` that are streamed: their order, bounded memory, resumption bit for bit, errors."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from safetensors.torch import load_file

from netspec.core.diagnostics import Diagnostic
from netspec.data.streaming import BufferedOrder, HeldPictures, StreamedPictures
from netspec.language.spec import Spec
from netspec.reports.progress import Silent
from netspec.trainer.resume import spec_to_resume
from netspec.trainer.train import Run, train
from netspec.training.interrupts import Interrupt
from netspec.training.plan import prepare
from netspec.training.setup import prepare_training

datasets = pytest.importorskip("datasets")
Make, Start, Refused = Callable[..., Spec], Callable[..., Run], Callable[..., list[Diagnostic]]
COUNT = 40
PICTURES = np.random.default_rng(0).integers(0, 256, (COUNT, 6, 6), np.uint8)
NET = """netspec: 1
name: stream
input: [1, 6, 6]
layers: [Flatten, {Linear: 3}]
data:
  HuggingFace: {path: rows.parquet, columns: image, target: label, streaming: true, buffer: 7}
  val: 0.2
  augment: [{GaussianNoise: {sigma: 0.1}}]
train: {epochs: 2, batch_size: 5, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.1, momentum: 0.9}}}
"""
PLAIN = NET.replace("\n  val: 0.2", "").replace("\n  augment: [{GaussianNoise: {sigma: 0.1}}]", "")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`rows.parquet`, `disk`, `both` with two parts, `bad.parquet`, and `rows.jsonl` without pictures."""
    folder = tmp_path_factory.mktemp("stream")
    kinds = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=["a", "b", "c"]),
                               "size": datasets.Value("float32"), "word": datasets.Value("string")})  # fmt: skip
    values = {
        "image": [Image.fromarray(picture) for picture in PICTURES],
        "label": [n % 3 for n in range(COUNT)],
        "size": [n / 2 for n in range(COUNT)],
        "word": [("x", "y", "z")[n % 3] for n in range(COUNT)],
    }
    rows = datasets.Dataset.from_dict(values, features=kinds)
    rows.to_parquet(folder / "rows.parquet")
    rows.save_to_disk(folder / "disk", num_shards=3)
    datasets.DatasetDict(train=rows, test=rows.select([3, 1])).save_to_disk(folder / "both")
    (folder / "rows.jsonl").write_text("\n".join(json.dumps({"a": n, "label": n % 3}) for n in range(5)))
    images: list[Any] = values["image"]
    images[9] = {"bytes": b"no picture", "path": None}
    datasets.Dataset.from_dict({**values, "image": images}, features=kinds).to_parquet(folder / "bad.parquet")
    return folder


@pytest.fixture
def here(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    return tmp_path


@given(count=st.integers(0, 60), buffer=st.integers(1, 70), seed=st.integers(0, 5))
def test_the_order_is_random_within_the_buffer(count: int, buffer: int, seed: int) -> None:
    order = BufferedOrder(count, buffer)(seed, 1)
    assert sorted(order.tolist()) == [*range(count)]
    assert all(sample < place + buffer for place, sample in enumerate(order.tolist()))
    assert torch.equal(order, BufferedOrder(count, buffer)(seed, 1))


def test_a_buffer_of_everything_draws_any_sample_first() -> None:
    firsts = {int(BufferedOrder(6, 6)(seed, 0)[0]) for seed in range(100)}
    assert firsts == {*range(6)}
    assert BufferedOrder(6, 1)(3, 0).tolist() == [*range(6)]


@pytest.mark.parametrize("path", ["rows.parquet", "disk", "both"])
def test_each_sample_comes_once_with_its_target(here: Path, make: Make, path: str) -> None:
    plan, job, _ = prepare_training(make(PLAIN.replace("rows.parquet", path)), "cpu")
    assert isinstance(plan.data.train.inputs[0], StreamedPictures)
    assert (job.val is None) == (path != "both")
    order = job.order(3)
    batches = [*job.train.batches(order, 5, epoch=3)]
    seen = torch.cat([batch.inputs[0] for batch in batches])
    assert torch.equal(seen[:, 0], torch.from_numpy(PICTURES)[order] / 255)
    assert torch.cat([batch.targets[0] for batch in batches]).tolist() == [n % 3 for n in order.tolist()]
    every = torch.cat([batch.inputs[0] for batch in job.train.batches(None, 9)])
    assert torch.equal(every[:, 0], torch.from_numpy(PICTURES) / 255)


def test_no_more_than_the_buffer_is_held(here: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    _, job, _ = prepare_training(make(PLAIN), "cpu")
    held: list[HeldPictures] = []
    begun = HeldPictures.__init__

    def noted(self: HeldPictures, *args: Any) -> None:
        begun(self, *args)
        held.append(self)

    monkeypatch.setattr(HeldPictures, "__init__", noted)
    most = max(len(held[-1].cells) for _ in job.train.batches(job.order(0), 5))
    assert 0 < most <= 7


def test_a_run_that_was_cut_off_ends_with_the_same_bits(
    here: Path, run: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(NET, out="whole")
    asked = iter([False] * 9)
    with monkeypatch.context() as patch:
        patch.setattr(Interrupt, "__call__", lambda self: next(asked, True))
        cut = run(NET, out="cut")
    assert len(cut.history) < 2
    again = train(spec_to_resume(cut.folder, None, ()), resume=cut.folder, progress=Silent())
    weights = [load_file(one.folder / "last.safetensors") for one in (whole, again)]
    assert all(torch.equal(tensor, weights[1][name]) for name, tensor in weights[0].items())


@pytest.mark.parametrize(
    ("target", "loss", "expected"),
    [("word", "CrossEntropyLoss", [0, 1, 2]), ("size", "MSELoss", [[0.0], [0.5], [1.0]])],
)
def test_targets_are_words_and_numbers_too(here: Path, make: Make, target: str, loss: str, expected: list[Any]) -> None:
    text = PLAIN.replace("target: label", f"target: {target}").replace("CrossEntropyLoss", loss)
    checks = prepare(make(text.replace("Linear: 3", f"Linear: {1 if loss == 'MSELoss' else 3}"))).data_checks
    assert checks.train[0][:3].tolist() == expected


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ((("columns: image", "columns: [size, image]"),), "with streaming: true columns is one column"),
        ((("columns: image", "columns: imag"),), "did you mean image?"),
        ((("target: label", "target: [label, size]"),), "with streaming: true target is one column"),
        ((("columns: image", "columns: [size, nothing]"),), "there is no column 'nothing'"),
        ((("rows.parquet", "nothing.parquet"),), "there is no file"),
        ((("path: rows.parquet", "path: some/name"),), "the dataset some/name cannot be had from the hub"),
        ((("buffer: 7}", "buffer: 7}\n  sampler: balanced"),), "sampler: balanced takes samples from anywhere"),
    ],
)
def test_what_cannot_be_streamed_is_one_error(
    here: Path, make: Make, refused: Refused, changes: Any, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://nowhere.invalid")
    text = PLAIN
    for change in changes:
        text = text.replace(*change)
    found = refused(prepare, make(text), "cpu")
    assert any(message in one.message for one in found), found
    assert all(one.span.line in (3, 4, 6, 7) for one in found)


TABLE = """netspec: 1
name: stream
input: [4]
layers: [{Linear: 3}]
data:
  HuggingFace: {path: PATH, columns: [size, word], target: label, normalize: zscoreSTREAM}
  val: 0.2
train: {epochs: 2, batch_size: 5, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.1, momentum: 0.9}}}
"""


@pytest.mark.parametrize("path", ["rows.parquet", "disk", "both"])
def test_numbers_and_words_are_those_that_are_not_streamed(here: Path, run: Start, path: str) -> None:
    """Read once into memory, so that the runs end with the same bits."""
    text = TABLE.replace("PATH", path)
    text = text.replace("  val: 0.2\n", "") if path == "both" else text
    runs = [run(text.replace("STREAM", ", streaming: true"), out="a"), run(text.replace("STREAM", ""), out="b")]
    weights = [load_file(one.folder / "last.safetensors") for one in runs]
    assert all(torch.equal(tensor, weights[1][name]) for name, tensor in weights[0].items())


def test_lines_of_json_are_streamed_into_memory(here: Path, make: Make, refused: Refused) -> None:
    text = PLAIN.replace("rows.parquet", "rows.jsonl").replace("columns: image", "columns: a")
    text = text.replace("[1, 6, 6]", "[1]").replace("Flatten, ", "")
    assert prepare(make(text), "cpu").data.train.tables[0].tolist() == [[n] for n in range(5)]
    (found,) = refused(prepare, make(text.replace("columns: a", "columns: [a, b]").replace("[1]", "[2]")), "cpu")
    assert "there is no column 'b'" in found.message


def test_a_stream_beyond_memory_is_refused(
    here: Path, make: Make, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("netspec.data.tables.bounded.ALWAYS", 100)
    text = (
        TABLE.replace("PATH", "rows.parquet")
        .replace("STREAM", ", streaming: true")
        .replace("val: 0.2", "val: 0.2\n  memory: 100")
    )
    (found,) = refused(prepare, make(text), "cpu")
    assert "rows.parquet holds more than the 100 bytes that `memory` allows" in found.message


def test_a_damaged_picture_is_named_when_it_is_read(here: Path, run: Start, refused: Refused) -> None:
    (found,) = refused(run, PLAIN.replace("rows.parquet", "bad.parquet"))
    assert "sample 9 cannot be read" in found.message
