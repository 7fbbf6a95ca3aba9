"""Norms of torch.nn.functional, whose weights are inputs: one number for each of a sample, or for each channel."""

from __future__ import annotations

from netspec.core.shapes import ArgumentError, MergeError, Shape, need_axes, show, size
from netspec.layers.arguments import Either, Float, Int, Ints, optional
from netspec.layers.code import call, literal
from netspec.layers.functions.given_weights import channels_of, need_numbers, weighted, written
from netspec.layers.modules import normalization
from netspec.layers.modules.linear import last_axis
from netspec.layers.record import Arg, Args, Layer, case

_MODULES = {layer.name: layer for layer in normalization.LAYERS}
_EPS = Arg("eps", Float(), 1e-5)
_EPS_FROM_0 = Arg("eps", Float(0), 1e-5)


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
        return call(f"F.{name}", x, literal(wanted), *weights, **written(a, (eps,)))

    return weighted(
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


def _group_norm_shape(a: Args, x: Shape, weight: Shape | None = None, bias: Shape | None = None) -> Shape:
    channels = channels_of("group_norm", x)
    if channels % a.num_groups:
        fact = f"{channels} channels are not divisible by num_groups {a.num_groups}"
        raise ArgumentError(fact, argument="num_groups", guesses=(x,))
    need_numbers("group_norm", channels, x, weight=weight, bias=bias)
    return x


def _instance_norm_shape(a: Args, x: Shape, weight: Shape | None = None, bias: Shape | None = None) -> Shape:
    need_axes("instance_norm", x, 2)
    if size(x[1:]) == 1:
        raise MergeError(f"a channel of {show(x)} is one number, which has no variance", guesses=(x,))
    need_numbers("instance_norm", x[0], x, weight=weight, bias=bias)
    return x


def _batch_norm_shape(
    a: Args, x: Shape, mean: Shape, variance: Shape, weight: Shape | None = None, bias: Shape | None = None
) -> Shape:
    running = {"running_mean": mean, "running_var": variance}
    need_numbers("batch_norm", channels_of("batch_norm", x), x, **running, weight=weight, bias=bias)
    return x


def _instance_norm_code(a: Args, x: str, *weights: str) -> str:
    named = (f"{name}={text}" for name, text in zip(("weight", "bias"), weights, strict=False))
    return call("F.instance_norm", x, *named, **written(a, (_EPS,)))


LAYERS = (
    _last_axes("layer_norm", "Normalizes the last axes", "bias", eps=_EPS),
    _last_axes(
        "rms_norm",
        "Divides the last axes by their root mean square",
        eps=Arg("eps", optional(Float()), None),
    ),
    weighted(
        "group_norm",
        "Normalizes groups of channels, which a weight and a bias then scale and shift.",
        _group_norm_shape,
        1,
        ("input", "weight", "bias"),
        args=(Arg("num_groups", Int(1)), _EPS),
        code=lambda a, x, *weights: call("F.group_norm", x, str(a.num_groups), *weights, **written(a, (_EPS,))),
        right=(case((6, 4, 4), num_groups=3), case((6, 5), (6,), (6,), num_groups=2, eps=1e-6)),
        wrong=(case((6, 4, 4), num_groups=4), case((6, 4, 4), (4,), num_groups=2)),
    ),
    weighted(
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
    weighted(
        "batch_norm",
        "Normalizes each channel by a mean and a variance that are given, as BatchNorm2d does in evaluation.",
        _batch_norm_shape,
        3,
        ("input", "running_mean", "running_var", "weight", "bias"),
        args=(_EPS_FROM_0,),
        code=lambda a, *inputs: call("F.batch_norm", *inputs, **written(a, (_EPS_FROM_0,))),
        right=(case((6, 4, 4), (6,), (6,)), case((6,), (6,), (6,), (6,), (6,), eps=1e-3)),
        wrong=(case((6, 4, 4), (4,), (6,)), case((6, 4, 4), (6,), (6,), (4,))),
    ),
)
