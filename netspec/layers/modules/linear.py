"""Linear maps on the last axis."""

from __future__ import annotations

from netspec.core.shapes import MergeError, RankError, Shape, show, size
from netspec.layers.arguments import Bool, Int
from netspec.layers.record import Arg, Args, Layer, Tensors, case


def last_axis(x: Shape, *others: Shape) -> int:
    """Infers the size of the last axis of the first input."""
    if not x:
        raise RankError("the last axis is needed, a scalar has none")
    return x[-1]


def with_bias(weight: Shape, bias: bool, size: int) -> Tensors:
    """A weight, and a bias of `size` numbers where there is one."""
    return {"weight": weight, **({"bias": (size,)} if bias else {})}


def _linear_shape(a: Args, x: Shape) -> Shape:
    last_axis(x)  # for its fact about a scalar
    return (*x[:-1], a.out_features)


def _bilinear_shape(a: Args, x: Shape, y: Shape) -> Shape:
    last_axis(x)
    last_axis(y)
    if x[:-1] != y[:-1]:
        guesses = tuple(dict.fromkeys((*shape[:-1], a.out_features) for shape in (x, y)))
        raise MergeError(f"the inputs have to agree but for the last axis: {show(x)} and {show(y)}", guesses=guesses)
    return (*x[:-1], a.out_features)


LAYERS = (
    Layer(
        name="Linear",
        doc="y = xWᵀ + b on the last axis.",
        args=(
            Arg("in_features", Int(1), infer=last_axis, unit="features"),
            Arg("out_features", Int(1)),
            Arg("bias", Bool(), True),
        ),
        shape=_linear_shape,
        parameters=lambda a, x: a.in_features * a.out_features + (a.out_features if a.bias else 0),
        weights=lambda a: with_bias((a.out_features, a.in_features), a.bias, a.out_features),
        macs=lambda a, output, x: size(output) * a.in_features,
        right=(case((8,), out_features=3), case((5, 8), out_features=3, bias=False)),
        wrong=(case((8,), in_features=7, out_features=3),),
    ),
    Layer(
        name="Bilinear",
        doc="y = x₁ᵀAx₂ + b on the last axes of two inputs.",
        args=(
            Arg("in1_features", Int(1), infer=last_axis, unit="features"),
            Arg("in2_features", Int(1), infer=lambda x, y: last_axis(y), unit="features"),
            Arg("out_features", Int(1)),
            Arg("bias", Bool(), True),
        ),
        shape=_bilinear_shape,
        parameters=lambda a, x, y: a.out_features * (a.in1_features * a.in2_features + bool(a.bias)),
        weights=lambda a: with_bias((a.out_features, a.in1_features, a.in2_features), a.bias, a.out_features),
        macs=lambda a, output, x, y: size(output) * a.in1_features * (a.in2_features + 1),
        inputs=(2, 2),
        names=("input1", "input2"),
        right=(case((8,), (6,), out_features=3), case((4, 8), (4, 6), out_features=3, bias=False)),
        wrong=(case((4, 8), (5, 6), out_features=3), case((8,), (6,), in1_features=6, out_features=3)),
    ),
)
