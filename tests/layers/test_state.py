"""The tensors of every layer against the state_dict that torch makes of its examples."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import netspec
from netspec.layers.code import constructor
from netspec.layers.record import Layer
from netspec.layers.state import state_of
from netspec.layers.table import TABLE
from netspec.shapes.state import match_tensors, network_state
from tests.layers.helpers import NAMES, examples_here, named, resolve
from tests.spec_cases import RIGHT, name_of, sweep

MODULES = {name: layer for name, layer in TABLE.items() if not layer.is_function}


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
@pytest.mark.parametrize("layer", MODULES.values(), ids=MODULES)
def test_the_tensors_are_those_of_torch(layer: Layer) -> None:
    for case in examples_here(layer, layer.right):
        with named(case):
            args = vars(resolve(layer, case))
            *before, last = constructor(layer, args).splitlines()
            names = dict(NAMES)
            with torch.device("meta"):
                exec("\n".join(before), names)
                made = eval(last, names)
            kept = layer.tensor != "buffer" or args["persistent"]
            theirs = ({"": made} if kept else {}) if layer.tensor else made.state_dict()
            assert state_of(layer, args) == {name: tuple(tensor.shape) for name, tensor in theirs.items()}


@pytest.mark.parametrize("path", sweep(RIGHT, 3), ids=name_of)
def test_the_tensors_of_a_network_are_those_of_its_module(path: Path) -> None:
    report = netspec.check(netspec.load(path))
    found, unknown = network_state(report)
    with torch.device("meta"):
        theirs = netspec.compile(netspec.load(path), device="meta").state_dict()
    assert unknown == ()
    assert found == {name: tuple(tensor.shape) for name, tensor in theirs.items()}


def test_tensors_match_by_name_and_shape() -> None:
    match = match_tensors({"a": (1,), "b": (2, 3), "c": ()}, {"b": (2, 4), "a": (1,), "d": (5,)})
    assert (match.fitting, match.mismatched, match.missing, match.extra) == (("a",), ("b",), ("c",), ("d",))
