"""Modules become specs that are the same networks, and that are as short as a person would write them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torchvision import models

import netspec
from netspec.importer.build import module_text
from netspec.importer.inputs import declared
from tests.importer.nets import NETS
from tests.importer.round_trip import differences
from tests.rounds import sample

SMALL: dict[str, list[int]] = {
    "resnet18": [3, 64, 64],
    "squeezenet1_1": [3, 64, 64],
    "shufflenet_v2_x0_5": [3, 64, 64],
}
LONGEST = {"resnet50": 60, "vgg16": 30, "efficientnet_v2_s": 120}


@pytest.mark.parametrize("name", NETS)
def test_networks_by_hand(name: str) -> None:
    make, given = NETS[name]
    torch.manual_seed(0)
    assert differences(make(), given) == []


@pytest.mark.parametrize("name", sample(SMALL, 3))
def test_networks_of_torchvision(name: str) -> None:
    assert differences(models.get_model(name), SMALL[name]) == []


@pytest.mark.parametrize("name", sample(LONGEST, 3))
def test_the_text_is_as_long_as_a_person_would_make_it(name: str) -> None:
    with torch.device("meta"):
        module = models.get_model(name)
    text = module_text(module, declared([3, 224, 224], module), name)
    assert len(netspec.loads(text).to_yaml().splitlines()) <= LONGEST[name]


def test_vgg16_is_what_a_person_writes() -> None:
    with torch.device("meta"):
        module = models.vgg16()
    lines = module_text(module, declared([3, 224, 224], module), "vgg16").splitlines()
    assert [line.split("  #")[0].rstrip() for line in lines] == [
        "netspec: 1",
        "name: vgg16",
        "input: [3, 224, 224]",
        "",
        "layers:",
        "  - name: features",
        "    repeat: {depth: [2, 2, 3, 3, 3], channels: [64, 128, 256, 512, 512]}",
        "    layers:",
        "      - repeat: depth",
        "        layers:",
        "          - Conv2d: {out_channels: channels, kernel_size: 3, padding: 1}",
        "          - ReLU: {inplace: true}",
        "      - MaxPool2d: 2",
        "  - {name: avgpool, AdaptiveAvgPool2d: 7}",
        "  - flatten",
        "  - name: classifier",
        "    layers:",
        "      - {repeat: 2, layers: [{Linear: 4096}, {ReLU: {inplace: true}}, Dropout]}",
        "      - Linear: 1000",
    ]
    assert "  - {name: avgpool, AdaptiveAvgPool2d: 7}  # 512×7×7" in lines


def test_a_module_is_left_as_it_was() -> None:
    make, given = NETS["vae"]
    module = make()
    module.get_submodule("body").eval()
    modes = [part.training for part in module.modules()]
    before = {key: value.clone() for key, value in module.state_dict().items()}
    netspec.from_module(module, given)
    assert [part.training for part in module.modules()] == modes
    assert all(torch.equal(value, before[key]) for key, value in module.state_dict().items())
    assert nn.Module.__call__.__module__ == "torch.nn.modules.module"


def test_names_and_inputs() -> None:
    spec = netspec.from_module(nn.Sequential(nn.Linear(4, 3)), {"x": [4]}, name="tiny")
    assert (spec.name, [each.name for each in spec.inputs]) == ("tiny", ["x"])
    assert netspec.from_module(nn.Sequential(nn.Linear(4, 3)), [4]).name == "Sequential"


@pytest.mark.parametrize("given", [3, "3,224,224", [], {}, [3.5], {"shape": [4], "dtype": "int3"}, [[4], [4], [4]]])
def test_what_is_no_input(given: Any) -> None:
    with pytest.raises(ValueError, match=r"input|dtype"):
        netspec.from_module(nn.Sequential(nn.Linear(4, 3)), given)


def test_only_modules() -> None:
    with pytest.raises(TypeError, match=r"torch\.nn\.Module, got function"):
        netspec.from_module(lambda x: x, [4])  # type: ignore[arg-type]  # what is tested


def test_a_difference_would_show() -> None:
    torch.manual_seed(0)
    module: Callable[..., Any] = nn.Sequential(nn.Linear(4, 3), nn.ReLU())
    other = netspec.loads("netspec: 1\ninput: [4]\nlayers: [{Linear: 3}, Tanh]\n")
    assert differences(module, [4], other) == ["output 0"]  # type: ignore[arg-type]  # a Module
    assert differences(nn.Sequential(nn.ReLU(), nn.Linear(4, 3)), [4], other)[0].startswith("keys")
