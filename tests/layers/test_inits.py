"""torch.nn.init and torch.nn.utils.parametrizations: names, arguments, shapes and counts are torch's."""

from __future__ import annotations

import inspect
from itertools import product
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from netspec.core.shapes import Shape, ShapeError
from netspec.layers.inits import INITS
from netspec.layers.parametrizations import PARAMETRIZATIONS

SHAPES: tuple[Shape, ...] = ((), (4,), (4, 6), (6, 4, 3), (6, 4, 3, 3), (6, 2, 1, 2, 3), (2, 1, 1, 1, 1, 2))
VALUES: dict[str, list[dict[str, Any]]] = {
    "uniform_": [{}, {"a": 2.0}],
    "trunc_normal_": [{}, {"std": 0.0}],
    "constant_": [{"val": 0.5}],
    "dirac_": [{}, {"groups": 2}, {"groups": 4}],
    "kaiming_normal_": [{"mode": "fan_out", "nonlinearity": "relu"}],
    "sparse_": [{"sparsity": 0.5}],
    "weight_norm": [{}, {"dim": 1}, {"dim": None}, {"dim": -1}, {"dim": 3}, {"dim": -2}],
    "spectral_norm": [{}, {"dim": 1}, {"dim": -2}, {"dim": 3}],
    "orthogonal": [{}, {"orthogonal_map": "cayley"}, {"use_trivialization": False}],
}


@pytest.mark.parametrize("name", INITS)
def test_the_arguments_are_torchs(name: str) -> None:
    parameters = list(inspect.signature(getattr(nn.init, name)).parameters.values())[1:]
    ours = [(arg.name, ... if arg.required else arg.default) for arg in INITS[name].args]
    theirs = [(p.name, ... if p.default is p.empty else p.default) for p in parameters if p.name != "generator"]
    assert ours == theirs


def test_none_is_missing() -> None:
    older = {"uniform", "normal", "constant", "eye", "dirac", "xavier_uniform", "xavier_normal"}
    found = {name for name in dir(nn.init) if name.endswith("_") and not name.startswith("_")}
    assert found - older == set(INITS)


def made(name: str, given: dict[str, Any], table: Any) -> SimpleNamespace:
    return SimpleNamespace(**{arg.name: given.get(arg.name, arg.default) for arg in table[name].args})


@pytest.mark.parametrize(("name", "shape"), product(INITS, SHAPES))
@pytest.mark.filterwarnings("ignore")
def test_the_same_shapes_as_torch(name: str, shape: Shape) -> None:
    for given in VALUES.get(name, [{}]):
        args = made(name, given, INITS)
        try:
            INITS[name].suits(args, shape)
        except ShapeError:
            refused = True
        else:
            refused = False
        try:
            eval(INITS[name].code(args, "tensor"), {"nn": nn, "tensor": torch.empty(shape)})
        except (ValueError, RuntimeError, ZeroDivisionError):
            assert refused, (name, shape, given)
        else:
            assert not refused, (name, shape, given)


@pytest.mark.parametrize(("name", "shape"), product(PARAMETRIZATIONS, SHAPES))
@pytest.mark.filterwarnings("ignore")
def test_parametrizations_learn_what_torch_does(name: str, shape: Shape) -> None:
    for given in VALUES[name]:
        args, module = made(name, given, PARAMETRIZATIONS), nn.Module()
        module.weight = nn.Parameter(torch.randn(shape))
        try:
            PARAMETRIZATIONS[name].suits(args, shape)
            originals = PARAMETRIZATIONS[name].originals(args, shape)
        except ShapeError:
            originals = None
        code = PARAMETRIZATIONS[name].code(args, "module")
        try:
            eval(code, {"parametrizations": parametrizations, "module": module})
            assert module.weight.shape == shape
        except (ValueError, RuntimeError, IndexError):
            assert originals is None, (name, shape, given)
        else:
            learned = {path.rpartition(".")[2]: tuple(each.shape) for path, each in module.named_parameters()}
            assert learned == originals, (name, shape, given)
