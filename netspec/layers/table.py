"""The table of all layers and functions, family by family, and named sets of similar layers."""

from __future__ import annotations

from netspec.layers.functions import (
    activations,
    arithmetic,
    constants,
    einsum,
    elementwise,
    indexing,
    joining,
    reductions,
    slicing,
    weighted,
    weighted_convolutions,
    weighted_norms,
)
from netspec.layers.functions import rearranging as rearranging_functions
from netspec.layers.modules import (
    activation,
    attention,
    buffer,
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
from netspec.layers.modules.activation import POINTWISE
from netspec.layers.record import Layer

FAMILIES = (
    *(convolution, linear, embedding, pooling, unpooling, rearranging, normalization, activation, dropout, padding),
    *(upsampling, recurrent, attention, transformer, distance, torchvision, parameter, buffer),
    *(joining, arithmetic, einsum, elementwise, activations, reductions, rearranging_functions, slicing, indexing),
    *(constants, weighted, weighted_convolutions, weighted_norms),
)

TABLE: dict[str, Layer] = {layer.name: layer for family in FAMILIES for layer in family.LAYERS}

CONVOLUTIONS = frozenset({f"{kind}{axes}d" for kind in ("Conv", "ConvTranspose") for axes in (1, 2, 3)})
POOLS = frozenset({f"{kind}Pool{axes}d" for kind in ("Max", "Avg", "LP") for axes in (1, 2, 3)})
ADAPTIVE_POOLS = frozenset({f"Adaptive{kind}Pool{axes}d" for kind in ("Avg", "Max") for axes in (1, 2, 3)})
BATCH_NORMS = frozenset({f"BatchNorm{axes}d" for axes in (1, 2, 3)})
DROPOUTS = frozenset({"Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout"})
RESHAPES = frozenset({"Identity", "Flatten", "Unflatten", "flatten", "reshape", "squeeze", "unsqueeze"})
ACTIVATIONS = frozenset({layer.name for layer in POINTWISE} | {"LogSoftmax", "Softmax", "Softmax2d", "Softmin"})
