"""What is loaded from a run lies in memory as it lay in training, and so computes bit for bit what was trained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

import netspec
from netspec.checker import check
from netspec.inference.loaded_run import load_run
from netspec.inference.predict import make_predictor
from netspec.inference.scoring import score_files, score_run
from netspec.language.spec import Spec
from netspec.trainer.train import Run
from netspec.training.devices import channels_last
from tests.runner.test_predict import photo

Start = Callable[..., Run]
Make = Callable[..., Spec]
Strides = dict[str, tuple[int, ...]]

PHOTOS = """netspec: 1
name: photos
input: [3, 12, 12]
layers:
  - AvgPool2d: {kernel_size: 3, stride: 1}
  - Conv2d: {out_channels: 16, kernel_size: 3, padding: 1}
  - Conv2d: {out_channels: 16, kernel_size: 3, groups: 16}
  - Conv2d: {out_channels: 8, kernel_size: 1}
  - AdaptiveAvgPool2d: 2
  - Flatten
  - Linear: 2
data:
  ImageFolder: {root: pictures}
  transforms: [{Resize: [12, 12]}]
train: {epochs: 2, batch_size: 4, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.1}}}
"""


def strides(model: nn.Module) -> Strides:
    return {name: tensor.stride() for name, tensor in model.state_dict().items()}


@pytest.fixture
def photos(run: Start, tmp_path: Path) -> Run:
    """A run on ten photos of two classes."""
    for index in range(10):
        folder = tmp_path / "pictures" / str(index % 2)
        folder.mkdir(parents=True, exist_ok=True)
        photo(index).save(folder / f"{index}.png")
    return run(PHOTOS)


def test_a_loaded_network_is_the_trained_one(photos: Run) -> None:
    trained = photos.model.eval()
    assert any(not tensor.is_contiguous() for tensor in trained.state_dict().values())
    loaded = netspec.load_model(photos.folder / "last.safetensors"), load_run(photos.folder).model("last")
    x = torch.rand(5, 3, 12, 12)
    for model in loaded:
        assert strides(model) == strides(trained)
        for batch in (x, x.contiguous(memory_format=torch.channels_last)):
            assert torch.equal(model(batch), trained(batch))


def test_predictions_and_scores_are_computed_as_in_training(photos: Run) -> None:
    seen: list[tuple[torch.Tensor, torch.Tensor]] = []
    predictor = make_predictor(load_run(photos.folder), "cpu", "last")
    predictor.model.register_forward_hook(lambda module, inputs, output: seen.append((inputs[0], output)))
    list(predictor.stream([str(photos.folder.parent / "pictures")], 2))
    ((batch, output),) = seen
    assert batch.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(output, photos.model.eval()(batch))
    loaded = load_run(photos.folder)
    row = score_run(loaded, "cpu", "last").row
    files = score_files(loaded, [str(photos.folder.parent / "pictures")], lambda fault: None, "cpu", "last").row
    assert (files["samples"], files["loss"], files["accuracy"]) == (10, row["loss"], row["accuracy"])


def test_weights_that_are_spread_over_processes_are_contiguous_and_stay_so(make: Make, photos: Run) -> None:
    report = check(make(PHOTOS, "train.strategy=fsdp"))
    assert not channels_last(photos.model, report, torch.device("cpu"))
    report = check(make(PHOTOS, "train.strategy=ddp"))
    assert channels_last(photos.model, report, torch.device("cpu"))
    assert not channels_last(photos.model, report, torch.device("mps"))
