"""Functions whose weights are inputs: linear, bilinear, prelu and embedding of torch.nn.functional."""

from __future__ import annotations

from netspec.core.shapes import ArgumentError, MergeError, Shape, show, size
from netspec.layers.arguments import Int, optional
from netspec.layers.code import call
from netspec.layers.functions.given_weights import channels_of, need_numbers, need_weight, weighted, written
from netspec.layers.modules.linear import last_axis
from netspec.layers.record import Arg, Args, Case, case


def _linear_shape(a: Args, x: Shape, weight: Shape, bias: Shape | None = None) -> Shape:
    need_weight("linear", "weight", weight, "out×in")
    out = (*x[:-1], weight[0])
    if last_axis(x) != weight[1]:
        fact = f"linear: the weight {show(weight)} is for {weight[1]} features, the last axis has {x[-1]}"
        raise MergeError(fact, guesses=(out,))
    need_numbers("linear", weight[0], out, bias=bias)
    return out


def _bilinear_shape(a: Args, x: Shape, y: Shape, weight: Shape, bias: Shape | None = None) -> Shape:
    need_weight("bilinear", "weight", weight, "out×in1×in2")
    out = (*x[:-1], weight[0])
    if (last_axis(x), last_axis(y)) != weight[1:] or x[:-1] != y[:-1]:
        fact = f"bilinear: the weight {show(weight)} is for {weight[1]} and {weight[2]} features of equally many rows"
        raise MergeError(f"{fact}: {show(x)} and {show(y)}", guesses=(out,))
    need_numbers("bilinear", weight[0], out, bias=bias)
    return out


def _prelu_shape(a: Args, x: Shape, weight: Shape) -> Shape:
    count = 1 if weight in ((), (1,)) else channels_of("prelu", x)
    if weight:
        need_numbers("prelu", count, x, weight=weight)
    return x


def _embedding_shape(a: Args, x: Shape, weight: Shape) -> Shape:
    need_weight("embedding", "weight", weight, "num_embeddings×embedding_dim")
    index = a.padding_idx
    if index is not None and not -weight[0] <= index < weight[0]:
        raise ArgumentError(f"padding_idx {index} is outside of {weight[0]} embeddings", argument="padding_idx")
    return (*x, weight[1])


_PADDING = Arg("padding_idx", optional(Int()), None)

LAYERS = (
    weighted(
        "linear",
        "y = xWᵀ + b on the last axis, with the weight out×in.",
        _linear_shape,
        2,
        ("input", "weight", "bias"),
        macs=lambda a, output, x, *weights: size(output) * x[-1],
        code=lambda a, *inputs: call("F.linear", *inputs),
        right=(case((8,), (3, 8)), case((5, 8), (3, 8), (3,))),
        wrong=(case((8,), (8, 3)), case((5, 8), (3, 8), (8,)), case((8,), (8,)), case((), (3, 8))),
    ),
    weighted(
        "bilinear",
        "y = x₁ᵀAx₂ + b on the last axes of two inputs, with the weight out×in1×in2.",
        _bilinear_shape,
        3,
        ("input1", "input2", "weight", "bias"),
        of=2,
        macs=lambda a, output, x, y, *weights: size(output) * x[-1] * (y[-1] + 1),
        code=lambda a, *inputs: call("F.bilinear", *inputs),
        right=(case((8,), (6,), (3, 8, 6)), case((4, 8), (4, 6), (3, 8, 6), (3,))),
        wrong=(case((8,), (6,), (3, 6, 8)), case((4, 8), (5, 6), (3, 8, 6)), case((8,), (6,), (3, 8, 6), (8,))),
    ),
    weighted(
        "prelu",
        "x, or weight·x below 0; the weight is one number, or one for each channel.",
        _prelu_shape,
        2,
        ("input", "weight"),
        code=lambda a, *inputs: call("F.prelu", *inputs),
        right=(case((4, 5), (1,)), case((4, 5), (4,))),
        wrong=(case((4, 5), (5,)),),
    ),
    weighted(
        "embedding",
        "A row of the weight, num_embeddings×embedding_dim, for each integer.",
        _embedding_shape,
        2,
        ("input", "weight"),
        args=(_PADDING,),
        takes=("int", "float"),
        gives="chosen",
        code=lambda a, *inputs: call("F.embedding", *inputs, **written(a, (_PADDING,))),
        right=(
            Case(((7,), (10, 4)), {}, ("int64", "float32")),
            Case(((3, 5), (10, 4)), {"padding_idx": -1}, ("int64", "float32")),
        ),
        wrong=(
            Case(((7,), (10,)), {}, ("int64", "float32")),
            Case(((7,), (10, 4)), {"padding_idx": 10}, ("int64", "float32")),
            Case(((7,), (10, 4)), {}, "float32"),
        ),
    ),
)
