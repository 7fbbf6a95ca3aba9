"""The one table of layers and functions, family by family."""

from __future__ import annotations

from netspec.layers import (
    activation,
    adaptive,
    arithmetic,
    attention,
    batchnorm,
    cells,
    convolution,
    dropout,
    elementwise,
    embedding,
    functions,
    learned,
    linear,
    normalization,
    padding,
    pooling,
    rearranging,
    recurrent,
    reductions,
    shaping,
    slicing,
    softmax,
    upsampling,
    vision,
)
from netspec.layers.record import Layer

FAMILIES = (
    convolution,
    linear,
    embedding,
    pooling,
    adaptive,
    batchnorm,
    normalization,
    activation,
    softmax,
    dropout,
    padding,
    upsampling,
    shaping,
    recurrent,
    cells,
    attention,
    vision,
    learned,
    functions,
    arithmetic,
    elementwise,
    reductions,
    rearranging,
    slicing,
)

TABLE: dict[str, Layer] = {layer.name: layer for family in FAMILIES for layer in family.LAYERS}
