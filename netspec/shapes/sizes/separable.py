"""Which layers treat each axis by itself, so that sizes along different axes can be studied separately.

A layer is separable where every size it gives and every demand it makes depends on the sizes at one position of its
inputs alone: a convolution's output height depends on the height. For such a layer, what holds for heights at one
width and for widths at one height holds for all pairs. A test tries the property on every layer of the table below.
All others (Flatten, attention, a user's own layers) are asked pair by pair.
"""

from __future__ import annotations

from netspec.core.shapes import Shape
from netspec.language.spec import Call
from netspec.layers.kinds import ACTIVATIONS, ADAPTIVE_POOLS, BATCH_NORMS, CONVOLUTIONS, DROPOUTS, POOLS
from netspec.layers.table import TABLE

PADDINGS = frozenset(
    f"{kind}Pad{axes}d" for kind in ("Zero", "Constant", "Reflection", "Replication", "Circular") for axes in (1, 2, 3)
)
_OTHERS = frozenset({
    "ChannelShuffle", "CrossMapLRN2d", "Embedding", "GLU", "GRU", "GroupNorm", "Identity", "LayerNorm", "LayerNorm2d",
    "Linear", "LocalResponseNorm", "LSTM", "MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d", "PixelShuffle",
    "PixelUnshuffle", "RMSNorm", "RNN", "StochasticDepth", "TransformerEncoder", "TransformerEncoderLayer", "Upsample",
    "UpsamplingBilinear2d", "UpsamplingNearest2d",
})  # fmt: skip
_FUNCTIONS = frozenset({
    "abs", "add", "amax", "amin", "argmax", "argmin", "chunk", "clamp", "concat", "cos", "cumsum", "div", "exp", "gelu",
    "interpolate", "log", "log_softmax", "maximum", "mean", "minimum", "moveaxis", "mul", "narrow", "neg", "normalize",
    "pad", "parameter", "permute", "pow", "relu", "roll", "rsqrt", "select", "sigmoid", "silu", "sin", "slice",
    "softmax", "split", "sqrt", "square", "squeeze", "stack", "sub", "sum", "tanh", "tile", "transpose", "unsqueeze",
})  # fmt: skip
SEPARABLE = (
    ACTIVATIONS | ADAPTIVE_POOLS | BATCH_NORMS | CONVOLUTIONS | DROPOUTS | POOLS | PADDINGS | _OTHERS | _FUNCTIONS
)
INSTANCE_NORMS = frozenset({f"InstanceNorm{axes}d" for axes in (1, 2, 3)})


def separable(call: Call) -> bool:
    """Whether a layer treats each axis by itself."""
    name = call.record.name
    return name in SEPARABLE and TABLE.get(name) is call.record  # a plugin may bear a name of torch's


def asks(call: Call, shape: Shape) -> Shape | None:
    """For a layer that passes its input on and has one demand of all axes together: the part of the sizes it looks at.

    None for others. InstanceNorm refuses a channel of one number.
    """
    name = call.record.name
    known = name in INSTANCE_NORMS and TABLE.get(name) is call.record
    return tuple(min(size, 2) for size in shape) if known else None
