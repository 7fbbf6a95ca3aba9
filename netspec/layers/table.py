"""The one table of layers and functions, family by family."""

from __future__ import annotations

from netspec.layers import convolution, functions, linear
from netspec.layers.record import Layer

FAMILIES = (convolution, linear, functions)

TABLE: dict[str, Layer] = {layer.name: layer for family in FAMILIES for layer in family.LAYERS}
