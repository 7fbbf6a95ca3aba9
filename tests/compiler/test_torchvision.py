"""The published architectures are torchvision's: keys, order, printed layers, and outputs bit for bit."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torchvision import models

import netspec
from tests.compiler.unet import UNet
from tests.rounds import sample
from tests.spec_cases import ROOT

SMALL = 64  # pixels: the arithmetic is the same as at 224, in less time
OPTIONS = {"googlenet": {"aux_logits": False, "init_weights": True}, "vit_b_16": {"image_size": SMALL}}
SETTINGS = {"vit_b_16": {"size": SMALL}}
SAME = ["resnet18", "googlenet", "densenet121", "shufflenet_v2_x1_0", "efficientnet_b0", "convnext_tiny", "vit_b_16"]


def build(name: str, **options: Any) -> tuple[nn.Module, nn.Module]:
    """torchvision's model and ours with its weights, both in evaluation mode."""
    torch.manual_seed(0)
    theirs = getattr(models, name)(weights=None, **options)
    ours = netspec.compile(netspec.load(ROOT / f"specs/{name}.yaml", **SETTINGS.get(name, {})))
    return theirs.eval(), ours.eval()


def shaken(model: nn.Module) -> dict[str, torch.Tensor]:
    """The model's state after small changes, so that nothing is 0, 1 or 1e-6 any more; the model has it too."""
    with torch.no_grad():
        for value in (*model.parameters(), *model.buffers()):
            if value.is_floating_point():
                value += 0.01 * torch.rand_like(value)
    return model.state_dict()


@pytest.mark.parametrize("name", sample(SAME, 7, start=1))
def test_same_keys_and_bit_equal_outputs(name: str) -> None:
    theirs, ours = build(name, **OPTIONS.get(name, {}))
    state = shaken(theirs)
    assert list(ours.state_dict()) == list(state)
    ours.load_state_dict(state)
    picture = torch.rand(2, 3, SMALL, SMALL)
    with torch.no_grad():
        assert torch.equal(ours(picture), theirs(picture))


def test_a_regnet_from_lists_of_widths_and_depths() -> None:
    torch.manual_seed(0)
    theirs = models.regnet_y_400mf(num_classes=10).eval()
    ours = netspec.compile(netspec.load(ROOT / "tests/specs/ok/regnet.yaml")).eval()
    state = shaken(theirs)
    assert "trunk_output.block1.block1-0.f.a.0.weight" in state
    assert list(ours.state_dict()) == list(state)
    ours.load_state_dict(state)
    picture = torch.rand(2, 3, SMALL, SMALL)
    with torch.no_grad():
        assert torch.equal(ours(picture), theirs(picture))


def test_vgg16() -> None:
    with torch.device("meta"):
        theirs = models.vgg16(weights=None)
    ours = netspec.compile(netspec.load(ROOT / "specs/vgg16.yaml"), device="meta")
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert repr(ours.get_submodule("features")) == repr(theirs.features)
    assert repr(ours.get_submodule("classifier")) == repr(theirs.classifier)
    state = {key: torch.empty(value.shape) for key, value in theirs.state_dict().items()}
    generator = torch.Generator().manual_seed(0)
    for value in state.values():
        value.uniform_(-0.02, 0.02, generator=generator)
    theirs.load_state_dict(state, assign=True)
    ours.load_state_dict(state, assign=True)
    picture = torch.rand(1, 3, SMALL, SMALL, generator=generator)
    with torch.no_grad():
        assert torch.equal(ours.eval()(picture), theirs.eval()(picture))


def test_googlenet_with_its_auxiliary_heads() -> None:
    torch.manual_seed(0)
    theirs = models.GoogLeNet(aux_logits=True, init_weights=False)
    ours = netspec.compile(netspec.load(ROOT / "specs/googlenet_aux.yaml"))
    state = shaken(theirs)
    assert list(ours.state_dict()) == list(state)
    assert sum(weight.numel() for weight in ours.parameters()) == 13_004_888
    ours.load_state_dict(state)
    picture = torch.rand(2, 3, SMALL, SMALL)
    for seed in (1, 2):  # other numbers drop out
        given = []
        for model in (theirs, ours):
            torch.manual_seed(seed)
            given.append(model.train()(picture))
        assert torch.equal(given[0].logits, given[1][0])
        assert torch.equal(given[0].aux_logits1, given[1][1])
        assert torch.equal(given[0].aux_logits2, given[1][2])
    with torch.no_grad():
        assert torch.equal(theirs.eval()(picture), ours.eval()(picture))  # the first output alone


@pytest.mark.parametrize("name", ["vgg16", *sample(SAME, 3)])
def test_counts_are_the_published_ones(name: str) -> None:
    report = netspec.check(netspec.load(ROOT / f"specs/{name}.yaml"))
    published = models.get_model_weights(name).DEFAULT.meta
    assert report.parameters == published["num_params"]
    assert round(report.macs / 1e9, 3) == published["_ops"]


class Reader(nn.Module):
    """The LSTM classifier as one writes it by hand: (N, 1, 8, 8) → (N, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(8, 64, num_layers=2, dropout=0.2, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(128, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        sequence, _ = self.lstm(x[:, 0])
        return self.fc(sequence[:, -1])


def test_the_lstm_classifier_is_the_one_written_by_hand() -> None:
    torch.manual_seed(0)
    theirs = Reader().eval()
    ours = netspec.compile(netspec.load(ROOT / "specs/lstm_classifier.yaml")).eval()
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict(theirs.state_dict())
    picture = torch.rand(3, 1, 8, 8)
    assert torch.equal(ours(picture), theirs(picture))


def test_unet_is_the_one_written_by_hand() -> None:
    torch.manual_seed(0)
    theirs = UNet(classes=2, width=8).eval()
    ours = netspec.compile(netspec.load(ROOT / "specs/unet.yaml", width=8, size=32)).eval()
    values = [value for part in theirs.parts() for value in shaken(part).values()]
    assert len(values) == len(ours.state_dict())
    ours.load_state_dict(dict(zip(ours.state_dict(), values, strict=True)))
    picture = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(ours(picture), theirs(picture))


def test_unet_has_as_many_parameters_as_the_one_written_by_hand() -> None:
    with torch.device("meta"):
        theirs = UNet(classes=2, width=64)
    report = netspec.check(netspec.load(ROOT / "specs/unet.yaml"))
    assert report.parameters == sum(each.numel() for each in theirs.parameters())


def test_a_difference_would_show() -> None:
    theirs, ours = build("resnet18")
    ours.load_state_dict(theirs.state_dict())
    picture = torch.rand(1, 3, SMALL, SMALL)
    with torch.no_grad():
        next(ours.parameters()).add_(1e-3)
        assert not torch.equal(ours(picture), theirs(picture))
