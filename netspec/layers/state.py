"""Layer with its arguments → the tensors of its state_dict: the parameters, and the buffers that are kept."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from netspec.layers.record import Layer, Tensors


def weights_of(record: Layer, args: dict[str, Any]) -> Tensors:
    """The parameters of a layer by name, with their shapes; none for a plugin's layer, whose names are not known.

    Args:
        record: the layer; of a `parameter` the tensor itself is the parameter, called ``.
        args: all its arguments by name.
    """
    return record.weights(SimpleNamespace(**args))


def state_of(record: Layer, args: dict[str, Any]) -> Tensors | None:
    """The tensors of a layer's state_dict: their shapes by name. None where they are not known: of a plugin's layer.

    Args:
        record: the layer; of a tensor the tensor itself, called ``.
        args: all its arguments by name.
    """
    if record.origin is not None:
        return None
    return weights_of(record, args) | record.buffers(SimpleNamespace(**args))
