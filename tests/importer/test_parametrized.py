"""Modules with torch's parametrizations become layers with `parametrize`, with the same weights by the same names."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import orthogonal, spectral_norm, weight_norm

import netspec
from netspec.importer.failure import ImportFailure
from tests.importer.round_trip import differences

pytestmark = pytest.mark.filterwarnings("ignore:netspec.from_module. the outputs differ")


class First(nn.Module):
    """The first of several tensors."""

    def forward(self, given: tuple[Tensor, ...]) -> Tensor:
        return given[0]


MODULES: dict[str, tuple[Callable[[], nn.Module], list[int], str]] = {
    "weight": (lambda: weight_norm(nn.Linear(8, 4)), [8], "parametrize: weight_norm"),
    "axis": (lambda: weight_norm(nn.Conv1d(8, 4, 3), dim=1), [8, 9], "parametrize: {weight_norm: {dim: 1}}"),
    "whole": (lambda: weight_norm(nn.Linear(8, 4), dim=None), [8], "parametrize: {weight_norm: {dim: null}}"),
    "spectral": (lambda: spectral_norm(nn.Conv2d(2, 4, 3), eps=1e-6), [2, 5, 5], "{spectral_norm: {eps: 1e-6}}"),
    "transposed": (lambda: spectral_norm(nn.ConvTranspose2d(2, 4, 3)), [2, 5, 5], "parametrize: spectral_norm"),
    "orthogonal": (lambda: orthogonal(nn.Linear(8, 4)), [8], "parametrize: orthogonal"),
    "map": (lambda: orthogonal(nn.Linear(8, 8), orthogonal_map="cayley"), [8], "{orthogonal_map: cayley}"),
    "two": (
        lambda: weight_norm(weight_norm(nn.Linear(8, 4)), name="bias"),
        [8],
        "parametrize: [weight_norm, {weight_norm: {name: bias}}]",
    ),
    "recurrent": (
        lambda: nn.Sequential(weight_norm(nn.LSTM(8, 4, batch_first=True), name="weight_hh_l0"), First()),
        [5, 8],
        "parametrize: {weight_norm: {name: weight_hh_l0}}",
    ),
}


@pytest.mark.parametrize("name", MODULES)
def test_parametrizations(name: str) -> None:
    make, given, said = MODULES[name]
    torch.manual_seed(0)
    module = nn.Sequential(make())
    assert said in netspec.from_module(module, given).to_yaml()
    assert differences(module, given) == []


def test_layers_with_and_without_are_not_the_same() -> None:
    module = nn.Sequential(*(weight_norm(nn.Linear(8, 8)) if turn % 2 else nn.Linear(8, 8) for turn in range(6)))
    assert differences(module, [8]) == []


class Positive(nn.Module):
    """A parametrization of one's own."""

    def forward(self, weight: Tensor) -> Tensor:
        return weight.bessel_j0() if hasattr(weight, "bessel_j0") else torch.special.bessel_j0(weight)


def test_one_of_ones_own() -> None:
    module = nn.Sequential(nn.Linear(8, 4))
    parametrize.register_parametrization(module[0], "weight", Positive())
    with pytest.raises(ImportFailure, match="bessel_j0"):
        netspec.from_module(module, [8])


class Block(nn.Module):
    """A layer by its own name and in a Sequential, whose weight is computed; torch's state_dict has it twice."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = weight_norm(nn.Conv1d(4, 4, 3, padding=1))
        self.net = nn.Sequential(self.conv, nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.net(x) + x
        return out


def test_a_parametrized_layer_of_two_names() -> None:
    module = nn.Sequential(Block(), Block())
    assert "0.net.0.parametrizations.weight.original0" in module.state_dict()
    assert differences(module, [4, 7]) == []
    spec = netspec.from_module(module, [4, 7])
    assert netspec.check(spec).parameters == sum(each.numel() for each in module.parameters())
    text = spec.to_yaml()
    assert text.count("tie:") == 1, text  # the second is the block again
    assert "0.parametrizations.weight.original0: conv.parametrizations.weight.original0" in text
