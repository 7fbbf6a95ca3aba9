"""Repeats whose copies hand on several values, or whose outputs are all used, against modules written by hand."""

from __future__ import annotations

import torch
from torch import nn
from torchvision import models

import netspec
from tests.compiler.test_torchvision import shaken
from tests.spec_cases import ROOT

OK = ROOT / "tests/specs/ok"


def assert_same(name: str, theirs: nn.Module, *inputs: torch.Tensor) -> None:
    """The compiled spec has the module's keys in its order, and with its weights its outputs, bit for bit."""
    ours = netspec.compile(netspec.load(OK / f"{name}.yaml")).eval()
    state = shaken(theirs.eval())
    assert list(ours.state_dict()) == list(state)
    ours.load_state_dict(state)
    with torch.no_grad():
        assert torch.equal(ours(*inputs), theirs(*inputs))


class Conv(nn.Module):
    """(N, C, H, W) → (N, width, H, W)."""

    def __init__(self, channels: int, width: int, kernel: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, width, kernel, padding=kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(width)
        self.act = nn.SiLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.act(self.bn(self.conv(x)))


class Bottleneck(nn.Module):
    """(N, C, H, W) → the same."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.cv1, self.cv2 = Conv(width, width, 3), Conv(width, width, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.cv2(self.cv1(x))


class C2f(nn.Module):
    """As in Ultralytics' code: (N, C, H, W) → (N, width, H, W)."""

    def __init__(self, channels: int, width: int, n: int) -> None:
        super().__init__()
        self.cv1 = Conv(channels, width)
        self.m = nn.ModuleList(Bottleneck(width // 2) for _ in range(n))
        self.cv2 = Conv((2 + n) * width // 2, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = list(self.cv1(x).chunk(2, 1))
        for m in self.m:
            y.append(m(y[-1]))
        return self.cv2(torch.cat(y, 1))


def test_c2f() -> None:
    torch.manual_seed(0)
    theirs = nn.Sequential()
    theirs.add_module("stem", Conv(3, 16, 3))
    theirs.add_module("c2f", C2f(16, 16, 3))
    assert_same("c2f", theirs, torch.rand(2, 3, 16, 16))


class Layer(nn.Module):
    """A residual layer of WaveNet: (N, C, T) and (N, skip, T) → the same."""

    def __init__(self, channels: int, skip: int, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.filter = nn.Conv1d(channels, channels, 2, dilation=dilation)
        self.gate = nn.Conv1d(channels, channels, 2, dilation=dilation)
        self.res = nn.Conv1d(channels, channels, 1)
        self.to_skip = nn.Conv1d(channels, skip, 1)

    def forward(self, x: torch.Tensor, skip: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        padded = nn.functional.pad(x, (self.dilation, 0))
        gated = self.filter(padded).tanh() * self.gate(padded).sigmoid()
        return x + self.res(gated), skip + self.to_skip(gated)


class WaveNet(nn.Module):
    """(N, classes, T) → (N, classes, T)."""

    def __init__(self, channels: int, skip: int, classes: int, dilations: list[int]) -> None:
        super().__init__()
        self.start = nn.Conv1d(classes, channels, 1)
        self.skip = nn.Conv1d(channels, skip, 1)
        self.stack = nn.ModuleList(Layer(channels, skip, dilation) for dilation in dilations)
        self.end1 = nn.Conv1d(skip, skip, 1)
        self.end2 = nn.Conv1d(skip, classes, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.start(x)
        skip = self.skip(x)
        for layer in self.stack:
            x, skip = layer(x, skip)
        return self.end2(self.end1(skip.relu()).relu())


def test_wavenet() -> None:
    torch.manual_seed(0)
    assert_same("wavenet", WaveNet(8, 12, 5, [1, 2, 4, 8]), torch.rand(2, 5, 32))


def test_densenet_is_torchvisions() -> None:
    torch.manual_seed(0)
    theirs = models.DenseNet(growth_rate=8, block_config=(2, 3), num_init_features=16, num_classes=10)
    assert_same("densenet", theirs, torch.rand(2, 3, 32, 32))


def test_densenet121_by_all_features_before() -> None:
    """The form of the paper with torchvision's sizes: the keys of DenseNet-121 in its order."""
    text = (OK / "densenet.yaml").read_text(encoding="utf-8")
    text = text.replace('["(start + 2*growth)//2", 0]', "[128, 256, 512, 0]")
    spec = netspec.loads(text, growth=32, depths=[6, 12, 24, 16], start=64, classes=1000)
    ours = netspec.compile(spec, device="meta")
    with torch.device("meta"):
        theirs = models.densenet121()
    assert [(key, value.shape) for key, value in ours.state_dict().items()] == [
        (key, value.shape) for key, value in theirs.state_dict().items()
    ]
