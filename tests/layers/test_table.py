"""The table as a whole: torch's own names, orders and defaults, and nothing of torch.nn forgotten."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import get_overloads

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torchvision import ops
from torchvision.models import convnext

from netspec.core.installed import NEWEST, OLDEST, release
from netspec.core.shapes import DTYPES, promoted
from netspec.layers.arguments import Int
from netspec.layers.record import Arg, Layer
from netspec.layers.table import FAMILIES, TABLE
from tests.layers.helpers import is_here

# Arguments of torch's constructors that a spec does not have, and why.
LEFT_OUT = {
    "device": "the training says where",
    "dtype": "the training says how precisely",
    "_weight": "a tensor",
    "_freeze": "private",
    "custom_encoder": "a module",
    "custom_decoder": "a module",
    "enable_nested_tensor": "what comes out would be as long as the longest sample of the batch",
    "mask_check": "for nested tensors",
    "_random_samples": "private",
    "min_value": "deprecated: min_val",
    "max_value": "deprecated: max_val",
}
# Classes of torch.nn that are no layers from tensors to tensors, and why.
LOSS = "a loss: `train` names it"
LAZY = "in a spec what is inferred is left out anyway"
HOLDS = "it holds modules: a spec has groups, and `repeat`"
NOT_LAYERS = {
    **{name: LOSS for name in vars(nn) if name.endswith("Loss") or name == "NLLLoss2d"},
    **{name: LAZY for name in vars(nn) if name.startswith("Lazy")},
    **dict.fromkeys(("Container", "Module", "ModuleDict", "ModuleList", "Sequential"), HOLDS),
    **dict.fromkeys(("ParameterDict", "ParameterList"), "they hold tensors: a spec has `parameter`"),
    **dict.fromkeys(("RNNBase", "RNNCellBase"), "the base of RNN, LSTM and GRU"),
    "AdaptiveLogSoftmaxWithLoss": "it takes the targets",
    "DataParallel": "the training says where",
    "SyncBatchNorm": "BatchNorm over several processes: the training says where",
}
# Arguments of torch's forwards that a spec does not have, and why.
FORWARD_LEFT_OUT = {
    ("EmbeddingBag", "offsets"): "bags of several lengths: their sum is no batch of samples",
    ("LSTM", "hx"): "two tensors, which a spec gives in their order: from: [x, h, c]",
    ("LSTMCell", "hx"): "two tensors, which a spec gives in their order: from: [x, h, c]",
}
# The stacks take the arguments of the layer that they are made of.
STACKS = {"TransformerEncoder": "TransformerEncoderLayer", "TransformerDecoder": "TransformerDecoderLayer"}
# Where torch's default is written in another way.
AS_WORDS = {F.relu: "relu"}
# Where our default is another, because torch's would mix the samples; generated code always gives it.
OTHER_DEFAULTS = {"batch_first": True}
FUNCTIONS = (torch, F, torch.Tensor, torch.linalg)
WITHOUT_A_NAME = {"slice"}  # Python's x[:, 2:7]
MODULE_OF = {"nn": nn, "ops": ops, "convnext": convnext}
HERE = [layer for layer in TABLE.values() if is_here(layer.since)]
MODULES = [layer for layer in HERE if not layer.is_function and not layer.tensor]
# What a torch that is newer than the table has more is no fault of the table.
UNKNOWN = release(torch.__version__) > release(NEWEST)


def signature(layer: Layer) -> list[tuple[str, object]]:
    """Names and defaults of torch's constructor, without what is left out."""
    made = getattr(MODULE_OF[layer.module], layer.name)
    overloads = get_overloads(made.__init__)
    parameters = [*inspect.signature(overloads[0] if overloads else made).parameters.values()][bool(overloads) :]
    named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) and p.name not in LEFT_OUT]
    inferred = {arg.name for arg in layer.args if arg.infer is not None}
    found: list[tuple[str, object]] = []
    for p in named:
        if UNKNOWN and layer.arg(p.name) is None and p.default is not p.empty and layer.name not in STACKS:
            continue
        default = OTHER_DEFAULTS.get(p.name, AS_WORDS.get(p.default, p.default))
        found.append((p.name, inspect.Parameter.empty if p.name in inferred else default))
    if layer.name in STACKS:
        own = [("num_layers", inspect.Parameter.empty), ("norm", False)]
        assert [name for name, _ in found[1:]] == [name for name, _ in own]
        found = [*own, *signature(TABLE[STACKS[layer.name]])]
    return found


def agrees(layer: Layer) -> bool:
    """Whether names, order and defaults are torch's; an inferred argument has no default in torch.

    What came later than the torch that is installed must not be there, all else has to be.
    """
    made = [arg for arg in layer.args if not arg.forward and is_here(arg.since)]
    mine = [(arg.name, inspect.Parameter.empty if arg.required or arg.infer else arg.default) for arg in made]
    return mine == signature(layer) and all(arg.always == (arg.name in OTHER_DEFAULTS) for arg in made)


def test_arguments_of_forward_are_torchs() -> None:
    for layer in MODULES:
        parameters = inspect.signature(getattr(MODULE_OF[layer.module], layer.name).forward).parameters
        for arg in layer.args:
            assert not arg.forward or (parameters[arg.name].default or False) == (arg.default or False)


def unknown_to_forward(layer: Layer) -> list[str]:
    """Arguments of torch's forward that are no input, no argument and have no reason, and names torch does not have."""
    forward = inspect.signature(getattr(MODULE_OF[layer.module], layer.name).forward).parameters
    theirs = [name for name in [*forward][1:] if (layer.name, name) not in FORWARD_LEFT_OUT]
    mine = [*(layer.names or theirs[:1]), *layer.further, *(arg.name for arg in layer.args if arg.forward)]
    if UNKNOWN:
        theirs = [name for name in theirs if name in mine or forward[name].default is forward[name].empty]
    in_order = [name for name in theirs if name in layer.names] == [*layer.names]
    return [*(set(theirs) ^ set(mine)), *([] if in_order else ["order"])]


@pytest.mark.parametrize("layer", MODULES, ids=lambda layer: layer.name)
def test_forward(layer: Layer) -> None:
    assert unknown_to_forward(layer) == []


def test_a_missing_argument_of_forward_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "UNKNOWN", False)
    attention = TABLE["MultiheadAttention"]
    assert unknown_to_forward(replace(attention, further=attention.further[1:])) == ["attn_mask"]
    assert unknown_to_forward(replace(attention, names=("key", "query", "value"))) == ["order"]
    assert unknown_to_forward(replace(TABLE["ConvTranspose2d"], args=())) == ["output_size"]
    assert set(FORWARD_LEFT_OUT) <= {
        (layer.name, name)
        for layer in MODULES
        for name in inspect.signature(getattr(MODULE_OF[layer.module], layer.name).forward).parameters
    }


@pytest.mark.parametrize("layer", MODULES, ids=lambda layer: layer.name)
def test_signature(layer: Layer) -> None:
    assert agrees(layer), signature(layer)


def test_a_wrong_signature_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "UNKNOWN", False)
    conv = TABLE["Conv2d"]
    assert not agrees(replace(conv, args=conv.args[1:]))
    assert not agrees(replace(conv, args=(*conv.args[:-1], replace(conv.args[-1], default="same"))))
    assert not agrees(replace(conv, args=(Arg("channels", Int()), *conv.args[1:])))


def test_a_wrong_version_would_be_seen() -> None:
    """An argument said to be newer than the torch that has it, or older than the torch that lacks it."""
    conv, other = TABLE["Conv2d"], Arg("strides", Int(), 1)
    assert not agrees(replace(conv, args=(*conv.args[:-1], replace(conv.args[-1], since="99.0"))))
    assert not agrees(replace(conv, args=(*conv.args, replace(other, since=OLDEST))))
    assert agrees(replace(conv, args=(*conv.args, replace(other, since="99.0"))))


def versions() -> list[str]:
    """Every version that the table speaks of."""
    args = [arg.since for layer in TABLE.values() for arg in layer.args if arg.since is not None]
    layers = [layer.since for layer in TABLE.values() if layer.since is not None]
    return [*args, *layers, *(change.until for layer in TABLE.values() for change in layer.earlier)]


def test_versions_are_those_that_are_supported() -> None:
    assert versions()
    assert all(release(OLDEST) < release(version) <= release(NEWEST) for version in versions())
    for layer in TABLE.values():
        changes = [release(change.until) for change in layer.earlier]
        assert changes == sorted(set(changes))


def test_an_argument_that_came_later_can_be_left_out() -> None:
    assert [arg for layer in TABLE.values() for arg in layer.args if arg.since and arg.required] == []


@pytest.mark.parametrize("layer", TABLE.values(), ids=TABLE)
def test_defaults_are_of_their_kind(layer: Layer) -> None:
    for arg in layer.args:
        if not arg.required and arg.infer is None:
            assert arg.kind.accept(arg.default) == arg.default
        assert arg.kind.wants
        assert arg.kind.schema()


@pytest.mark.parametrize("layer", [layer for layer in HERE if layer.is_function], ids=lambda layer: layer.name)
def test_functions_are_torchs(layer: Layer) -> None:
    assert layer.name in WITHOUT_A_NAME or any(hasattr(module, layer.name) for module in FUNCTIONS)


def test_interpolate_has_torchs_defaults() -> None:
    parameters = list(inspect.signature(F.interpolate).parameters.values())[1:]
    args = [(arg.name, arg.default) for arg in TABLE["interpolate"].args]
    assert args == [(p.name, p.default) for p in parameters][: len(args) if UNKNOWN else None]


def forgotten(known: set[str]) -> list[str]:
    """The module classes of torch.nn that are neither in `known` nor among those with a reason."""
    classes = [name for name, value in vars(nn).items() if isinstance(value, type) and issubclass(value, nn.Module)]
    return [name for name in classes if name not in known and name not in NOT_LAYERS]


def test_nothing_of_torch_nn_is_forgotten() -> None:
    assert forgotten(set(TABLE)) == [] or UNKNOWN
    assert set(NOT_LAYERS) & set(TABLE) == set()
    assert [name for name in NOT_LAYERS if not hasattr(nn, name)] == [] or UNKNOWN


def test_a_forgotten_class_would_show() -> None:
    assert {*forgotten(set(TABLE) - {"LSTM", "Conv2d"})} >= {"Conv2d", "LSTM"}


def test_what_a_newer_torch_has_more_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    conv, upsample = TABLE["Conv2d"], TABLE["ConvTranspose2d"]
    lacks = replace(conv, args=tuple(arg for arg in conv.args if arg.name != "padding_mode"))
    asks_less = replace(upsample, args=tuple(arg for arg in upsample.args if not arg.forward))
    wrong = replace(conv, args=(*conv.args[:-1], replace(conv.args[-1], default="same")))
    for unknown in (False, True):
        monkeypatch.setitem(globals(), "UNKNOWN", unknown)
        assert agrees(conv)
        assert agrees(lacks) == unknown
        assert (unknown_to_forward(asks_less) == []) == unknown
        assert not agrees(wrong)


def test_one_record_a_name() -> None:
    assert len(TABLE) == sum(len(family.LAYERS) for family in FAMILIES)


@pytest.mark.parametrize("one", sorted(DTYPES))
@pytest.mark.parametrize("other", sorted(DTYPES))
def test_dtypes_are_promoted_as_torch_does(one: str, other: str) -> None:
    together = torch.promote_types(getattr(torch, one), getattr(torch, other))
    assert promoted((one, other)) == str(together).removeprefix("torch.")
