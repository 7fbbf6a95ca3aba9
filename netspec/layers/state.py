"""Layer with its arguments → the tensors of its state_dict: the parameters, and the buffers that are kept."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from netspec.core.shapes import Shape
from netspec.layers.record import Layer
from netspec.layers.weights import weights_of

State = dict[str, Shape]
_RUNNING = {f"{kind}{axes}d" for kind in ("BatchNorm", "InstanceNorm") for axes in (1, 2, 3)}


def state_of(record: Layer, args: dict[str, Any]) -> State | None:
    """The tensors of a layer's state_dict: their shapes by name. None where they are not known: of a plugin's layer.

    Args:
        record: the layer; of a tensor the tensor itself, called ``.
        args: all its arguments by name.
    """
    if record.is_function:
        return {}
    if record.origin is not None:
        return None
    if record.tensor == "buffer":
        return _buffer(record, args)
    return weights_of(record, args) | _running(record, args)


def _buffer(record: Layer, args: dict[str, Any]) -> State:
    shape = record.shape(SimpleNamespace(**args), ())
    assert isinstance(shape, tuple)
    return {"": (1, *shape) if args["batch_axis"] else shape} if args["persistent"] else {}


def _running(record: Layer, args: dict[str, Any]) -> State:
    """The running statistics of a norm, and how many batches they are of."""
    if record.name not in _RUNNING or not args["track_running_stats"]:
        return {}
    own = (args["num_features"],)
    return {"running_mean": own, "running_var": own, "num_batches_tracked": ()}
