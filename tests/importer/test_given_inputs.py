"""What `from_module` takes as input: shapes, dtypes, batches of samples; and tables that differ by rounding alone."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import netspec


class Two(nn.Module):
    """Words and a picture."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(30, 8)
        self.conv = nn.Conv2d(3, 8, 3)

    def forward(self, words: Tensor, picture: Tensor) -> Tensor:
        return self.words(words).mean(1) + self.conv(picture).mean((2, 3))


WORDS, PICTURES = torch.zeros(2, 5, dtype=torch.int64), torch.randn(2, 3, 9, 9)
WRITTEN = {"shape": [5], "dtype": "int64"}
GIVEN: dict[str, Any] = {
    "shapes": [WRITTEN, [3, 9, 9]],
    "tensors": (WORDS, PICTURES),
    "both": [WORDS, [3, 9, 9]],
    "by_name": {"words": WORDS, "picture": PICTURES},
}


@pytest.mark.parametrize("name", GIVEN)
def test_shapes_and_batches(name: str) -> None:
    spec = netspec.from_module(Two(), GIVEN[name])
    graph = netspec.check(spec).graph
    assert graph is not None
    found = [(tensor.shape, tensor.dtype) for tensor in graph.inputs.values() if tensor is not None]
    assert found == [((5,), "int64"), ((3, 9, 9), "float32")]


def test_one_batch() -> None:
    text = netspec.from_module(nn.Sequential(nn.Linear(7, 2)), torch.randn(4, 7)).to_yaml()
    assert "input: [7]" in text


def test_what_is_no_input_is_said_in_few_words() -> None:
    with pytest.raises(ValueError, match="without axes"):
        netspec.from_module(nn.Linear(7, 2), torch.tensor(1.0))
    with pytest.raises(ValueError, match="an input is a shape") as found:
        netspec.from_module(nn.Linear(7, 2), object)
    assert len(str(found.value)) < 200


class Rotary(nn.Module):
    """Positions by rotation, whose tables are no part of the state_dict (RoFormer, Su et al. 2021)."""

    def __init__(self, error: float = 0.0) -> None:
        super().__init__()
        frequencies = 1.0 / (10000.0 ** (torch.arange(0, 8, 2).float() / 8))
        angles = torch.outer(torch.arange(64).float(), frequencies)
        self.register_buffer("cos", angles.cos() + error, persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        even, odd = x[..., ::2], x[..., 1::2]
        cos, sin = self.cos[: x.size(1)], self.sin[: x.size(1)]
        return torch.stack([even * cos - odd * sin, even * sin + odd * cos], -1).flatten(2)


def test_a_table_by_formula_may_round_otherwise() -> None:
    with pytest.warns(UserWarning, match="rounding"):
        spec = netspec.from_module(nn.Sequential(Rotary()), [64, 8])
    assert "cos(i0/10000**(i1/4))" in spec.to_yaml()
    x = torch.randn(3, 64, 8)
    torch.testing.assert_close(netspec.compile(spec).eval()(x), Rotary()(x))


@pytest.mark.filterwarnings("ignore:netspec.from_module. the outputs differ")
def test_another_table_is_not_taken_for_it() -> None:
    spec = netspec.from_module(nn.Sequential(Rotary(1e-3)), [64, 8])
    assert "cos(i0" not in spec.to_yaml()
    x = torch.randn(3, 64, 8)
    torch.testing.assert_close(netspec.compile(spec).eval()(x), Rotary(1e-3)(x))
