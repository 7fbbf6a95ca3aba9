"""Shapes that broadcast → whether a size may have been overlooked."""

from __future__ import annotations

from netspec.core.shapes import size
from netspec.layers.record import Layer
from netspec.shapes.apply import Outputs


def repeats(record: Layer, inputs: Outputs) -> bool:
    """Whether broadcasting repeats a size of one that may have been overlooked.

    One number a channel, C×1×1 against C×H×W, is not reported: gates and scales are written so on purpose,
    and so are masks, one for all heads.

    Args:
        record: of the layer.
        inputs: those that it broadcasts.
    """
    numbers = [tensor for tensor in inputs if tensor.dtype != "bool"] or inputs
    shapes = {tensor.shape[: len(tensor.shape) - record.fixed_axes] for tensor in numbers}
    largest = max(shapes, key=size)
    per_channel = (*largest[:1], *(1 for _ in largest[1:]))
    return bool(shapes - {largest, per_channel} if len(largest) > 2 else shapes - {largest})
