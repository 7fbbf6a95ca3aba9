"""The table as a whole: torch's own names, orders and defaults, and nothing of torch.nn forgotten."""

from __future__ import annotations

import inspect
from dataclasses import replace
from types import ModuleType
from typing import get_overloads

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.modules import activation, dropout, flatten, padding, pixelshuffle, pooling, upsampling
from torchvision import ops
from torchvision.models import convnext

from netspec.layers.arguments import Arg, Int
from netspec.layers.record import Layer
from netspec.layers.table import FAMILIES, TABLE

# Arguments of torch's constructors that a spec does not have, and why.
LEFT_OUT = {
    "device": "the training says where",
    "dtype": "the training says how precisely",
    "_weight": "a tensor",
    "_freeze": "private",
    "return_indices": "of use to MaxUnpool only",
    "min_value": "deprecated: min_val",
    "max_value": "deprecated: max_val",
}
# Classes of the families that the table holds, but for these.
NOT_LAYERS = {
    **{f"MaxUnpool{axes}d": "takes indices" for axes in (1, 2, 3)},
    **{f"FractionalMaxPool{axes}d": "random windows" for axes in (2, 3)},
}
# Where our default is another, because torch's would mix the samples; generated code always gives it.
OTHER_DEFAULTS = {"batch_first": True}
FUNCTIONS = (torch, F, torch.Tensor)
WITHOUT_A_NAME = {"slice"}  # Python's x[:, 2:7]
MODULE_OF = {"nn": nn, "ops": ops, "convnext": convnext}
MODULES = [layer for layer in TABLE.values() if not layer.is_function and not layer.tensor]


def signature(layer: Layer) -> list[tuple[str, object]]:
    """Names and defaults of torch's constructor, without what is left out."""
    made = getattr(MODULE_OF[layer.module], layer.name)
    overloads = get_overloads(made.__init__)
    parameters = [*inspect.signature(overloads[0] if overloads else made).parameters.values()][bool(overloads) :]
    named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) and p.name not in LEFT_OUT]
    return [(p.name, OTHER_DEFAULTS.get(p.name, p.default)) for p in named]


def agrees(layer: Layer) -> bool:
    """Whether names, order and defaults are torch's; an inferred argument has no default in torch."""
    made = [arg for arg in layer.args if not arg.forward]
    mine = [(arg.name, inspect.Parameter.empty if arg.required or arg.infer else arg.default) for arg in made]
    return mine == signature(layer) and all(arg.always == (arg.name in OTHER_DEFAULTS) for arg in made)


def test_arguments_of_forward_are_torchs() -> None:
    for layer in MODULES:
        parameters = inspect.signature(getattr(MODULE_OF[layer.module], layer.name).forward).parameters
        for arg in layer.args:
            assert not arg.forward or parameters[arg.name].default == arg.default


@pytest.mark.parametrize("layer", MODULES, ids=lambda layer: layer.name)
def test_signature(layer: Layer) -> None:
    assert agrees(layer), signature(layer)


def test_a_wrong_signature_would_be_seen() -> None:
    conv = TABLE["Conv2d"]
    assert not agrees(replace(conv, args=conv.args[1:]))
    assert not agrees(replace(conv, args=(*conv.args[:-1], replace(conv.args[-1], default="same"))))
    assert not agrees(replace(conv, args=(Arg("channels", Int()), *conv.args[1:])))


@pytest.mark.parametrize("layer", TABLE.values(), ids=TABLE)
def test_defaults_are_of_their_kind(layer: Layer) -> None:
    for arg in layer.args:
        if not arg.required and arg.infer is None:
            assert arg.kind.accept(arg.default) == arg.default
        assert arg.kind.wants
        assert arg.kind.schema()


@pytest.mark.parametrize(
    "layer", [layer for layer in TABLE.values() if layer.is_function], ids=lambda layer: layer.name
)
def test_functions_are_torchs(layer: Layer) -> None:
    assert layer.name in WITHOUT_A_NAME or any(hasattr(module, layer.name) for module in FUNCTIONS)


def test_interpolate_has_torchs_defaults() -> None:
    parameters = list(inspect.signature(F.interpolate).parameters.values())[1:]
    assert [(arg.name, arg.default) for arg in TABLE["interpolate"].args] == [(p.name, p.default) for p in parameters]


@pytest.mark.parametrize("module", [activation, dropout, flatten, padding, pixelshuffle, pooling, upsampling])
def test_nothing_is_forgotten(module: ModuleType) -> None:
    assert [name for name in module.__all__ if name not in TABLE and name not in NOT_LAYERS] == []


def test_one_record_a_name() -> None:
    assert len(TABLE) == sum(len(family.LAYERS) for family in FAMILIES)
