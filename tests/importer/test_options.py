"""Modules of one class of which some do more become one block, with `when` at what only some of them do."""

from __future__ import annotations

import torch
from torch import Tensor, nn

import netspec
from tests.importer.round_trip import differences


class Mixer(nn.Module):
    """Layers between which some copies roll, mask, and roll back."""

    def __init__(self, width: int, shift: int, outer: bool = False) -> None:
        super().__init__()
        self.norm, self.up, self.down = nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.shift, self.outer = shift, outer

    def forward(self, x: Tensor) -> Tensor:
        h = self.norm(x)
        if self.shift:
            h = h.roll(self.shift, 1)
        h = torch.tanh(self.up(h))
        if self.shift:
            gate = torch.sigmoid(h.mean(1, keepdim=True))
            h = h * gate + gate.sin()
        h = self.down(h)
        if self.shift:
            h = h.roll(-self.shift, 1)
        return x + h if not self.outer else x * h + x


def test_copies_that_do_more_share_a_block() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(Mixer(8, 0), Mixer(8, 2), nn.Linear(8, 6), Mixer(6, 0), Mixer(6, 1), Mixer(6, 0))
    spec = netspec.from_module(module, [5, 8])
    assert differences(module, [5, 8], spec) == []
    text = spec.to_yaml()
    assert text.count("LayerNorm") == 1
    assert text.count("when: with_roll") == 3


def test_what_does_not_lie_in_series_keeps_a_block_of_its_own() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(Mixer(8, 0), Mixer(8, 0), Mixer(8, 2, outer=True), Mixer(8, 2, outer=True))
    spec = netspec.from_module(module, [5, 8])
    assert differences(module, [5, 8], spec) == []
    assert "when" not in spec.to_yaml()
