"""Functions along axes: mean, sum, amax, argmax and their kin, softmax, cumsum, normalize. They make no submodule.

`dim` is needed: without it torch reduces the batch too.
"""

from __future__ import annotations

from collections.abc import Callable

from netspec.core.shapes import ArgumentError, BatchAxisError, Shape, ShapeError, sample_axis, show
from netspec.layers.arguments import Bool, Either, Float, Int, Ints, optional
from netspec.layers.code import call
from netspec.layers.functions.arithmetic import broadcast
from netspec.layers.record import Arg, Args, Layer, Result, case


def several_axes(dims: int | tuple[int, ...], rank: int) -> set[int]:
    """The axes of the sample that `dim` names, each once."""
    axes: set[int] = set()
    for dim in (dims,) if isinstance(dims, int) else dims:
        axis = sample_axis(dim, rank)
        if axis in axes:
            raise ArgumentError(f"dim {dim} stands twice in {dims}", argument="dim")
        axes.add(axis)
    return axes


def _reduced_shape(a: Args, x: Shape) -> Shape:
    axes = several_axes(a.dim, len(x))
    if not axes:
        raise BatchAxisError("an empty dim reduces every axis, the batch too", argument="dim")
    lengths = (1 if i in axes else length for i, length in enumerate(x) if a.keepdim or i not in axes)
    return tuple(lengths)


def _extreme_shape(a: Args, x: Shape) -> Shape:
    out = _reduced_shape(a, x)
    if any(x[axis] == 0 for axis in several_axes(a.dim, len(x))):
        raise ShapeError(f"{show(x)} has no largest or smallest number along dim {a.dim}", argument="dim")
    return out


def _reduction(
    name: str,
    doc: str,
    rule: Callable[[Args, Shape], Shape] = _reduced_shape,
    takes: str = "any",
    gives: str = "same",
) -> Layer:
    return Layer(
        name=name,
        doc=doc,
        takes=takes,
        gives=gives,
        args=(Arg("dim", Either(Int(), Ints())), Arg("keepdim", Bool(), False)),
        shape=rule,
        code=lambda a, x: call(f"{x}.{name}", dim=a.dim, keepdim=a.keepdim or None),
        right=(case((3, 4, 5), dim=(2, 3)), case((3, 4), dim=-1, keepdim=True)),
        wrong=(case((3, 4), dim=3), case((3, 4), dim=(1, -2)), case((3, 4), dim=0)),
    )


def _arg_shape(a: Args, x: Shape) -> Shape:
    axis = sample_axis(a.dim, len(x))
    if x[axis] == 0:
        raise ShapeError(f"{show(x)} has no largest or smallest number along dim {a.dim}", argument="dim")
    return (*x[:axis], *((1,) if a.keepdim else ()), *x[axis + 1 :])


def _index(name: str, doc: str) -> Layer:
    return Layer(
        name=name,
        doc=doc,
        args=(Arg("dim", Int()), Arg("keepdim", Bool(), False)),
        shape=_arg_shape,
        takes="number",
        gives="int64",
        code=lambda a, x: call(f"{x}.{name}", dim=a.dim, keepdim=a.keepdim or None),
        right=(case((3, 4), dim=-1), case((3, 4), dim=1, keepdim=True)),
        wrong=(case((3, 4), dim=3), case((3, 4), dim=0)),
    )


def _most_shape(name: str) -> Callable[..., Result]:
    def shape(a: Args, x: Shape, *others: Shape) -> Result:
        if others and (a.dim is not None or a.keepdim):
            raise ArgumentError(f"of two inputs {name} takes the numbers in pairs, dim is for one", argument="dim")
        if others:
            return broadcast(name, (x, *others))
        if a.dim is None:
            raise BatchAxisError(f"without dim {name} is that of the whole batch", argument="dim")
        return [_arg_shape(a, x)] * 2

    return shape


def _most(name: str, doc: str) -> Layer:
    return Layer(
        name=name,
        doc=f"{doc} along an axis (outputs: the numbers, and where they stand), or of two inputs in pairs.",
        args=(Arg("dim", optional(Int()), None), Arg("keepdim", Bool(), False)),
        shape=_most_shape(name),
        inputs=(1, 2),
        takes="any",
        gives=("promoted", "int64"),
        broadcasts=True,
        code=lambda a, *inputs: call(f"torch.{name}", *inputs, dim=a.dim, keepdim=a.keepdim or None),
        right=(
            case((3, 4), dim=-1),
            case((3, 4), dim=1, keepdim=True),
            case((3, 4), (3, 1)),
            case((3, 4), (3, 4), dtype=("int64", "float32")),
        ),
        wrong=(case((3, 4)), case((3, 4), dim=3), case((3, 4), (3, 5)), case((3, 4), (3, 4), dim=1)),
    )


def _along_axis(a: Args, x: Shape) -> Shape:
    sample_axis(a.dim, len(x))
    return x


def _along(name: str, doc: str, function: str, takes: str = "float", gives: str = "same") -> Layer:
    return Layer(
        name=name,
        doc=doc,
        takes=takes,
        gives=gives,
        args=(Arg("dim", Int()),),
        shape=_along_axis,
        code=lambda a, x: call(function, x, dim=a.dim),
        right=(case((3, 4), dim=-1), case((3, 4), dim=1)),
        wrong=(case((3, 4), dim=3), case((3, 4), dim=0)),
    )


LAYERS = (
    _reduction("mean", "The mean along axes.", takes="float"),
    _reduction("sum", "The sum along axes.", gives="wide"),
    _reduction("amax", "The maximum along axes.", _extreme_shape),
    _reduction("amin", "The minimum along axes.", _extreme_shape),
    _most("max", "The largest"),
    _most("min", "The smallest"),
    _index("argmax", "Where the maximum along an axis stands."),
    _index("argmin", "Where the minimum along an axis stands."),
    _along("softmax", "exp(xᵢ) / Σ exp(xⱼ) along dim.", "torch.softmax"),
    _along("log_softmax", "The logarithm of softmax along dim.", "torch.log_softmax"),
    _along("cumsum", "The sum of what is so far along dim.", "torch.cumsum", "any", "wide"),
    Layer(
        name="normalize",
        doc="Divides by the p-norm along dim.",
        args=(Arg("p", Float(), 2.0), Arg("dim", Int(), 1), Arg("eps", Float(), 1e-12)),
        shape=_along_axis,
        code=lambda a, x: call(
            "F.normalize", x, p=None if a.p == 2 else a.p, dim=a.dim, eps=None if a.eps == 1e-12 else a.eps
        ),
        right=(case((3, 4)), case((3, 4), p=1.0, dim=-1, eps=1e-6)),
        wrong=(case((3, 4), dim=3), case((3, 4), dim=0)),
    ),
)
