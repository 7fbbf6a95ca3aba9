"""The parameters of a layer by torch's names, with their shapes: `weight`, `in_proj_bias`, `layers.0.linear1.weight`.

For what names single parameters: `tie`, `init` and `parametrize`. They are those of the layer's state that are learned.
"""

from __future__ import annotations

from typing import Any

from netspec.core.shapes import Shape
from netspec.layers.record import Layer
from netspec.layers.state import state_of

_BUFFERS = frozenset({"running_mean", "running_var", "num_batches_tracked"})


def weights_of(record: Layer, args: dict[str, Any]) -> dict[str, Shape]:
    """The parameters of a layer by name, with their shapes; none for a plugin's layer, whose names are not known.

    Args:
        record: the layer; of a `parameter` the tensor itself is the parameter, called ``.
        args: all its arguments.
    """
    if record.tensor == "buffer":
        return {}
    state = state_of(record, args) or {}
    return {name: shape for name, shape in state.items() if name.rpartition(".")[2] not in _BUFFERS}
