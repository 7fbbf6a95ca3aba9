"""`each`: a layer, group or block at each index along an axis, against a module that folds the axis by hand."""

from __future__ import annotations

import torch
from torch import Tensor, nn

import netspec
from tests.compiler.test_copies import OK, assert_same


class Frame(nn.Module):
    """[N, 3, H, W] → [N, 4, H, W]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn = nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.conv(x)).relu()


class Each(nn.Module):
    """[N, 5, 3, 16, 16] → [N, 5, 8]."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Frame()
        pooled = (nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.cnn = nn.Sequential(nn.Conv2d(4, 8, 3, stride=2, padding=1), nn.ReLU(), *pooled)
        self.lstm = nn.LSTM(8, 6, batch_first=True)
        self.rows = nn.Sequential(*(nn.Conv2d(4, 4, 3, padding=1) for _ in range(2)))
        self.add_module("7", nn.Sequential(nn.Conv2d(4, 2, 16), nn.Flatten()))

    def forward(self, x: Tensor) -> Tensor:
        n, t = x.shape[:2]
        frames = self.stem(x.reshape(n * t, 3, 16, 16))
        states, _ = self.lstm(self.cnn(frames).reshape(n, t, -1))
        rows = self.rows(frames)
        last = self.get_submodule("7")(rows).reshape(n, t, -1)
        return torch.cat((states, last), dim=2)


def test_each_is_by_hand() -> None:
    assert_same("each", Each(), torch.randn(2, 5, 3, 16, 16))


def test_macs_count_every_index() -> None:
    report = netspec.check(netspec.load(OK / "each.yaml"))
    one = netspec.check(
        netspec.loads("netspec: 1\ninput: [3, 8]\nlayers: [{Conv1d: {out_channels: 4, kernel_size: 3}}]\n")
    )
    five = "netspec: 1\ninput: [5, 3, 8]\nlayers: [{Conv1d: {out_channels: 4, kernel_size: 3}, each: 1}]\n"
    assert netspec.check(netspec.loads(five)).macs == 5 * one.macs
    assert report.macs == 749_200


def test_the_axis_may_be_of_any_size() -> None:
    text = (
        (OK / "each.yaml")
        .read_text()
        .replace("input: [5, 3, 16, 16]", "input: [T, 3, 16, 16]\nsizes: {T: {min: 1, max: 9}}")
    )
    made = netspec.compile(netspec.loads(text.replace(", shape: [5, 4, 16, 16]", ""))).eval()
    with torch.no_grad():
        assert made(torch.randn(2, 7, 3, 16, 16)).shape == (2, 7, 8)
