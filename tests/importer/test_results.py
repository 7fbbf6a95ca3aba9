"""The form of what a module returns: kept, or said to be lost."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest
from torch import Tensor, nn

import netspec


class Returns(nn.Module):
    def __init__(self, form: Callable[[Tensor, Tensor], Any]) -> None:
        super().__init__()
        self.a, self.b, self.form = nn.Linear(4, 3), nn.Linear(4, 2), form

    def forward(self, x: Tensor) -> Any:
        return self.form(self.a(x), self.b(x))


@pytest.mark.parametrize(
    ("form", "outputs", "note"),
    [
        (lambda a, b: (a, b), "[a, b]", None),
        (lambda a, b: {"one": a, "two": b}, "{one: a, two: b}", None),
        (lambda a, b: {"one": a, "rest": [b, a]}, "{one: a, rest_0: b, rest_1: a}", "the module returns a dict with"),
        (lambda a, b: [a, b], "[a, b]", "the module returns a list, the spec's network a tuple of tensors"),
        (lambda a, b: (a, b, None, 3), "[a, b]", "the module also returns None, 3, and a spec's network tensors alone"),
        (lambda a, b: {"one": a, "two": b, "loss": None}, "{one: a, two: b}", "the module also returns None"),
    ],
)
def test_forms(form: Callable[[Tensor, Tensor], Any], outputs: str, note: str | None) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        text = netspec.from_module(Returns(form), [4]).to_yaml()
    assert f"outputs: {outputs}\n" in text
    assert [str(each.message).startswith(f"netspec.from_module: {note}") for each in caught] == [True] * bool(note)
    assert (note is None) or f"\n# {note}" in text


def test_frozen_parameters_are_named() -> None:
    module = nn.Sequential(nn.Sequential(nn.Linear(4, 4), nn.ReLU()), nn.Linear(4, 2))
    module[0].requires_grad_(False)
    with pytest.warns(UserWarning, match=r"freeze: \[0\.\*\]"):
        netspec.from_module(module, [4])
