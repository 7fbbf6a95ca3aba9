"""Modules that are called several times, on other sizes and for other results, and layers of a folded batch."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

import netspec
from netspec.importer.waves import wave_formula
from tests.importer.round_trip import differences


class Positions(nn.Module):
    """Waves that are added to words, and a parameter, of which as many rows are taken as there are words."""

    def __init__(self, width: int = 8, longest: int = 40) -> None:
        super().__init__()
        table = torch.zeros(longest, width)
        position = torch.arange(0, longest, dtype=torch.float).unsqueeze(1)
        div = torch.exp(torch.arange(0, width, 2).float() * -(math.log(10000.0) / width))
        table[:, 0::2] = torch.sin(position * div)
        table[:, 1::2] = torch.cos(position * div)
        self.register_buffer("table", table.unsqueeze(0))
        self.scale = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        rows = self.table[:, : x.size(1)]
        return x * self.scale + rows, x.mean(1)


class Twice(nn.Module):
    """One module on two inputs of other lengths; of the second call one result is used."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(20, 8)
        self.positions = Positions()
        self.fc = nn.Linear(8, 4)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        first, mean = self.positions(self.words(source))
        second, _ = self.positions(self.words(target))
        scores = second @ self.words.weight.t()
        return self.fc(first.mean(1) + mean) + scores.mean((1, 2))[:, None]


WORDS = [{"shape": [7], "dtype": "int64"}, {"shape": [5], "dtype": "int64"}]


def test_calls_of_other_sizes() -> None:
    assert differences(Twice(), WORDS) == []
    text = netspec.from_module(Twice(), WORDS).to_yaml()
    assert "slice: {end: input.size(1)}" in text
    assert "value: sin(i0/10000**(i1//2*2/8) + i1%2*" in text


def test_tables_of_waves() -> None:
    angles = torch.arange(50)[:, None] / 10000 ** (torch.arange(16)[None] / 16)
    both = torch.cat([angles, angles], dim=1)
    assert wave_formula(both.cos()) == "cos(i0/10000**(i1%16/16))"
    assert wave_formula(torch.cat([angles.sin(), angles.cos()], 1)[None]) is not None
    assert wave_formula(torch.randn(50, 32).clamp(-1, 1)) is None
    assert wave_formula(both.cos() + 1e-3) is None


class Frames(nn.Module):
    """A CNN on each of the pictures of a sample, and one layer of its own in the same way."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.cnn = nn.Sequential(
            nn.Conv2d(4, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
        )
        self.rnn = nn.GRU(8, 6, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        b, t, c, h, w = x.shape
        x = self.cnn(torch.relu(self.first(x.view(b * t, c, h, w))))
        return self.rnn(x.view(b, t, -1))[0]


def test_layers_of_a_folded_batch() -> None:
    assert differences(Frames(), [5, 3, 8, 8]) == []
    lines = [line.strip() for line in netspec.from_module(Frames(), [5, 3, 8, 8]).to_yaml().splitlines()]
    assert any(line.startswith("- {name: first, Conv2d: {") and "each: 1" in line for line in lines)
    assert "each: 1" in lines  # of the group cnn
