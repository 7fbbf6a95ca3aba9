"""Activations along an axis: Softmax and its kin, and GLU (torch.nn.Softmax and GLU, "Shape")."""

from __future__ import annotations

from netspec.core.shapes import BatchFact, Fact, Shape, count_axes, sample_axis, show
from netspec.layers.arguments import Arg, Int, optional
from netspec.layers.record import Args, Layer, case
from netspec.layers.spatial import on_picture


def _softmax_shape(a: Args, x: Shape) -> Shape:
    if a.dim is not None:
        sample_axis(a.dim, len(x))
    elif len(x) in (0, 2):  # torch's implicit choice: dim 0 of a tensor of 1 or 3 axes, else dim 1
        raise BatchFact(f"without dim the batch is normalized where a sample has {count_axes(x)}", argument="dim")
    return x


def _glu_shape(a: Args, x: Shape) -> Shape:
    axis = sample_axis(a.dim, len(x))
    if x[axis] % 2:
        raise Fact(f"dim {a.dim} is halved, but its size is {x[axis]} in {show(x)}", argument="dim")
    return (*x[:axis], x[axis] // 2, *x[axis + 1 :])


def _softmax(name: str, doc: str) -> Layer:
    return Layer(
        name=name,
        doc=doc,
        args=(Arg("dim", optional(Int()), None),),
        shape=_softmax_shape,
        right=(case((10,)), case((4, 10), dim=-1), case((4, 5, 6), dim=1)),
        wrong=(case((4, 10), dim=3), case((4, 10)), case((4, 10), dim=0)),
    )


LAYERS = (
    _softmax("Softmax", "exp(xᵢ) / Σ exp(xⱼ) along dim."),
    _softmax("Softmin", "exp(-xᵢ) / Σ exp(-xⱼ) along dim."),
    _softmax("LogSoftmax", "The logarithm of Softmax along dim."),
    Layer(
        name="Softmax2d",
        doc="Softmax over the channels of each position of C×H×W.",
        shape=on_picture("Softmax2d", 2, lambda a, x: x),
        right=(case((4, 5, 6)),),
        wrong=(case((4,)),),
    ),
    Layer(
        name="GLU",
        doc="The first half of dim, gated by the sigmoid of the second.",
        args=(Arg("dim", Int(), -1),),
        shape=_glu_shape,
        right=(case((4, 6)), case((4, 5), dim=1)),
        wrong=(case((4, 5)), case((4, 6), dim=3)),
    ),
)
