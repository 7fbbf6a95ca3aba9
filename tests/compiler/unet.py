"""A U-Net as one writes it by hand, for the spec to be held against. Parts are made in the order of the spec's."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn


def double_conv(enters: int, width: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (enters, width):
        layers += [nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """(N, 3, S, S) → (N, classes, S, S), where 16 divides S."""

    def __init__(self, classes: int, width: int) -> None:
        super().__init__()
        widths = [width * 2**i for i in range(5)]
        self.down = nn.ModuleList(double_conv(a, b) for a, b in zip([3, *widths], widths, strict=False))
        self.up = nn.ModuleList()
        self.conv = nn.ModuleList()
        for small, large in reversed(list(pairwise(widths))):
            self.up.append(nn.ConvTranspose2d(large, small, 2, stride=2))
            self.conv.append(double_conv(large, small))
        self.head = nn.Conv2d(width, classes, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        seen = []
        for level, down in enumerate(self.down):
            x = down(x if level == 0 else nn.functional.max_pool2d(x, 2))
            seen.append(x)
        for up, conv, beside in zip(self.up, self.conv, reversed(seen[:-1]), strict=True):
            x = conv(torch.cat([beside, up(x)], dim=1))
        return self.head(x)

    def parts(self) -> list[nn.Module]:
        """The layers with weights, in the order of a forward pass."""
        pairs = (part for pair in zip(self.up, self.conv, strict=True) for part in pair)
        return [*self.down, *pairs, self.head]
