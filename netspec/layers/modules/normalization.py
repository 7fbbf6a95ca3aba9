"""Normalization: batch and instance norm, and norms over the axes of a sample (torch.nn, "Normalization Layers")."""

from __future__ import annotations

from netspec.core.shapes import (
    ArgumentError,
    RankError,
    Shape,
    ShapeError,
    count_axes,
    need_axes,
    need_rank,
    show,
    size,
)
from netspec.layers.arguments import Bool, Either, Float, Int, Ints, optional
from netspec.layers.modules.linear import last_axis
from netspec.layers.record import Arg, Args, Layer, OlderBehavior, Tensors, case
from netspec.layers.spatial import AXES, channels, on_picture


def _channels_maybe_alone(x: Shape) -> int:
    if len(x) not in (1, 2):
        raise RankError(f"BatchNorm1d takes C or C×L for one sample, gets {count_axes(x)}")
    return x[0]


def _parameters(a: Args, x: Shape) -> int:
    return a.num_features * (1 + bool(a.bias)) if a.affine else 0


def norm_weights(affine: bool, shape: Shape | int, *, bias: bool = True) -> Tensors:
    """The weight and the bias of a norm, of one shape."""
    whole = shape if isinstance(shape, tuple) else (shape,)
    return {"weight": whole, **({"bias": whole} if bias else {})} if affine else {}


def _weights(a: Args) -> Tensors:
    return norm_weights(a.affine, a.num_features, bias=a.bias)


def _running(a: Args) -> Tensors:
    """The running statistics, and how many batches they are of."""
    own = (a.num_features,)
    kept = {"running_mean": own, "running_var": own, "num_batches_tracked": ()}
    return kept if a.track_running_stats else {}


def _idle(a: Args) -> bool:
    """Whether no tensor of the layer has `num_features` numbers."""
    return not a.affine and not a.track_running_stats


def _batch_norm(axes: int) -> Layer:
    name, picture = f"BatchNorm{axes}d", (9, 8, 7)[-axes:]
    infer = _channels_maybe_alone if axes == 1 else channels(name, axes)

    def any_eps(a: Args, x: Shape) -> Shape:
        infer(x)  # for its facts about the axes
        return x

    def shape(a: Args, x: Shape) -> Shape:
        any_eps(a, x)
        if a.eps <= 0:
            raise ArgumentError(f"eps {a.eps} must be positive", argument="eps", guesses=(x,))
        return x

    return Layer(
        name=name,
        doc="Normalizes each channel over the batch.",
        args=(
            Arg("num_features", Int(1), infer=infer, unit="channels", idle=_idle),
            Arg("eps", Float(), 1e-5),
            Arg("momentum", optional(Float()), 0.1),
            Arg("affine", Bool(), True),
            Arg("track_running_stats", Bool(), True),
            Arg("bias", Bool(), True, since="2.12"),
        ),
        shape=shape,
        earlier=(OlderBehavior("2.10", any_eps, matters=lambda given: given.get("eps", 1) <= 0),),
        parameters=_parameters,
        weights=_weights,
        buffers=_running,
        right=(
            case((4, *picture)),
            case((4, *picture), momentum=None, bias=False),
            case((4,) if axes == 1 else (4, *picture), affine=False, track_running_stats=False),
        ),
        wrong=(case((4, *picture, 2)), case((4, *picture), num_features=3), case((4, *picture), eps=0.0)),
    )


def _instance_norm(axes: int) -> Layer:
    name, picture = f"InstanceNorm{axes}d", (9, 8, 7)[-axes:]

    def shape(a: Args, x: Shape) -> Shape:
        need_rank(name, x, "C", *AXES[axes])
        if size(x[1:]) == 1:  # torch refuses it while training; afterwards the output would be 0
            raise ShapeError(f"a channel of {show(x[1:])} is one number, which has no variance", guesses=(x,))
        return x

    return Layer(
        name=name,
        doc="Normalizes each channel of each sample.",
        args=(
            Arg("num_features", Int(1), infer=channels(name, axes), unit="channels", idle=_idle),
            Arg("eps", Float(), 1e-5),
            Arg("momentum", Float(), 0.1),
            Arg("affine", Bool(), False),
            Arg("track_running_stats", Bool(), False),
            Arg("bias", Bool(), True, since="2.12"),
        ),
        shape=shape,
        parameters=_parameters,
        weights=_weights,
        buffers=_running,
        right=(
            case((4, *picture)),
            case((4, *picture), affine=True, track_running_stats=True),
            case((4, *picture), affine=True, bias=False),
            case((4, *picture), num_features=3),
        ),
        wrong=(
            case((4, *picture, 2)),
            case((4, *picture), affine=True, num_features=3),
            case((4, *picture), track_running_stats=True, num_features=3),
            case((4,) + (1,) * axes),
        ),
    )


def _normalized(a: Args) -> Shape:
    return (a.normalized_shape,) if isinstance(a.normalized_shape, int) else a.normalized_shape


def _last_axes_shape(a: Args, x: Shape) -> Shape:
    wanted = _normalized(a)
    if not wanted:
        raise ArgumentError("normalized_shape is empty", argument="normalized_shape")
    if len(wanted) > len(x):
        raise RankError(f"normalized_shape {show(wanted)} has more axes than {show(x)}", argument="normalized_shape")
    last = x[len(x) - len(wanted) :]
    if last != wanted:
        fact = f"normalized_shape is {show(wanted)}, the last axes are {show(last)}"
        raise ShapeError(fact, argument="normalized_shape", guesses=(x,))
    return x


def _channels(x: Shape) -> int:
    need_axes("GroupNorm", x, 1)
    return x[0]


def _group_shape(a: Args, x: Shape) -> Shape:
    if 0 in x:
        raise ShapeError(f"there are no numbers in {show(x)} whose mean it could take")
    for count in (a.num_channels, _channels(x)):  # they differ where the layer has no weights
        if count % a.num_groups:
            fact = f"{count} channels are not divisible by num_groups {a.num_groups}"
            raise ArgumentError(fact, argument="num_groups", guesses=(x,))
    return x


def _local_response_shape(a: Args, x: Shape) -> Shape:
    need_axes("LocalResponseNorm", x, 2)
    return x


# One number, as in `LayerNorm: 64`, is a claim that the engine compares with the last axis; a list is the rule's.
_NORMALIZED_SHAPE = Arg("normalized_shape", Either(Int(1), Ints(None, 1)), infer=last_axis, unit="features")

# The arguments that LocalResponseNorm and CrossMapLRN2d share; torch's default of `k` is 1.0 in one, 1 in the other.
_NEIGHBOURS = (Arg("size", Int(1)), Arg("alpha", Float(), 1e-4), Arg("beta", Float(), 0.75))

LAYERS = (
    *map(_batch_norm, (1, 2, 3)),
    *map(_instance_norm, (1, 2, 3)),
    Layer(
        name="LayerNorm",
        doc="Normalizes the last axes; the last one where normalized_shape is left out.",
        args=(
            _NORMALIZED_SHAPE,
            Arg("eps", Float(), 1e-5),
            Arg("elementwise_affine", Bool(), True),
            Arg("bias", Bool(), True),
        ),
        shape=_last_axes_shape,
        parameters=lambda a, x: size(_normalized(a)) * (1 + bool(a.bias)) if a.elementwise_affine else 0,
        weights=lambda a: norm_weights(a.elementwise_affine, a.normalized_shape, bias=a.bias),
        right=(
            case((5, 8)),
            case((5, 8), normalized_shape=8, bias=False),
            case((3, 5, 8), normalized_shape=(5, 8)),
            case((8,), elementwise_affine=False),
        ),
        wrong=(
            case((5, 8), normalized_shape=5),
            case((3, 5, 8), normalized_shape=(3, 5)),
            case((8,), normalized_shape=()),
        ),
    ),
    Layer(
        name="RMSNorm",
        doc="Divides the last axes by their root mean square; the last one where normalized_shape is left out.",
        args=(_NORMALIZED_SHAPE, Arg("eps", optional(Float()), None), Arg("elementwise_affine", Bool(), True)),
        shape=_last_axes_shape,
        parameters=lambda a, x: size(_normalized(a)) if a.elementwise_affine else 0,
        weights=lambda a: norm_weights(a.elementwise_affine, a.normalized_shape, bias=False),
        right=(case((5, 8)), case((5, 8), normalized_shape=(5, 8), eps=1e-6), case((5, 8), elementwise_affine=False)),
        wrong=(case((5, 8), normalized_shape=5), case((3, 5, 8), normalized_shape=(3, 5))),
    ),
    Layer(
        name="GroupNorm",
        doc="Normalizes groups of channels.",
        args=(
            Arg("num_groups", Int(1)),
            Arg("num_channels", Int(1), infer=_channels, unit="channels", idle=lambda a: not a.affine),
            Arg("eps", Float(), 1e-5),
            Arg("affine", Bool(), True),
            Arg("bias", Bool(), True, since="2.12"),
        ),
        shape=_group_shape,
        parameters=lambda a, x: a.num_channels * (1 + bool(a.bias)) if a.affine else 0,
        weights=lambda a: norm_weights(a.affine, a.num_channels, bias=a.bias),
        right=(
            case((6, 4, 4), num_groups=3),
            case((6,), num_groups=2, affine=False),
            case((6, 5), num_groups=6, bias=False),
        ),
        wrong=(case((6, 4, 4), num_groups=4), case((6, 4, 4), num_groups=2, num_channels=8)),
    ),
    Layer(
        name="LocalResponseNorm",
        doc="Normalizes each number by its neighbours in the channels.",
        args=(*_NEIGHBOURS, Arg("k", Float(), 1.0)),
        shape=_local_response_shape,
        right=(case((6, 4, 4), size=5), case((6, 4), size=2, k=2)),
        wrong=(case((6,), size=3),),
    ),
    Layer(
        name="CrossMapLRN2d",
        doc="Normalizes each number of C×H×W by its neighbours in the channels, as LocalResponseNorm does.",
        args=(*_NEIGHBOURS, Arg("k", Float(), 1)),
        shape=on_picture("CrossMapLRN2d", 2),
        right=(case((6, 4, 4), size=5), case((6, 4, 4), size=3, k=2)),
        wrong=(case((6, 4), size=3),),
    ),
)
