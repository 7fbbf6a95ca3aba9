"""Specs of modules read as a person would write them: loops with masks, modules beside each other."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

import netspec
from tests.importer.round_trip import differences


class Layer(nn.Module):
    """A layer that takes a mask."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.norm = nn.Linear(8, 8), nn.Linear(8, 8), nn.LayerNorm(8)

    def forward(self, x: Tensor, mask: Tensor, scale: Tensor) -> Tensor:
        weights = (self.query(x) @ self.key(x).transpose(1, 2)).masked_fill(mask, -1e9).softmax(-1)
        return self.norm(x + weights @ x * scale)


class Masked(nn.Module):
    """Layers in a row, of which each takes what the one before gives, a mask, and waves that only the root computes."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer() for _ in range(3))
        self.head = nn.Linear(8, 2)

    def forward(self, x: Tensor, words: Tensor) -> Tensor:
        mask = (words == 0)[:, None]
        scale = torch.outer(torch.arange(5.0), 1 / 10000 ** (torch.arange(8.0) / 8)).cos()
        for layer in self.layers:
            x = layer(x, mask, scale)
        return self.head(x.mean(1))


def test_a_mask_is_handed_on() -> None:
    given = [[5, 8], {"shape": [5], "dtype": "int64"}]
    assert differences(Masked(), given) == []
    text = netspec.from_module(Masked(), given).to_yaml()
    assert "outputs: [norm, input.1, input.2]" in text
    assert "repeat: 3, Layer: {}, from: [x, " in text
    assert "from: layers.0}" in text


class Experts(nn.Module):
    """Modules beside each other, which a gate weighs."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = nn.Linear(6, 4)
        self.experts = nn.ModuleList(nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3)) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        found = torch.stack([expert(x) for expert in self.experts], dim=1)
        return (self.gate(x).softmax(-1).unsqueeze(-1) * found).sum(1)


def test_modules_beside_each_other() -> None:
    assert differences(Experts(), [6]) == []
    assert "repeat: {i: 4}" in netspec.from_module(Experts(), [6]).to_yaml()


class Reversed(torch.autograd.Function):
    """The identity, whose gradient is turned round."""

    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def backward(ctx: object, *gradients: Tensor) -> Tensor:
        return -gradients[0]


class Adversarial(nn.Module):
    """A gradient that is turned round, and one that is cut."""

    def __init__(self) -> None:
        super().__init__()
        self.fc, self.head = nn.Linear(4, 4), nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.fc(x)
        reversed_: Tensor = Reversed.apply(x)
        return self.head(reversed_ + x.detach())


@pytest.mark.filterwarnings("ignore:netspec.from_module. Reversed")
def test_a_backward_of_its_own_is_told_and_a_cut_gradient_kept() -> None:
    text = netspec.from_module(Adversarial(), [4]).to_yaml()
    assert "# Reversed (test_readable.py:" in text
    assert "has a backward of its own" in text
    assert "detach" in text
