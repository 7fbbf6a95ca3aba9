"""nn.Module → the record of its class with its arguments, by the layer table alone.

An argument is what the module has under its name; what is inferred or torch's default is left out. So a new record of
torch.nn is known here without further code.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import nn

from netspec.compiler.identifiers import MODULES
from netspec.importer.dropping import dropping
from netspec.importer.failure import NotSayable
from netspec.importer.parametrized import class_of, parametrized
from netspec.layers.arguments import Bool, Either, Ints, Kind, Several
from netspec.layers.record import Arg, Layer
from netspec.layers.table import ACTIVATIONS, DROPOUTS, TABLE

# Where a class keeps an argument under another name than its constructor's.
_TRANSFORMER_LAYER = {
    "d_model": "linear1.in_features",
    "nhead": "self_attn.num_heads",
    "dim_feedforward": "linear1.out_features",
    "dropout": "dropout.p",
    "layer_norm_eps": "norm1.eps",
    "batch_first": "self_attn.batch_first",
    "bias": "linear1.bias",
}
_STACK_LAYER = {**{name: name for name in ("activation", "norm_first")}, **_TRANSFORMER_LAYER}
_KEPT_AS = {
    ("MultiheadAttention", "bias"): "in_proj_bias",
    ("MultiheadAttention", "add_bias_kv"): "bias_k",
    ("PairwiseDistance", "p"): "norm",
    ("Transformer", "num_encoder_layers"): "encoder.num_layers",
    ("Transformer", "num_decoder_layers"): "decoder.num_layers",
    **{("Transformer", arg): f"encoder.layers.0.{path}" for arg, path in _STACK_LAYER.items()},
    **{
        (f"Transformer{kind}Layer", arg): path
        for kind in ("Encoder", "Decoder")
        for arg, path in _TRANSFORMER_LAYER.items()
    },
    **{
        (f"Transformer{kind}", arg): f"layers.0.{path}"
        for kind in ("Encoder", "Decoder")
        for arg, path in _STACK_LAYER.items()
    },
}
_MISSING = object()
ANY_AXES = (ACTIVATIONS - {"Softmax2d"}) | DROPOUTS | {"Embedding", "Identity", "LayerNorm", "Linear", "RMSNorm"}


def _homes() -> tuple[str, ...]:
    """The modules of layers, as `nn`, that are imported: without torchvision there are no layers of it."""
    named = {name: f"{line.split()[1]}.{name}" for name, line in MODULES.items()}
    return ("torch.nn", *(home for home in named.values() if home in sys.modules))


@cache
def _classes(homes: tuple[str, ...]) -> dict[type, Layer]:
    """The records of layers by their class."""
    modules = {home.rpartition(".")[2]: sys.modules[home] for home in homes}
    found: dict[type, Layer] = {}
    for record in TABLE.values():
        cls = getattr(modules.get(record.module), record.name, None)
        if not record.is_function and not record.tensor and isinstance(cls, type):
            found[cls] = record
    return found


def record_of(module: nn.Module) -> Layer | None:
    """The record of a module's class; None for a class of its own, or where the module does not tell its arguments."""
    record = _classes(_homes()).get(class_of(module))
    if record is None and (found := dropping(module)) is not None:
        return TABLE[found[0]]
    if record is None or parametrized(module) is None:
        return None
    if any(_attribute(module, record, arg) is _MISSING for arg in record.args if not arg.forward):
        return None
    return record


def is_layer(module: nn.Module) -> bool:
    """Whether a module is one layer of a spec."""
    return record_of(module) is not None


def takes_any_axes(record: Layer) -> bool:
    """Whether a layer works on single numbers or on the last axes, however many stand before them."""
    return record.name in ANY_AXES


def plain(value: object, kind: Kind) -> object:
    """A value as a person writes it: one number for equal ones where the argument takes one, lists for tuples."""
    if isinstance(value, torch.Tensor):
        return value.tolist()
    if isinstance(value, tuple | list):
        equal = all(type(each) is type(value[0]) and each == value[0] for each in value)
        if value and equal and (len(value) == 1 or _one_for_all(kind)) and takes(kind, value[0]):
            return value[0]
        return [*value]
    return _short(value) if isinstance(value, float) else value


def _short(value: float) -> float:
    """0.015 for 0.015000000000000003: what an author's arithmetic leaves, far below what float32 tells apart."""
    short = float(f"{value:.12g}")
    return short if abs(short - value) <= 1e-15 * abs(value) else value


def _one_for_all(kind: Kind) -> bool:
    """Whether one number stands for as many equal ones as there are axes: a kernel of 3 is one of 3×3."""
    if isinstance(kind, Either):
        return any(map(_one_for_all, kind.kinds))
    return isinstance(kind, Ints | Several) and kind.length is not None


def takes(kind: Kind, value: object) -> bool:
    """Whether an argument of a kind may be `value`."""
    try:
        kind.accept(value)
    except ValueError:
        return False
    return True


def _attribute(module: nn.Module, record: Layer, arg: Arg) -> object:
    value: Any = module
    for name in _KEPT_AS.get((record.name, arg.name), arg.name).split("."):
        value = getattr(value, name, _MISSING)
    if isinstance(arg.kind, Bool) and not isinstance(value, bool) and value is not _MISSING:
        return value is not None
    if callable(value) and hasattr(value, "__name__"):
        return value.__name__
    return plain(value, arg.kind)


def layer_arguments(module: nn.Module, record: Layer) -> dict[str, object]:
    """The arguments of a layer that a spec has to write, in torch's order.

    Args:
        module: the layer.
        record: of its class.

    Raises:
        NotSayable: the module has an argument that the record lacks or refuses.
    """
    if type(module) not in _classes(_homes()) and (found := dropping(module)) is not None:
        return dict(found[1])
    given: dict[str, object] = {}
    needed: dict[str, object] = {}
    for arg in record.args:
        if arg.forward:
            continue
        value = _attribute(module, record, arg)
        if arg.required or arg.infer is not None:
            needed[arg.name] = value
        if arg.infer is not None and isinstance(value, int):
            continue
        if not arg.required and _equal(value, arg.default):
            continue
        given[arg.name] = value
    maker: Callable[..., object] = class_of(module)
    usual = _usual(maker, tuple((name, _frozen(value)) for name, value in needed.items()))
    for name, value in [*given.items()]:
        argument = record.arg(name)
        assert argument is not None
        if usual is not None and name not in needed and not argument.always:
            default = _attribute(usual, record, argument)
            if default is not _MISSING and _equal(value, default):
                del given[name]
                continue
        if argument.always and name == "batch_first":  # how the batch lies is the lowering's concern
            del given[name]
            continue
        if not takes(argument.kind, _frozen(value)):
            raise NotSayable(f"{name} is {argument.kind.wants} in a spec, here it is {value!r}")
    return given


def held_arguments(module: nn.Module, record: Layer) -> dict[str, object]:
    """The arguments of a layer that is not applied: also those that would follow from what it takes.

    Args:
        module: the layer.
        record: of its class.
    """
    own = layer_arguments(module, record)
    given = {arg.name: _attribute(module, record, arg) for arg in record.args if arg.infer is not None}
    return {arg.name: {**given, **own}[arg.name] for arg in record.args if arg.name in given or arg.name in own}


def _equal(value: object, default: object) -> bool:
    if isinstance(value, bool) != isinstance(default, bool):
        return False
    return _frozen(value) == _frozen(default)


def _frozen(value: object) -> object:
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value


@cache
def _usual(cls: Callable[..., object], needed: tuple[tuple[str, object], ...]) -> nn.Module | None:
    """A module of the class with torch's defaults; None where it cannot be made so."""
    try:
        with torch.device("meta"):
            made = cls(**dict(needed))
    except Exception:  # a constructor that wants more
        return None
    return made if isinstance(made, nn.Module) else None
