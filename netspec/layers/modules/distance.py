"""Two inputs compared: CosineSimilarity and PairwiseDistance. Axes of size one are broadcast."""

from __future__ import annotations

from netspec.core.shapes import BatchAxisError, Shape, sample_axis
from netspec.layers.arguments import Bool, Float, Int
from netspec.layers.functions.arithmetic import broadcast
from netspec.layers.record import Arg, Args, Layer, case


def _cosine_shape(a: Args, x: Shape, y: Shape) -> Shape:
    both = broadcast("CosineSimilarity", (x, y))
    axis = sample_axis(a.dim, len(both))
    return (*both[:axis], *both[axis + 1 :])


def _distance_shape(a: Args, x: Shape, y: Shape) -> Shape:
    both = broadcast("PairwiseDistance", (x, y))
    if not both:
        raise BatchAxisError("the last axis is summed, and of scalars that is the batch")
    return (*both[:-1], 1) if a.keepdim else both[:-1]


LAYERS = (
    Layer(
        name="CosineSimilarity",
        doc="The cosine of the angle between two inputs along dim.",
        args=(Arg("dim", Int(), 1), Arg("eps", Float(0), 1e-8)),
        shape=_cosine_shape,
        inputs=(2, 2),
        names=("x1", "x2"),
        broadcasts=True,
        right=(case((8,), (8,)), case((5, 8), (5, 8), dim=-1), case((5, 8), (1, 8), dim=2)),
        wrong=(case((8,), (7,)), case((8,), (8,), dim=2), case((8,), (8,), dim=0), case((5, 8), (8,))),
    ),
    Layer(
        name="PairwiseDistance",
        doc="The p-norm of the difference of two inputs along the last axis.",
        args=(Arg("p", Float(), 2.0), Arg("eps", Float(), 1e-6), Arg("keepdim", Bool(), False)),
        shape=_distance_shape,
        inputs=(2, 2),
        names=("x1", "x2"),
        broadcasts=True,
        right=(case((8,), (8,)), case((5, 8), (5, 8), p=1.0, keepdim=True)),
        wrong=(case((8,), (7,)), case((), ()), case((5, 8), (8,))),
    ),
)
