"""Sizes of other tensors in arguments: the compiled network takes them from the tensors that it gets."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

import netspec

RANGES = "{H: {min: 8, max: 64}, W: {min: 8, max: 64}}"


def network(layers: str, more: str = "") -> tuple[netspec.Spec, torch.nn.Module]:
    spec = netspec.loads(f"netspec: 1\ninput: [3, H, W]\nsizes: {RANGES}\n{more}layers:\n{layers}")
    report = netspec.check(spec)
    assert report.ok, report
    return spec, netspec.compile(spec).eval()


def pictures(height: int, width: int) -> torch.Tensor:
    return torch.rand(2, 3, height, width, generator=torch.Generator().manual_seed(height))


@pytest.mark.parametrize("size", [(8, 8), (17, 40)])
def test_back_to_the_size_of_the_picture(size: tuple[int, int]) -> None:
    spec, model = network("""
  - {name: conv, Conv2d: {out_channels: 4, kernel_size: 3, stride: 2, padding: 1}}
  - {interpolate: {size: [H, W], mode: bilinear}}
""")
    expected = F.interpolate(model.conv(pictures(*size)), size=size, mode="bilinear")
    assert torch.equal(model(pictures(*size)), expected)
    assert "size=(input.shape[2], input.shape[3])" in netspec.to_python(spec)


@pytest.mark.parametrize("size", [(8, 8), (9, 30)])
def test_arithmetic_is_pythons(size: tuple[int, int]) -> None:
    expression = "min(input.size(2), 20)*2 - (input.size(3)//k)//2 if input.size(3) > 8 and not k == 2 else -(-W//2)"
    _, model = network(f"  - arange: {expression}\n", "params: {k: 3}\n")
    height, width = size
    count = min(height, 20) * 2 - (width // 3) // 2 if width > 8 else -(-width // 2)
    assert torch.equal(model(pictures(*size)), torch.arange(count).expand(2, -1))


def test_cut_position_embeddings() -> None:
    """A transformer for up to 64 patches takes as many positions as there are."""
    _, model = network("""
  - {name: patches, Conv2d: {out_channels: 16, kernel_size: 8, stride: 8}}
  - flatten: 2
  - {name: tokens, transpose: {dim0: 1, dim1: 2}}
  - {name: table, parameter: {shape: [64, 16], init: normal}}
  - {name: positions, slice: {end: tokens.size(1)}}
  - {add: {}, from: [tokens, positions]}
""")
    x = pictures(24, 40)
    tokens = model.patches(x).flatten(2).transpose(1, 2)
    assert torch.equal(model(x), tokens + model.table[:15])


def test_in_a_block_and_of_one_of_several_outputs() -> None:
    spec = netspec.loads("""
netspec: 1
input: [3, H, 8]
sizes: {H: {min: 8, max: 64, multiple_of: 8}}
blocks:
  Like: [{interpolate: {size: [input.1.size(2), input.1.size(3)]}, from: input.0}]
layers:
  - {name: parts, chunk: {chunks: 2, dim: 2}}
  - {name: small, AvgPool2d: 4, from: input}
  - {name: large, Like: {}, from: [small, parts.0]}
  - {name: flat, reshape: [3, parts.1.size(2)*8]}
""")
    assert netspec.check(spec).ok
    model, x = netspec.compile(spec), pictures(32, 8)
    assert torch.equal(model(x), F.interpolate(F.avg_pool2d(x, 4), size=(16, 8)).flatten(2))


def test_exported_with_sizes_that_vary() -> None:
    _, model = network("""
  - {name: conv, Conv2d: {out_channels: 4, kernel_size: 3, stride: 2, padding: 1}}
  - {interpolate: {size: [H, W], mode: bilinear}}
""")
    height, width = torch.export.Dim("height", min=8, max=64), torch.export.Dim("width", min=8, max=64)
    exported = torch.export.export(model, (pictures(16, 24),), dynamic_shapes=({2: height, 3: width},))
    assert torch.allclose(exported.module()(pictures(33, 20)), model(pictures(33, 20)))


def test_names_of_sizes_in_blocks_and_groups() -> None:
    blocks = """blocks:
  Up:
    params: {width, W: 9}
    layers:
      - {Conv2d: {out_channels: width, kernel_size: 1}}
      - {name: inner, layers: [{interpolate: {size: [H//2, W]}}]}
"""
    spec, model = network("  - {name: low, AvgPool2d: 4}\n  - {name: up, repeat: 2, Up: {width: 4}}\n", blocks)
    x = pictures(16, 24)
    found = F.avg_pool2d(x, 4)
    for name in ("0", "1"):
        found = F.interpolate(model.up.get_submodule(name).get_submodule("0")(found), size=(8, 9))
    assert torch.equal(model(x), found)
    assert netspec.check(spec).outputs["up"].shape == (4, 4, 9)  # type: ignore[union-attr]
