"""Functions that take weights, as F.linear and F.layer_norm: the layer of the module that holds them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from netspec.importer.aligning import together
from netspec.importer.binding import bound, records_of_function, short_name
from netspec.importer.failure import NotSayable
from netspec.importer.held import Held
from netspec.importer.layers import layer_arguments, record_of
from netspec.importer.products import linear
from netspec.importer.trace import TracedCall, Value
from netspec.layers.table import TABLE

if TYPE_CHECKING:
    from netspec.importer.lowering import Lowering

Lower = Callable[["Lowering", TracedCall], list[Held]]


def _sizes(value: Value) -> list[int] | int:
    sizes = [*value.shape[2:]]
    return sizes[0] if len(set(sizes)) == 1 else sizes


def _linear(given: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "Linear", {"out_features": given["weight"].shape[0]}


def _conv(given: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    weight: Value = given["weight"]
    args: dict[str, Any] = {"out_channels": weight.shape[0], "kernel_size": _sizes(weight)}
    for name, default in (("stride", 1), ("padding", 0), ("dilation", 1), ("groups", 1)):
        value = given.get(name, default)
        if isinstance(value, tuple | list):
            value = value[0] if len(set(value)) == 1 else [*value]
        if value != default:
            args[name] = value
    return f"Conv{len(weight.shape) - 2}d", args


def _layer_norm(given: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    shape = [*given["normalized_shape"]]
    args: dict[str, Any] = {"normalized_shape": shape} if len(shape) > 1 else {}
    return "LayerNorm", {**args, **_eps(given)}


def _rms_norm(given: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    shape = [*given["normalized_shape"]]
    args: dict[str, Any] = {"normalized_shape": shape} if len(shape) > 1 else {}
    return "RMSNorm", {**args, **({"eps": given["eps"]} if given.get("eps") is not None else {})}


def _group_norm(given: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "GroupNorm", {"num_groups": given["num_groups"], **_eps(given)}


def _batch_norm(given: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    axes = max(1, len(given["input"].shape) - 2)
    args: dict[str, Any] = {} if given.get("momentum", 0.1) in (0.1, 0.0) else {"momentum": given["momentum"]}
    return f"BatchNorm{axes}d", {**_eps(given), **args}


def _eps(given: dict[str, Any]) -> dict[str, Any]:
    return {} if given.get("eps", 1e-5) == 1e-5 else {"eps": given["eps"]}


_LAYERS = {
    "linear": _linear,
    **dict.fromkeys(("conv1d", "conv2d", "conv3d"), _conv),
    "layer_norm": _layer_norm,
    "rms_norm": _rms_norm,
    "group_norm": _group_norm,
    "batch_norm": _batch_norm,
}
_TENSORS = ("weight", "bias", "running_mean", "running_var")


def weighted(lowering: Lowering, call: TracedCall) -> list[Held]:
    """The layer whose weights the function takes: a module of the network, or the module in which it is called."""
    given = bound(call)
    tensors = {name: given[name] for name in _TENSORS if isinstance(given.get(name), Value)}
    owners = {value.path.rpartition(".")[0] for value in tensors.values()}
    if len(owners) > 1 or any(value.path.rpartition(".")[2] != name for name, value in tensors.items()):
        return _without_layer(lowering, call, given, tensors)
    x = lowering.held(given["input"])
    type_, args = _LAYERS[short_name(call.function)](given)
    if not owners:
        if "weight" not in tensors and type_ in ("LayerNorm", "RMSNorm"):
            return lowering.emit(type_, [x], {**args, "elementwise_affine": False}, [call.result.shape])
        raise NotSayable("it has no weights")
    (path,) = owners
    module = lowering.trace.root.module.get_submodule(path)
    own = {name for name, _ in (*module.named_parameters(recurse=False), *module.named_buffers(recurse=False))}
    record = record_of(module)
    if record is not None and record.name == type_:
        args = layer_arguments(module, record)
    elif own - {"num_batches_tracked"} != {*tensors}:
        return _without_layer(lowering, call, given, tensors)
    elif "bias" not in tensors:
        args["bias"] = False
    fields: dict[str, Any] = {"path": path, "module": module}
    if path in lowering.first:
        fields["shares"] = lowering.first[path]
    outputs = lowering.emit(TABLE[type_].name, [x], args, [call.result.shape], **fields)
    lowering.first.setdefault(path, lowering.ops[-1])
    return outputs


def _without_layer(
    lowering: Lowering, call: TracedCall, given: dict[str, Any], tensors: dict[str, Value]
) -> list[Held]:
    """A function whose weights are no layer's: they are parameters, buffers or computed, and it is said by others.

    Raises:
        NotSayable: a spec has no function that takes such weights.
    """
    name, shape = short_name(call.function), call.result.shape
    if name == "linear":
        return linear(lowering, given, shape)
    if name in ("layer_norm", "rms_norm"):
        type_, args = _LAYERS[name](given)
        x = lowering.held(given["input"])
        found = lowering.emit(type_, [x], {**args, "elementwise_affine": False}, [shape])
        for weight, function in (("weight", "mul"), ("bias", "add")):
            if weight in tensors:
                pair = together(lowering, [*found, lowering.held(tensors[weight])], shape)
                found = lowering.emit(function, pair, {}, [shape])
        return found
    named = ", ".join(value.path or "computed" for value in tensors.values())
    raise NotSayable(f"its weights are those of no layer: {named}")


def dropout(lowering: Lowering, call: TracedCall) -> list[Held]:
    """Dropout as a function: a layer without weights, none where nothing is dropped."""
    given = bound(call)
    x = lowering.held(given["input"])
    p = given.get("p", 0.5)
    if p == 0:
        return [x]
    record = records_of_function(short_name(call.function))[-1]
    return lowering.emit(record.name, [x], {} if p == 0.5 else {"p": p}, [call.result.shape])


HANDLERS: dict[str, Lower] = {
    **dict.fromkeys(_LAYERS, weighted),
    **dict.fromkeys(("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout"), dropout),
}
