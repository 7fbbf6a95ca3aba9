"""Equal blocks in generated source: one class or function with arguments, and modules of their own all the same."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from torch import nn

import netspec
from tests.spec_cases import ROOT, SHIPPED

LONG = ROOT / "tests/render/efficientnet_v2_s.yaml"
# Lines of source, to be lowered only. Without folding they were 591, 503, 767, 454 and 1,254.
MOST_LINES = {"efficientnet_b0": 170, "googlenet": 80, "densenet121": 125, "convnext_tiny": 105}
BLOCKS = """\
netspec: 1
input: [8, 8, 8]
blocks:
  Unit:
    params: {width, stride: 1, keep}
    layers:
      - {name: conv, Conv2d: {out_channels: width, kernel_size: 3, stride: stride, padding: 1}}
      - {name: kept, slice: {dim: 1, start: 0, end: keep}}
      - {name: norm, BatchNorm2d: {}}
      - {add: {}, from: [kept, norm]}
layers:
  - {name: one, Unit: {width: 16, keep: 4}}
  - {name: two, Unit: {width: 32, stride: 2, keep: 8}}
  - {name: three, Unit: {width: 32, keep: 8}}
"""
CHAINS = """\
netspec: 1
input: [3, 16, 16]
blocks:
  ConvNormAct:
    params: {width, kernel: 3, p: 0.0}
    layers:
      - Conv2d: {out_channels: width, kernel_size: kernel, padding: kernel//2, bias: false}
      - BatchNorm2d
      - ReLU
      - Dropout: p
layers:
  - ConvNormAct: {width: 8}
  - {repeat: 4, ConvNormAct: {width: 8}}
  - {repeat: {i: 6}, ConvNormAct: {width: 8, kernel: 5, p: (i+1)/10}}
"""


def source(text: str) -> str:
    return netspec.to_python(netspec.loads(text))


def test_blocks_that_differ_in_numbers_are_one_class() -> None:
    text = source(BLOCKS)
    assert re.findall(r"^class (\w+)", text, re.MULTILINE) == ["Unit"]
    assert "def __init__(self, in_channels: int, width: int, stride: int, num_features: int) -> None:" in text
    assert "nn.Conv2d(in_channels, width, 3, stride=stride, padding=1)" in text
    assert "self.num_features = num_features" in text  # which forward reads
    assert "x[:, 0:self.num_features]" in text
    model = netspec.compile(netspec.loads(BLOCKS))
    assert [type(model.get_submodule(name)).__name__ for name in ("one", "two", "three")] == ["Unit"] * 3
    assert model(torch.zeros(2, 8, 8, 8)).shape == (2, 8, 4, 4)


def test_chains_are_functions_and_rows_of_them_one_line() -> None:
    text = source(CHAINS)
    assert "def conv_norm_act(in_channels: int, kernel: int, padding: int, p: float) -> nn.Sequential:" in text
    assert "for in_channels in (3, 8, 8, 8, 8)" in text
    equal = source(CHAINS.replace("- ConvNormAct: {width: 8}", "- Conv2d: {out_channels: 8, kernel_size: 1}"))
    assert "*(conv_norm_act(kernel=3, padding=1, p=0.0) for _ in range(4))," in equal
    assert "for p in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)" in text
    model = netspec.compile(netspec.loads(CHAINS))
    assert isinstance(model, nn.Sequential)
    assert len(model) == 11
    assert all(type(each) is nn.Sequential for each in model)
    assert [each[3].p for each in model] == [0.0] * 5 + [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    assert len({id(each) for each in model.parameters()}) == 11 * 3  # each has weights of its own
    assert [name for name, _ in model[:2].named_parameters()][-1] == "1.1.bias"


@pytest.mark.parametrize("name", ["self", "nn", "range", "torch", "conv", "forward", "input", "x", "training"])
def test_names_of_parameters_never_clash(name: str) -> None:
    text = BLOCKS.replace("keep", name).replace("width", f"{name}_2")
    assert netspec.compile(netspec.loads(text))(torch.zeros(2, 8, 8, 8)).shape == (2, 8, 4, 4)


@pytest.mark.parametrize("name", MOST_LINES)
def test_the_source_of_networks_is_short(name: str) -> None:
    assert len(netspec.to_python(netspec.load(ROOT / f"specs/{name}.yaml")).splitlines()) <= MOST_LINES[name]


def test_efficientnet_v2_s_has_less_than_200_lines_and_torchvisions_parameters() -> None:
    spec = netspec.load(LONG)
    assert len(netspec.to_python(spec).splitlines()) < 200
    model = netspec.compile(spec, device="meta")
    assert sum(each.numel() for each in model.parameters()) == 21_458_488
    models = pytest.importorskip("torchvision.models")
    with torch.device("meta"):
        theirs = models.efficientnet_v2_s()
    assert [(name, tensor.shape) for name, tensor in model.state_dict().items()] == [
        (name, tensor.shape) for name, tensor in theirs.state_dict().items()
    ]


@pytest.mark.skipif(find_spec("ruff") is None, reason="ruff is not installed")
def test_ruff_has_nothing_against_it(tmp_path: Path) -> None:
    for path in (*SHIPPED, LONG):
        (tmp_path / f"{path.stem}.py").write_text(netspec.to_python(netspec.load(path)), encoding="utf-8")
    check = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "E4,E7,E9,F,I001", str(tmp_path)]
    done = subprocess.run(check, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stdout
