"""Functions whose weights are inputs: linear, convolutions, norms, embedding and prelu of torch.nn.functional.

Their weights are parameters of one's own, those of another layer (`from: [x, words.weight]`), or computed from such:
one tensor for all samples. What the layers of torch.nn say of shapes and costs holds for the functions too.
"""

from __future__ import annotations

from typing import Any

from netspec.core.shapes import (
    ArgumentError,
    MergeError,
    RankError,
    Shape,
    count_axes,
    need_axes,
    need_rank,
    show,
    size,
)
from netspec.layers.arguments import Either, Float, Int, Ints, optional
from netspec.layers.code import call, literal
from netspec.layers.modules import convolution, normalization
from netspec.layers.modules.linear import last_axis
from netspec.layers.record import Arg, Args, Case, Layer, ShapeRule, case
from netspec.layers.spatial import AXES, axes_word

_MODULES = {layer.name: layer for layer in (*convolution.LAYERS, *normalization.LAYERS)}


def _need_axes(name: str, what: str, weight: Shape, axes: str) -> None:
    count = axes.count("×") + 1
    if len(weight) != count:
        wanted = f"{count} {'axis' if count == 1 else 'axes'} {axes}"
        raise RankError(f"the {what} of {name} has {wanted}, this one has {count_axes(weight)}")


def _need_numbers(name: str, wanted: int, out: Shape, **vectors: Shape | None) -> None:
    """Raise unless each of some vectors, a bias say, has so many numbers."""
    for what, shape in vectors.items():
        if shape is not None and shape != (wanted,):
            fact = f"the {what} of {name} has to be {wanted}, one number for each channel, it is {show(shape)}"
            raise MergeError(fact, guesses=(out,))


def _weighted(
    name: str, doc: str, shape: ShapeRule, least: int, inputs: tuple[str, ...], *, of: int = 1, **fields: Any
) -> Layer:
    """The record of a function of `of` tensors of samples, whose further inputs are weights."""
    fields = {"names": inputs, "unbatched": inputs[of:], **fields}
    return Layer(name=name, doc=doc, shape=shape, inputs=(least, len(inputs)), **fields)


def _written(a: Args, args: tuple[Arg, ...]) -> dict[str, object]:
    """The arguments that are not torch's defaults."""
    return {arg.name: value for arg in args if (value := getattr(a, arg.name)) != arg.default}


def _linear_shape(a: Args, x: Shape, weight: Shape, bias: Shape | None = None) -> Shape:
    _need_axes("linear", "weight", weight, "out×in")
    out = (*x[:-1], weight[0])
    if last_axis(x) != weight[1]:
        fact = f"linear: the weight {show(weight)} is for {weight[1]} features, the last axis has {x[-1]}"
        raise MergeError(fact, guesses=(out,))
    _need_numbers("linear", weight[0], out, bias=bias)
    return out


def _bilinear_shape(a: Args, x: Shape, y: Shape, weight: Shape, bias: Shape | None = None) -> Shape:
    _need_axes("bilinear", "weight", weight, "out×in1×in2")
    out = (*x[:-1], weight[0])
    if (last_axis(x), last_axis(y)) != weight[1:] or x[:-1] != y[:-1]:
        fact = f"bilinear: the weight {show(weight)} is for {weight[1]} and {weight[2]} features of equally many rows"
        raise MergeError(f"{fact}: {show(x)} and {show(y)}", guesses=(out,))
    _need_numbers("bilinear", weight[0], out, bias=bias)
    return out


def _convolution(axes: int, *, transposed: bool) -> Layer:
    module = _MODULES[f"Conv{'Transpose' if transposed else ''}{axes}d"]
    name, picture = f"conv{'_transpose' if transposed else ''}{axes}d", (9, 8, 7)[-axes:]
    order = ("stride", "padding", *(("output_padding", "groups", "dilation") if transposed else ("dilation", "groups")))
    args = tuple(arg for wanted in order for arg in module.args if arg.name == wanted)
    form = "×".join((*(("in", "out/groups") if transposed else ("out", "in/groups")), *AXES[axes]))

    def as_module(a: Args, weight: Shape) -> Args:
        """The arguments of the layer with such a weight."""
        first, second = weight[0], weight[1] * a.groups
        given, made = (first, second) if transposed else (second, first)
        own = {arg.name: getattr(a, arg.name) for arg in args}
        fixed = {"padding_mode": "zeros", "output_size": None, "kernel_size": weight[2:]}
        return Args(**own, **fixed, in_channels=given, out_channels=made)

    def shape(a: Args, x: Shape, weight: Shape, bias: Shape | None = None) -> Shape:
        need_rank(name, x, "C", *AXES[axes])
        _need_axes(name, "weight", weight, form)
        if 0 in weight:
            raise MergeError(f"the weight of {name} has no numbers: it is {show(weight)}")
        like = as_module(a, weight)
        if transposed and like.in_channels % a.groups:
            fact = f"the weight {show(weight)} has {weight[0]} channels, which groups {a.groups} does not divide"
            raise ArgumentError(fact, argument="groups")
        out = module.shape(like, x)
        assert isinstance(out, tuple)
        if like.in_channels != x[0]:
            fact = f"{name}: the weight {show(weight)} is for {like.in_channels} channels, the input has {x[0]}"
            raise MergeError(fact, guesses=(out,))
        _need_numbers(name, out[0], out, bias=bias)
        return out

    def code(a: Args, *inputs: str) -> str:
        return call(f"F.{name}", *inputs, **_written(a, args))

    weight = (4, 3) if transposed else (6, 2)
    kernel = (3,) * axes
    more: dict[str, Any] = {"output_padding": 1} if transposed else {}
    return _weighted(
        name,
        f"{'Transposed convolution' if transposed else 'Convolution'} over {axes_word(axes)} with the weight {form}.",
        shape,
        2,
        ("input", "weight", "bias"),
        args=args,
        macs=lambda a, output, x, weight, *bias: module.macs(as_module(a, weight), output, x),
        code=code,
        right=(
            case((4, *picture), (*weight, *kernel), (6,), stride=2, padding=1, groups=2),
            case((4, *picture), (4, 4, *kernel), dilation=2, **more),
        ),
        wrong=(
            case((3, *picture), (*weight, *kernel)),
            case((4, *picture), (*weight, *kernel), (4,), groups=2),
            case((4, *picture), (4, 4, *kernel[1:])),
            case((4, *picture), (3, 4, *kernel), groups=2),
        ),
    )


# -- norms: their weights are as many numbers as they normalize, or one for each channel -----------------------------


def _last_axes(name: str, doc: str, *more: str, eps: Arg) -> Layer:
    module = _MODULES["LayerNorm"]

    def normalized(a: Args, x: Shape, weights: tuple[Shape, ...]) -> Shape:
        if a.normalized_shape is not None:
            given: int | Shape = a.normalized_shape
            return (given,) if isinstance(given, int) else given
        return weights[0] if weights else (last_axis(x),)

    def shape(a: Args, x: Shape, *weights: Shape) -> Shape:
        wanted = normalized(a, x, weights)
        module.shape(Args(normalized_shape=wanted), x)
        for what, weight in zip(("weight", "bias"), weights, strict=False):
            if weight != wanted:
                raise MergeError(f"the {what} of {name} has to be {show(wanted)}, it is {show(weight)}", guesses=(x,))
        return x

    def code(a: Args, x: str, *weights: str) -> str:
        wanted = normalized(a, a.input_shapes[0], tuple(a.input_shapes[1:]))
        return call(f"F.{name}", x, literal(wanted), *weights, **_written(a, (eps,)))

    return _weighted(
        name,
        f"{doc}: those of `normalized_shape`, or those that the weight has, else the last one.",
        shape,
        1,
        ("input", "weight", *more),
        args=(Arg("normalized_shape", optional(Either(Int(1), Ints(None, 1))), None), eps),
        code=code,
        right=(case((5, 8)), case((3, 5, 8), (5, 8), eps=1e-6), case((5, 8), (8,), *[(8,)] * len(more))),
        wrong=(
            case((5, 8), (5,)),
            case((5, 8), (8,), normalized_shape=(5, 8)),
            case((5, 8), normalized_shape=5),
            *(case((5, 8), (8,), (5,)) for _ in more),
        ),
    )


def _channels(name: str, x: Shape) -> int:
    need_axes(name, x, 1)
    return x[0]


def _group_norm_shape(a: Args, x: Shape, weight: Shape | None = None, bias: Shape | None = None) -> Shape:
    channels = _channels("group_norm", x)
    if channels % a.num_groups:
        fact = f"{channels} channels are not divisible by num_groups {a.num_groups}"
        raise ArgumentError(fact, argument="num_groups", guesses=(x,))
    _need_numbers("group_norm", channels, x, weight=weight, bias=bias)
    return x


def _instance_norm_shape(a: Args, x: Shape, weight: Shape | None = None, bias: Shape | None = None) -> Shape:
    need_axes("instance_norm", x, 2)
    if size(x[1:]) == 1:
        raise MergeError(f"a channel of {show(x)} is one number, which has no variance", guesses=(x,))
    _need_numbers("instance_norm", x[0], x, weight=weight, bias=bias)
    return x


def _batch_norm_shape(
    a: Args, x: Shape, mean: Shape, variance: Shape, weight: Shape | None = None, bias: Shape | None = None
) -> Shape:
    running = {"running_mean": mean, "running_var": variance}
    _need_numbers("batch_norm", _channels("batch_norm", x), x, **running, weight=weight, bias=bias)
    return x


def _prelu_shape(a: Args, x: Shape, weight: Shape) -> Shape:
    count = 1 if weight in ((), (1,)) else _channels("prelu", x)
    if weight:
        _need_numbers("prelu", count, x, weight=weight)
    return x


def _embedding_shape(a: Args, x: Shape, weight: Shape) -> Shape:
    _need_axes("embedding", "weight", weight, "num_embeddings×embedding_dim")
    index = a.padding_idx
    if index is not None and not -weight[0] <= index < weight[0]:
        raise ArgumentError(f"padding_idx {index} is outside of {weight[0]} embeddings", argument="padding_idx")
    return (*x, weight[1])


def _instance_norm_code(a: Args, x: str, *weights: str) -> str:
    named = (f"{name}={text}" for name, text in zip(("weight", "bias"), weights, strict=False))
    return call("F.instance_norm", x, *named, **_written(a, (_EPS,)))


_EPS = Arg("eps", Float(), 1e-5)
_EPS_FROM_0 = Arg("eps", Float(0), 1e-5)
_PADDING = Arg("padding_idx", optional(Int()), None)

LAYERS = (
    _weighted(
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
    _weighted(
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
    *(_convolution(axes, transposed=False) for axes in (1, 2, 3)),
    *(_convolution(axes, transposed=True) for axes in (1, 2, 3)),
    _last_axes("layer_norm", "Normalizes the last axes", "bias", eps=_EPS),
    _last_axes(
        "rms_norm",
        "Divides the last axes by their root mean square",
        eps=Arg("eps", optional(Float()), None),
    ),
    _weighted(
        "group_norm",
        "Normalizes groups of channels, which a weight and a bias then scale and shift.",
        _group_norm_shape,
        1,
        ("input", "weight", "bias"),
        args=(Arg("num_groups", Int(1)), _EPS),
        code=lambda a, x, *weights: call("F.group_norm", x, str(a.num_groups), *weights, **_written(a, (_EPS,))),
        right=(case((6, 4, 4), num_groups=3), case((6, 5), (6,), (6,), num_groups=2, eps=1e-6)),
        wrong=(case((6, 4, 4), num_groups=4), case((6, 4, 4), (4,), num_groups=2)),
    ),
    _weighted(
        "instance_norm",
        "Normalizes each channel of each sample, which a weight and a bias then scale and shift.",
        _instance_norm_shape,
        1,
        ("input", "weight", "bias"),
        args=(_EPS,),
        code=_instance_norm_code,
        right=(case((6, 4, 4)), case((6, 5), (6,), (6,), eps=1e-6)),
        wrong=(case((6, 4, 4), (4,)), case((6, 1, 1)), case((6, 4, 4), (6,), (4,))),
    ),
    _weighted(
        "batch_norm",
        "Normalizes each channel by a mean and a variance that are given, as BatchNorm2d does in evaluation.",
        _batch_norm_shape,
        3,
        ("input", "running_mean", "running_var", "weight", "bias"),
        args=(_EPS_FROM_0,),
        code=lambda a, *inputs: call("F.batch_norm", *inputs, **_written(a, (_EPS_FROM_0,))),
        right=(case((6, 4, 4), (6,), (6,)), case((6,), (6,), (6,), (6,), (6,), eps=1e-3)),
        wrong=(case((6, 4, 4), (4,), (6,)), case((6, 4, 4), (6,), (6,), (4,))),
    ),
    _weighted(
        "prelu",
        "x, or weight·x below 0; the weight is one number, or one for each channel.",
        _prelu_shape,
        2,
        ("input", "weight"),
        code=lambda a, *inputs: call("F.prelu", *inputs),
        right=(case((4, 5), (1,)), case((4, 5), (4,))),
        wrong=(case((4, 5), (5,)),),
    ),
    _weighted(
        "embedding",
        "A row of the weight, num_embeddings×embedding_dim, for each integer.",
        _embedding_shape,
        2,
        ("input", "weight"),
        args=(_PADDING,),
        takes=("int", "float"),
        gives="chosen",
        code=lambda a, *inputs: call("F.embedding", *inputs, **_written(a, (_PADDING,))),
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
