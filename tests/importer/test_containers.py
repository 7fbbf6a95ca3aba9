"""Modules without weights between those of a container, and two containers by turns."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

import netspec
from tests.importer.round_trip import differences

pytestmark = pytest.mark.filterwarnings("ignore:netspec.from_module. the outputs differ")


class Swish(nn.Module):
    """An activation of one's own."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(x)


class Stack(nn.Module):
    """Layers in a list, and modules beside them that are applied after each."""

    def __init__(self, forward: Callable[[Stack, Tensor], Tensor], between: Callable[[], nn.Module]) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(8, 8) for _ in range(3)])
        self.between = between()
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(8, 2)
        self.run = forward

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.run(self, x))


def after_each(net: Stack, x: Tensor) -> Tensor:
    for layer in net.layers:
        x = net.drop(net.between(layer(x)))
    return x


def before_and_after(net: Stack, x: Tensor) -> Tensor:
    x = net.between(x)
    for layer in net.layers:
        x = x + net.between(layer(x))
    return net.between(net.between(x))


NETS: dict[str, tuple[Callable[[Stack, Tensor], Tensor], Callable[[], nn.Module]]] = {
    "activation": (after_each, nn.ReLU),
    "own": (after_each, Swish),
    "pool": (after_each, lambda: nn.AvgPool1d(3, 1, 1)),
    "around": (before_and_after, nn.GELU),
    "around_own": (before_and_after, Swish),
}


@pytest.mark.parametrize("name", NETS)
def test_modules_between(name: str) -> None:
    forward, between = NETS[name]
    assert differences(Stack(forward, between), [4, 8]) == []


def test_dropout_between_still_drops_in_training() -> None:
    made = netspec.compile(netspec.from_module(Stack(after_each, nn.ReLU), [8]))
    assert sum(isinstance(part, nn.Dropout) for part in made.modules()) == 3


@pytest.mark.parametrize("between", [lambda: nn.LayerNorm(8), lambda: nn.Sequential(nn.Linear(8, 8), nn.ReLU())])
def test_modules_with_weights_between(between: Callable[[], nn.Module]) -> None:
    def run(net: Stack, x: Tensor) -> Tensor:
        return net.layers[2](net.layers[1](net.between(net.layers[0](x))))

    assert differences(Stack(run, between), [8]) == []


class Zipped(nn.Module):
    """Two lists and a dict, whose modules are used by turns and in another order than that in which they are held."""

    def __init__(self) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.BatchNorm1d(4) for _ in range(3))
        self.convs = nn.ModuleList(nn.Conv1d(4, 4, 3, padding=1) for _ in range(3))
        self.ends = nn.ModuleDict({"last": nn.Linear(4, 2), "first": nn.Conv1d(4, 4, 1)})

    def forward(self, x: Tensor) -> Tensor:
        x = self.ends["first"](x)
        for conv, norm in reversed([*zip(self.convs, self.norms, strict=True)]):
            x = norm(conv(x)).relu()
        return self.ends["last"](x.mean(-1))


def test_lists_by_turns() -> None:
    assert differences(Zipped(), [4, 9]) == []
    text = netspec.from_module(Zipped(), [4, 9]).to_yaml()
    assert "- order: [norms, convs, ends, ends.last, ends.first]" in text
    assert "name: convs.2, Conv1d:" in text
