"""The one table of layers and functions, family by family."""

from __future__ import annotations

from netspec.layers.functions import arithmetic, einsum, elementwise, joining, reductions, slicing
from netspec.layers.functions import rearranging as rearranging_functions
from netspec.layers.modules import (
    activation,
    attention,
    convolution,
    distance,
    dropout,
    embedding,
    linear,
    normalization,
    padding,
    parameter,
    pooling,
    rearranging,
    recurrent,
    torchvision,
    transformer,
    unpooling,
    upsampling,
)
from netspec.layers.record import Layer

FAMILIES = (
    *(convolution, linear, embedding, pooling, unpooling, rearranging, normalization, activation, dropout, padding),
    *(upsampling, recurrent, attention, transformer, distance, torchvision, parameter),
    *(joining, arithmetic, einsum, elementwise, reductions, rearranging_functions, slicing),
)

TABLE: dict[str, Layer] = {layer.name: layer for family in FAMILIES for layer in family.LAYERS}
