"""Layers and functions that treat one sample as they treat a batch of equal ones, and nothing at random."""

from __future__ import annotations

from netspec.layers.functions.activations import RANDOM
from netspec.layers.record import Layer
from netspec.layers.table import ACTIVATIONS

_LAYERS = (ACTIVATIONS - {"RReLU"}) | {
    "Embedding",
    "Flatten",
    "GroupNorm",
    "Identity",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "LayerNorm",
    "Linear",
    "RMSNorm",
    "Unflatten",
}


def samplewise(record: Layer) -> bool:
    """Whether a layer gives one sample the same whatever else is in the batch, and nothing at random."""
    if record.is_function:
        return record.name not in RANDOM and record.name != "scaled_dot_product_attention"
    return record.name in _LAYERS and record.origin is None
