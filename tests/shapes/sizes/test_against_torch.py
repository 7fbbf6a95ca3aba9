"""`netspec sizes` against torch: the sizes it names are exactly those whose forward works, tried one by one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import product

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from netspec.checker import check
from netspec.language.load import loads
from netspec.shapes.sizes.question import Answer, answer

PAIRS, SQUARES = 12, 40


@dataclass(frozen=True)
class Net:
    """A network twice: as a spec's text, and as a function of torch made by hand."""

    text: str
    module: nn.Module


class Skip(nn.Module):
    """What goes down and comes up again, beside what entered."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([self.inner(x), x], 1)


def refuse_nothing(module: nn.Module, inputs: object, output: torch.Tensor) -> None:
    """What every device does, but the meta device of torch 2.6: a convolution has to give something."""
    if 0 in output.shape:
        raise RuntimeError("output size is too small")


def written(layers: list[nn.Module], lines: list[str], start: int, size: int) -> Net:
    text = f"netspec: 1\ninput: [3, {start}, {size}]\nlayers:\n" + "".join(f"  - {line}\n" for line in lines)
    return Net(text, nn.Sequential(*layers))


@st.composite
def nets(draw: st.DrawFn) -> Net:
    layers: list[nn.Module] = []
    lines: list[str] = []
    channels = 3

    def convolution(least: int = 1) -> None:
        nonlocal channels
        kernel, stride, padding = (draw(st.integers(least, 5)), draw(st.integers(1, 3)), draw(st.integers(0, 2)))
        dilation = draw(st.sampled_from([1, 1, 2]))
        layers.append(nn.Conv2d(channels, 4, kernel, stride, padding, dilation, device="meta"))
        layers[-1].register_forward_hook(refuse_nothing)
        args = f"out_channels: 4, kernel_size: {kernel}, stride: {stride}, padding: {padding}, dilation: {dilation}"
        lines.append(f"Conv2d: {{{args}}}")
        channels = 4

    def pool() -> None:
        kernel, stride, ceil = draw(st.integers(2, 3)), draw(st.integers(1, 3)), draw(st.booleans())
        kind = draw(st.sampled_from(["MaxPool2d", "AvgPool2d"]))
        layers.append(getattr(nn, kind)(kernel, stride, ceil_mode=ceil))
        lines.append(f"{kind}: {{kernel_size: {kernel}, stride: {stride}, ceil_mode: {str(ceil).lower()}}}")

    def pad() -> None:
        amount = draw(st.integers(1, 3))
        layers.append(nn.ReflectionPad2d(amount))
        lines.append(f"ReflectionPad2d: {amount}")

    def norm() -> None:
        layers.append(nn.InstanceNorm2d(channels))
        lines.append("InstanceNorm2d")

    def skip() -> None:
        nonlocal channels
        factor, up = draw(st.integers(2, 3)), draw(st.sampled_from(["Upsample", "ConvTranspose2d"]))
        down, back = nn.MaxPool2d(factor), nn.Upsample(scale_factor=factor)
        line = f"{{Upsample: {{scale_factor: {factor}}}}}"
        if up == "ConvTranspose2d":
            back = nn.ConvTranspose2d(channels, channels, factor, factor, device="meta")
            line = f"{{ConvTranspose2d: {{out_channels: {channels}, kernel_size: {factor}, stride: {factor}}}}}"
        layers.append(Skip(nn.Sequential(down, back)))
        lines.append(f"{{branches: {{low: [{{MaxPool2d: {factor}}}, {line}], same: []}}, merge: concat}}")
        channels *= 2

    for _ in range(draw(st.integers(1, 4))):
        draw(st.sampled_from([convolution, convolution, pool, pad, norm, skip]))()
    head = draw(st.sampled_from(["none", "flatten", "flatten", "adaptive", "rows", "transposed"]))
    start, size = draw(st.integers(4, PAIRS)), draw(st.integers(4, PAIRS))
    if head == "adaptive":
        layers += [nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(channels * 4, 5, device="meta")]
        lines += ["AdaptiveAvgPool2d: 2", "Flatten", "Linear: 5"]
    elif head == "flatten":
        features = draw(st.sampled_from([channels, channels * 4, channels * 6]))
        layers += [nn.Flatten(), nn.Linear(features, 5, device="meta")]
        lines += ["Flatten", f"Linear: {{in_features: {features}, out_features: 5}}"]
    elif head == "rows":  # one axis alone reaches the Linear
        features = draw(st.integers(1, 6))
        layers.append(nn.Linear(features, 5, device="meta"))
        lines.append(f"Linear: {{in_features: {features}, out_features: 5}}")
    elif head == "transposed":  # the two axes have to be equal
        layers.append(Squared())
        lines += ["{name: turned, transpose: {dim0: 2, dim1: 3}}", "{name: same, ReLU, from: [turned]}"]
        lines[-2:] = ["{name: kept, Identity: {}}", "{name: turned, transpose: {dim0: 2, dim1: 3}}",
                      "{concat: {dim: 1}, from: [kept, turned]}"]  # fmt: skip
    return written(layers, lines, start, size)


class Squared(nn.Module):
    """A picture beside itself, turned."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([x, x.transpose(2, 3)], 1)


def works(module: nn.Module, height: int, width: int) -> bool:
    try:
        module(torch.empty(2, 3, height, width, device="meta"))
    except (RuntimeError, ValueError):
        return False
    return True


def answered(text: str, last: int) -> Answer:
    report = check(loads(text), fixes=False)
    assert report.graph is not None
    return answer(report.graph, report.inferred, report.sound, last)


@settings(
    max_examples=int(os.environ.get("NETSPEC_SIZES", "12")),
    deadline=None,
    derandomize="NETSPEC_SIZES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
@given(nets())
def test_the_sizes_are_those_for_which_torch_works(net: Net) -> None:
    found = answered(net.text, PAIRS).fits
    for height, width in product(range(1, PAIRS + 1), repeat=2):
        right = works(net.module, height, width)
        assert ({"H": height, "W": width} in found) == right, f"{height}×{width} {right}\n{net.text}"
    far = answered(net.text, SQUARES).fits
    for size in range(1, SQUARES + 1):
        assert ({"H": size, "W": size} in far) == works(net.module, size, size), f"{size}\n{net.text}"


@pytest.mark.parametrize(
    ("sample", "layers", "module"),
    [
        (
            "[4, 40]",
            "[{Conv1d: {out_channels: 4, kernel_size: 5, stride: 2}}, {MaxPool1d: 2}, Flatten, "
            "{Linear: {in_features: 4*9, out_features: 2}}]",
            nn.Sequential(nn.Conv1d(4, 4, 5, 2), nn.MaxPool1d(2), nn.Flatten(), nn.Linear(36, 2)),
        ),
        (
            "[1, 8, 8, 8]",
            "[{Conv3d: {out_channels: 2, kernel_size: 3}}, {MaxPool3d: 2}, Flatten, "
            "{Linear: {in_features: 2*27, out_features: 2}}]",
            nn.Sequential(nn.Conv3d(1, 2, 3), nn.MaxPool3d(2), nn.Flatten(), nn.Linear(54, 2)),
        ),
    ],
    ids=["sequence", "volume"],
)
def test_other_numbers_of_axes(sample: str, layers: str, module: nn.Module) -> None:
    last = 60 if sample == "[4, 40]" else 12
    found = answered(f"netspec: 1\ninput: {sample}\nlayers: {layers}\n", last)
    channels = int(sample[1])
    spatial = [axis.name for axis in found.axes if axis.name != "C"]
    for sizes in product(range(1, last + 1), repeat=len(spatial)):
        choice = dict(zip(spatial, sizes, strict=True)) | ({"C": channels} if len(spatial) == 1 else {})
        try:
            module.to("meta")(torch.empty(2, channels, *sizes, device="meta"))
            right = True
        except RuntimeError:
            right = False
        assert (choice in found.fits) == right, choice
