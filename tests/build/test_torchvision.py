"""The published architectures are torchvision's: keys, order, printed layers, and outputs bit for bit."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torchvision import models

import netspec
from tests.spec_cases import ROOT

SMALL = 64  # pixels: the arithmetic is the same as at 224, in less time


def build(name: str, **options: Any) -> tuple[nn.Module, nn.Module]:
    """torchvision's model and ours with its weights, both in evaluation mode."""
    torch.manual_seed(0)
    theirs = getattr(models, name)(weights=None, **options)
    ours = netspec.compile(netspec.load(ROOT / f"specs/{name}.yaml"))
    return theirs.eval(), ours.eval()


@pytest.mark.parametrize("name", ["resnet18", "googlenet"])
def test_same_keys_and_bit_equal_outputs(name: str) -> None:
    options = {"aux_logits": False, "init_weights": True} if name == "googlenet" else {}
    theirs, ours = build(name, **options)
    state = theirs.state_dict()
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


def test_a_difference_would_show() -> None:
    theirs, ours = build("resnet18")
    ours.load_state_dict(theirs.state_dict())
    picture = torch.rand(1, 3, SMALL, SMALL)
    with torch.no_grad():
        next(ours.parameters()).add_(1e-3)
        assert not torch.equal(ours(picture), theirs(picture))
