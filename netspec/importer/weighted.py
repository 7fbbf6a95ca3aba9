"""Functions that take weights, as F.linear and F.layer_norm: the layer of the module that holds them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from netspec.importer.aligning import reshaped, without_batch
from netspec.importer.binding import bound, records_of_function, short_name
from netspec.importer.failure import NotSayable
from netspec.importer.held import Held, batch_axis
from netspec.importer.layers import layer_arguments, plain, record_of, takes
from netspec.importer.traced import TracedCall, Value
from netspec.layers.record import Layer
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
# Functions with weights that are functions in a spec too, whosever the weights are.
_FUNCTIONS = ("bilinear", "embedding", "instance_norm", "prelu", *(f"conv_transpose{axes}d" for axes in (1, 2, 3)))
_TENSORS = ("weight", "bias", "running_mean", "running_var")


def weighted(lowering: Lowering, call: TracedCall) -> list[Held]:
    """The layer whose weights the function takes: a module of the network, or the module in which it is called."""
    given = bound(call)
    if short_name(call.function) == "batch_norm":
        found = _batch_norm_of_one(lowering, call, given)
        if found is not None:
            return found
        if given.get("training") and any(
            isinstance(given.get(name), Value) and not given[name].path for name in _TENSORS
        ):
            raise NotSayable("while training it is that of a BatchNorm alone")
    tensors = {name: given[name] for name in _TENSORS if isinstance(given.get(name), Value)}
    owners = {value.path.rpartition(".")[0] for value in tensors.values()}
    if len(owners) > 1 or any(value.path.rpartition(".")[2] != name for name, value in tensors.items()):
        return _without_layer(lowering, call, given)
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
    elif record is not None or own - {"num_batches_tracked"} != {*tensors}:
        return _without_layer(lowering, call, given)
    elif "bias" not in tensors:
        args["bias"] = False
    fields: dict[str, Any] = {"path": path, "module": module}
    if path in lowering.first:
        fields["shares"] = lowering.first[path]
    outputs = lowering.emit(TABLE[type_].name, [x], args, [call.result.shape], **fields)
    lowering.first.setdefault(path, lowering.ops[-1])
    return outputs


def _without_layer(lowering: Lowering, call: TracedCall, given: dict[str, Any]) -> list[Held]:
    """A function whose weights are no layer's own: they are parameters, buffers or computed.

    Raises:
        NotSayable: a spec has no function that takes such weights, or they differ from sample to sample.
    """
    record = TABLE[short_name(call.function)]
    names = [name for name in record.names if isinstance(given.get(name), Value)]
    if names != [*record.names[: len(names)]]:
        raise NotSayable(f"it has a {names[-1]} without a {record.names[len(names) - 1]}")
    inputs = [lowering.held(given[name]) for name in names]
    weights = [without_batch(lowering, x) for name, x in zip(names, inputs, strict=True) if name in record.unbatched]
    samples = inputs[: len(inputs) - len(weights)]
    last = isinstance(given.get("normalized_shape"), list | tuple) and len(given["normalized_shape"])
    axes = last or 1 if record.name in ("linear", "bilinear", "layer_norm", "rms_norm") else None
    for x in samples:
        if record.name not in ("embedding", "prelu") and not (x.usual if axes is None else _leads(x, axes)):
            raise NotSayable("the batch does not come first")
    args = {name: given[name] for name in given if record.arg(name) is not None}
    if last == 1 or (last and weights):
        del args["normalized_shape"]  # which follows from the input, or the weight
    return lowering.emit(record.name, [*samples, *weights], _said(record, args), [call.result.shape])


def _leads(x: Held, axes: int) -> bool:
    """Whether the batch stands before the last axes."""
    return x.at is None or x.at < x.rank - axes


def _said(record: Layer, args: dict[str, Any]) -> dict[str, Any]:
    """The arguments that are not the defaults, as a person writes them."""
    written: dict[str, Any] = {}
    for arg in record.args:
        value = plain(args.get(arg.name, arg.default), arg.kind)
        frozen = tuple(value) if isinstance(value, list) else value
        if frozen == arg.default:
            continue
        if not takes(arg.kind, frozen):
            raise NotSayable(f"{arg.name} is {arg.kind.wants} in a spec, here it is {value!r}")
        written[arg.name] = value
    return written


def _batch_norm_of_one(lowering: Lowering, call: TracedCall, given: dict[str, Any]) -> list[Held] | None:
    """F.batch_norm of a weight by its own statistics, as weight-standardised convolutions have it; None elsewhere."""
    x = lowering.held(given["input"])
    own = given.get("running_mean") is None and given.get("training", False)
    if not own or x.rank < 3 or x.shape[0] != 1 or batch_axis(x.shape) is not None:
        return None
    names = [name for name in ("weight", "bias") if isinstance(given.get(name), Value)]
    whole = x if x.at == 0 else reshaped(lowering, x, x.shape[1:], x.shape, at=0)
    weights = [without_batch(lowering, lowering.held(given[name])) for name in names]
    return lowering.emit("instance_norm", [whole, *weights], _eps(given), [call.result.shape])


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
    **dict.fromkeys(_FUNCTIONS, lambda lowering, call: _without_layer(lowering, call, bound(call))),
    **dict.fromkeys(("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout"), dropout),
}
