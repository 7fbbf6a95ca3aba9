"""Layers of torchvision that its networks are made of (torchvision.ops and torchvision.models)."""

from __future__ import annotations

from netspec.core.shapes import Shape, ShapeError, show
from netspec.layers.arguments import Bool, Either, Float, Int, Ints, Word
from netspec.layers.modules.normalization import norm_weights
from netspec.layers.record import Arg, Args, Layer, case
from netspec.layers.spatial import axis_size

_channels = axis_size("LayerNorm2d", "C", "H", "W")


def _norm_shape(a: Args, x: Shape) -> Shape:
    _channels(x)  # for its fact about the axes
    if isinstance(a.normalized_shape, tuple) and a.normalized_shape != x[:1]:
        fact = f"normalized_shape is {show(a.normalized_shape)}, there are {x[0]} channels"
        raise ShapeError(fact, argument="normalized_shape", guesses=(x,))
    return x


LAYERS = (
    Layer(
        name="LayerNorm2d",
        doc="LayerNorm over the channels of each position of C×H×W (torchvision.models.convnext).",
        args=(
            Arg("normalized_shape", Either(Int(1), Ints(1, 1)), infer=_channels, unit="channels"),
            Arg("eps", Float(), 1e-5),
            Arg("elementwise_affine", Bool(), True),
            Arg("bias", Bool(), True),
        ),
        shape=_norm_shape,
        parameters=lambda a, x: x[0] * (1 + bool(a.bias)) if a.elementwise_affine else 0,
        weights=lambda a: norm_weights(a.elementwise_affine, a.normalized_shape, bias=a.bias),
        module="convnext",
        right=(case((6, 4, 5)), case((6, 4, 5), normalized_shape=(6,), eps=1e-6, bias=False)),
        wrong=(case((6, 4)), case((6, 4, 5), normalized_shape=5), case((6, 4, 5), normalized_shape=(5,))),
    ),
    Layer(
        name="StochasticDepth",
        doc="Drops whole samples (mode row), or the whole batch, while training: for a residual branch.",
        args=(Arg("p", Float(0, 1)), Arg("mode", Word(("batch", "row")))),
        module="ops",
        right=(case((3, 4, 5), p=0.2, mode="row"), case((), p=0, mode="batch"), case((4,), p=1, mode="batch")),
    ),
)
