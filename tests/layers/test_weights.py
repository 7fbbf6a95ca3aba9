"""The names and shapes of a layer's parameters are those of torch's module."""

from __future__ import annotations

from math import prod

import pytest
from torch import nn

from netspec.layers.record import Case, Layer
from netspec.layers.state import weights_of
from netspec.layers.table import TABLE
from tests.layers.helpers import ours, resolve, run, runs_here

RIGHT = [
    pytest.param(layer, case, id=f"{layer.name}-{i}")
    for layer in TABLE.values()
    for i, case in enumerate(layer.right)
    if runs_here(layer, case) and not layer.is_function
]


@pytest.mark.parametrize(("layer", "case"), RIGHT)
@pytest.mark.filterwarnings("ignore")  # torch's advice about the arguments
def test_names_and_shapes_are_torchs(layer: Layer, case: Case) -> None:
    found = weights_of(layer, vars(resolve(layer, case)))
    _, module = run(layer, case)
    assert isinstance(module, nn.Module)
    names = {("" if layer.tensor else name): tuple(value.shape) for name, value in module.named_parameters()}
    assert found == names
    assert sum(map(prod, found.values())) == ours(layer, case).parameters
