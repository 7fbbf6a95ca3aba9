"""Inputs of any size: what is promised is proven, and the first size that breaks is named."""

from __future__ import annotations

import re
import time
from itertools import product

import pytest
import torch
from torch import nn

from netspec.checker import check
from netspec.language.load import loads
from netspec.render.json import report_json
from netspec.shapes.report import Report
from tests.spec_cases import ROOT


def checked(sizes: str, layers: str, input: str = "[3, H, W]", more: str = "") -> Report:
    return check(loads(f"netspec: 1\n{more}input: {input}\nsizes: {sizes}\nlayers:\n{layers}"))


def messages(report: Report) -> list[str]:
    return [found.message for found in report.diagnostics if found.severity == "error"]


BOTH = "{H: {min: %d, max: %d}, W: {min: %d, max: %d}}"
UNET = """\
  - branches:
      low: [{MaxPool2d: 8}, {Upsample: {scale_factor: 8}}]
      same: []
    merge: concat
"""
FLAT = "  - MaxPool2d: 4\n  - Flatten\n  - Linear: {in_features: 3*7*7, out_features: 2}\n"


class Joined(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([nn.functional.interpolate(nn.functional.max_pool2d(x, 8), scale_factor=8.0), x], 1)


@pytest.mark.parametrize(
    ("layers", "module"),
    [(UNET, Joined()), (FLAT, nn.Sequential(nn.MaxPool2d(4), nn.Flatten(), nn.Linear(147, 2, device="meta")))],
    ids=["skip", "flatten"],
)
@pytest.mark.parametrize("bounds", [(28, 31, 28, 31), (28, 32, 28, 31), (28, 31, 28, 32), (32, 32, 40, 40)])
def test_the_verdict_is_torchs_for_every_pair(layers: str, module: nn.Module, bounds: tuple[int, ...]) -> None:
    wrong: list[tuple[int, int]] = []
    for height, width in product(range(bounds[0], bounds[1] + 1), range(bounds[2], bounds[3] + 1)):
        try:
            module(torch.empty(2, 3, height, width, device="meta"))
        except RuntimeError:
            wrong.append((height, width))
    assert bool(messages(checked(BOTH % bounds, layers))) == bool(wrong)


def test_the_first_size_that_breaks_and_the_ranges_that_hold() -> None:
    report = checked(BOTH % (32, 100, 40, 100), UNET)
    (found,) = report.diagnostics
    assert found.code == "NS405"
    assert found.message.endswith(", at H = 33 or W = 41")
    assert found.fixes[0].title == "H: {multiple_of: 8}, W: {multiple_of: 8}"


def test_a_smallest_size_that_is_too_small() -> None:
    report = checked(BOTH % (3, 40, 9, 40), "  - Conv2d: {out_channels: 4, kernel_size: 7}\n")
    (found,) = report.diagnostics
    assert found.code == "NS404"
    assert found.message.endswith(", at H = 3, W = 9")
    assert found.fixes[0].title == "H: {min: 7}"


def test_weights_that_would_vary() -> None:
    report = checked(BOTH % (28, 40, 28, 31), "  - MaxPool2d: 4\n  - Flatten\n  - Linear: 2\n")
    (found,) = report.diagnostics
    assert found.code == "NS409"
    assert found.message == "in_features of Linear varies with H: 147 = 3·7·7 at H = 28, 168 = 3·8·7 at H = 32"
    assert found.fixes[0].title == "AdaptiveAvgPool2d: 7 before Flatten"


def test_a_parameter_says_which_size_figures_are_for() -> None:
    layers = "  - Conv2d: {out_channels: 4, kernel_size: 1}\n"
    assert report_json(checked(BOTH % (8, 64, 8, 64), layers))["outputs"] == {"0": [4, 8, 8]}
    answer = report_json(checked(BOTH % (8, 64, 8, 64), layers, more="params: {H: 32}\n"))
    assert (answer["outputs"], answer["at"]) == ({"0": [4, 32, 8]}, {"H": 32, "W": 8})


def test_one_name_on_two_axes_is_one_size() -> None:
    layers = "  - {name: turned, transpose: {dim0: 2, dim1: 3}}\n  - {add: {}, from: [input, turned]}\n"
    assert checked("{S: {min: 2, max: 64}}", layers, "[3, S, S]").ok
    (found, *_) = checked(BOTH % (8, 9, 8, 9), layers).diagnostics
    assert (found.code, found.message.partition(", at ")[2]) == ("NS405", "H = 9 or W = 9")


def test_a_pair_may_break_where_neither_of_its_sizes_does() -> None:
    """16, 20 and 20 numbers make 4 rows; 25 do not."""
    report = checked(BOTH % (4, 5, 4, 5), "  - Flatten\n  - {reshape: [4, -1]}\n", "[H, W]")
    assert [message.partition(", at ")[2] for message in messages(report)] == ["H = 5, W = 5"]


def test_not_all_sizes_of_a_large_network() -> None:
    layers = "  - repeat: 1000\n    layers: [{Conv1d: {out_channels: 1, kernel_size: 1}}]\n"
    start = time.perf_counter()
    report = checked("{L: {min: 1, max: 4096}}", layers, "[1, L]")
    assert [found.code for found in report.diagnostics] == ["NS920"]
    assert time.perf_counter() - start < 20  # about 3 s; the bound is for busy machines


def test_vgg16_of_every_size_from_32_to_512() -> None:
    text = (ROOT / "specs/vgg16.yaml").read_text(encoding="utf-8")
    changed = re.sub(r"^input: .*", "input: [3, H, W]", text, count=1, flags=re.MULTILINE)
    changed += "\nsizes: {H: {min: 32, max: 512}, W: {min: 32, max: 512}}\n"
    report = check(loads(changed))
    assert not [found.message for found in report.diagnostics if found.code.startswith("NS4")]


def test_data_of_any_promised_size() -> None:
    text = "netspec: 1\ninput: [1, H, W]\nsizes: {H: {min: %s, max: 64}, W: {min: 8, max: 64}}\nlayers:\n"
    text += "  - AdaptiveAvgPool2d: 1\n  - Flatten\n  - Linear: 10\ndata: MNIST\n"
    text += "train: {loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.1}}}\n"
    assert check(loads(text % 8)).ok
    assert [found.code for found in check(loads(text % 29)).diagnostics if found.severity == "error"] == ["NS602"]
