"""Functions that reduce axes: mean, sum and amax; and the plain activations as functions. They make no submodule.

`dim` is needed: without it torch reduces the batch too.
"""

from __future__ import annotations

from collections.abc import Callable

from netspec.ground.shapes import ArgumentFact, BatchFact, Fact, Shape, sample_axis, show
from netspec.layers.arguments import Arg, Bool, Either, Int, Ints
from netspec.layers.code import call
from netspec.layers.record import Args, Layer, case


def several_axes(dims: int | tuple[int, ...], rank: int) -> set[int]:
    """The axes of the sample that `dim` names, each once."""
    axes: set[int] = set()
    for dim in (dims,) if isinstance(dims, int) else dims:
        axis = sample_axis(dim, rank)
        if axis in axes:
            raise ArgumentFact(f"dim {dim} stands twice in {dims}", argument="dim")
        axes.add(axis)
    return axes


def _reduced_shape(a: Args, x: Shape) -> Shape:
    axes = several_axes(a.dim, len(x))
    if not axes:
        raise BatchFact("an empty dim reduces every axis, the batch too", argument="dim")
    lengths = (1 if i in axes else length for i, length in enumerate(x) if a.keepdim or i not in axes)
    return tuple(lengths)


def _largest_shape(a: Args, x: Shape) -> Shape:
    out = _reduced_shape(a, x)
    if any(x[axis] == 0 for axis in several_axes(a.dim, len(x))):
        raise Fact(f"{show(x)} has no largest number along dim {a.dim}", argument="dim")
    return out


def _reduction(name: str, doc: str, rule: Callable[[Args, Shape], Shape] = _reduced_shape) -> Layer:
    return Layer(
        name=name,
        doc=doc,
        args=(Arg("dim", Either(Int(), Ints())), Arg("keepdim", Bool(), False)),
        shape=rule,
        code=lambda a, x: call(f"{x}.{name}", dim=a.dim, keepdim=a.keepdim or None),
        right=(case((3, 4, 5), dim=(2, 3)), case((3, 4), dim=-1, keepdim=True)),
        wrong=(case((3, 4), dim=3), case((3, 4), dim=(1, -2)), case((3, 4), dim=0)),
    )


def _elementwise(name: str, doc: str, function: str) -> Layer:
    return Layer(
        name=name, doc=doc, shape=lambda a, x: x, code=lambda a, x: call(function, x), right=(case((3, 4)), case(()))
    )


def _softmax_shape(a: Args, x: Shape) -> Shape:
    sample_axis(a.dim, len(x))
    return x


LAYERS = (
    _reduction("mean", "The mean along axes."),
    _reduction("sum", "The sum along axes."),
    _reduction("amax", "The maximum along axes.", _largest_shape),
    _elementwise("relu", "max(0, x).", "F.relu"),
    _elementwise("gelu", "x·Φ(x).", "F.gelu"),
    _elementwise("silu", "x·σ(x).", "F.silu"),
    _elementwise("sigmoid", "1 / (1 + exp(-x)).", "torch.sigmoid"),
    _elementwise("tanh", "The hyperbolic tangent.", "torch.tanh"),
    Layer(
        name="softmax",
        doc="exp(xᵢ) / Σ exp(xⱼ) along dim.",
        args=(Arg("dim", Int()),),
        shape=_softmax_shape,
        code=lambda a, x: call("torch.softmax", x, dim=a.dim),
        right=(case((3, 4), dim=-1),),
        wrong=(case((3, 4), dim=3),),
    ),
)
