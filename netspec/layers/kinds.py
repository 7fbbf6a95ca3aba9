"""Sets of layers that do the same kind of thing, by their names."""

from __future__ import annotations

from netspec.layers.modules.activation import POINTWISE

CONVOLUTIONS = frozenset({f"{kind}{axes}d" for kind in ("Conv", "ConvTranspose") for axes in (1, 2, 3)})
POOLS = frozenset({f"{kind}Pool{axes}d" for kind in ("Max", "Avg", "LP") for axes in (1, 2, 3)})
ADAPTIVE_POOLS = frozenset({f"Adaptive{kind}Pool{axes}d" for kind in ("Avg", "Max") for axes in (1, 2, 3)})
BATCH_NORMS = frozenset({f"BatchNorm{axes}d" for axes in (1, 2, 3)})
DROPOUTS = frozenset({"Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout"})
RESHAPES = frozenset({"Identity", "Flatten", "Unflatten", "flatten", "reshape", "squeeze", "unsqueeze"})
ACTIVATIONS = frozenset({layer.name for layer in POINTWISE} | {"LogSoftmax", "Softmax", "Softmax2d", "Softmin"})
