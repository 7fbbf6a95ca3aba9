"""BatchNorm and InstanceNorm in one, two and three dimensions.

Shapes are kept (torch.nn.BatchNorm2d and InstanceNorm2d, "Shape"); MACs count 0 by convention.
"""

from __future__ import annotations

from netspec.core.shapes import ArgumentFact, Fact, RankFact, Shape, count_axes, need_rank, show, size
from netspec.layers.arguments import Arg, Bool, Float, Int, optional
from netspec.layers.record import Args, Earlier, Layer, case
from netspec.layers.spatial import AXES, channels


def _channels_maybe_alone(x: Shape) -> int:
    if len(x) not in (1, 2):
        raise RankFact(f"BatchNorm1d takes C or C×L for one sample, gets {count_axes(x)}")
    return x[0]


def _parameters(a: Args, x: Shape) -> int:
    return a.num_features * (1 + bool(a.bias)) if a.affine else 0


def _idle(a: Args) -> bool:
    """Whether there is nothing that has `num_features` numbers."""
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
            raise ArgumentFact(f"eps {a.eps} must be positive", argument="eps", guesses=(x,))
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
        earlier=(Earlier("2.10", any_eps, matters=lambda given: given.get("eps", 1) <= 0),),
        parameters=_parameters,
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
            raise Fact(f"a channel of {show(x[1:])} is one number, which has no variance", guesses=(x,))
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


LAYERS = (*map(_batch_norm, (1, 2, 3)), *map(_instance_norm, (1, 2, 3)))
