"""Samples of several pictures in files: pairs and triplets of a table with a column of paths for each input."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from netspec.core.diagnostics import Diagnostic
from netspec.core.files import ReadError
from netspec.distributed.process_group import ProcessGroup
from netspec.inference.loaded_run import load_run
from netspec.language.spec import Spec
from netspec.reports.progress import Silent
from netspec.trainer.resume import spec_to_resume
from netspec.trainer.train import Run, train
from netspec.training.interrupts import Interrupt
from netspec.training.plan import make_job, prepare
from netspec.training.setup import prepare_training
from tests.spec_cases import check_says

Make = Callable[..., Spec]
Start = Callable[..., Run]
Refused = Callable[..., list[Diagnostic]]
NET = """netspec: 1
name: several
inputs: {left: [1, 6, 6], right: [1, 6, 6]}
layers:
  - {name: near, from: left, layers: [Flatten, {Linear: 4}]}
  - {name: far, share: near, from: right}
outputs: [near, far]
data:
  Pictures: {path: pairs.csv, files: {left: first, right: second}, target: same}
  augment: [{GaussianNoise: {sigma: 0.1}}]
train: {epochs: 2, batch_size: 3, loss: {near: {CosineEmbeddingLoss: {}, input2: far}}, optimizer: {SGD: {lr: 0.1}}}
"""
TRIPLETS = (
    NET.replace("right: [1, 6, 6]}", "right: [1, 6, 6], other: [1, 6, 6]}")
    .replace("\noutputs: [near, far]", "\n  - {name: off, share: near, from: other}\noutputs: [near, far, off]")
    .replace("right: second}, target: same}", "right: second, other: third}}\n  target: input")
    .replace("CosineEmbeddingLoss: {}, input2: far", "TripletMarginLoss: {}, positive: far, negative: off")
)


@pytest.fixture(autouse=True)
def files(tmp_path: Path) -> list[np.ndarray]:
    """Eight pictures, and a table of ten pairs, the second always the picture behind the first."""
    random = np.random.default_rng(0)
    pictures = [random.integers(0, 256, (6, 6), dtype=np.uint8) for _ in range(8)]
    for index, picture in enumerate(pictures):
        Image.fromarray(picture).save(tmp_path / f"{index}.png")
    rows = [f"{n % 8}.png,{(n + 1) % 8}.png,{(n + 2) % 8}.png,{1 if n % 2 else -1}" for n in range(10)]
    (tmp_path / "pairs.csv").write_text("first,second,third,same\n" + "\n".join(rows), encoding="utf-8")
    return pictures


@pytest.mark.parametrize("memory", ["1GB", "1B"])
def test_each_input_has_its_own_picture_of_each_sample(make: Make, files: list[np.ndarray], memory: str) -> None:
    plan, job, _ = prepare_training(
        make(NET.replace("\n  augment: [{GaussianNoise: {sigma: 0.1}}]", ""), f"data.memory={memory}"), "cpu"
    )
    order = torch.tensor([7, 0, 3, 9, 4])
    seen = [batch for _ in range(2) for batch in job.train.batches(order, 3)]
    assert [batch.own for batch in seen] == [3, 2, 3, 2]
    left, right = (torch.cat([batch.inputs[at] for batch in seen[:2]]) for at in (0, 1))
    for row, sample in enumerate(order.tolist()):
        for x, place in ((left, sample % 8), (right, (sample + 1) % 8)):
            assert torch.equal(x[row, 0], torch.from_numpy(files[place]) / 255)
    assert torch.cat([batch.targets[0] for batch in seen[:2]]).tolist() == [1, -1, 1, 1, -1]
    assert len(job.train) == len(plan.data.train) == 10


def test_the_pictures_of_a_sample_have_random_transforms_of_their_own(make: Make, tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text("first,second,same\n0.png,0.png,1\n1.png,1.png,1\n2.png,2.png,1\n")
    plan, job, _ = prepare_training(make(NET), "cpu")
    (batch,) = job.train.batches(torch.arange(3), 3)
    (plain,) = job.train.batches(None, 3)
    assert torch.equal(*plain.inputs)
    assert not any(torch.equal(x, y) for x in batch.inputs for y in plain.inputs)
    assert not torch.equal(*batch.inputs)
    assert make_job(plan, torch.nn.Identity()).train is not job.train


@pytest.mark.parametrize("text", [NET, TRIPLETS])
def test_a_run_that_was_cut_off_ends_with_the_same_bits(run: Start, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    whole = run(text, "data.memory=1B", "data.workers=0", out="whole")
    asked = iter([False] * 5)
    with monkeypatch.context() as patch:
        patch.setattr(Interrupt, "__call__", lambda self: next(asked, True))
        cut = run(text, out="cut")
    assert len(cut.history) < 2
    again = train(spec_to_resume(cut.folder, None, ()), resume=cut.folder, progress=Silent())
    weights = [load_file(one.folder / "last.safetensors") for one in (whole, again)]
    assert all(torch.equal(tensor, weights[1][name]) for name, tensor in weights[0].items())


def test_what_is_refused(
    run: Start, make: Make, refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_says(NET.replace("right: second", "rihgt: second"), "NS602", "no input 'rihgt'; did you mean right?")
    check_says(NET.replace("files: {left: first, right: second}", "files: first"), "NS602", "gives one input a sample")
    (found,) = refused(prepare, make(NET.replace("right: second", "right: secnd")))
    assert "the table has no column 'secnd'" in found.message
    with pytest.raises(ReadError, match="takes several pictures a sample"):
        load_run(run(NET, "train.epochs=1").folder).predict(tmp_path / "0.png")
    monkeypatch.setattr(ProcessGroup, "wait", lambda self: None)
    (found,) = refused(prepare_training, make(NET), "cpu", (), ProcessGroup(0, 2))
    assert "are loaded in one process" in found.message
