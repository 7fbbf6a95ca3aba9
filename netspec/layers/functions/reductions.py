"""Functions along axes: mean, sum, std, argmax and others, softmax, cumsum, normalize. They make no submodule.

`dim` is needed: without it torch reduces the batch too.
"""

from __future__ import annotations

from math import inf

from netspec.core.shapes import ArgumentError, BatchAxisError, Shape, ShapeError, sample_axis, show
from netspec.layers.arguments import Bool, Either, Float, Int, Ints, optional
from netspec.layers.code import call, literal
from netspec.layers.functions.arithmetic import broadcast
from netspec.layers.record import Arg, Args, Layer, Result, ShapeRule, case


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
    return tuple(1 if i in axes else length for i, length in enumerate(x) if a.keepdim or i not in axes)


def _extreme_shape(a: Args, x: Shape) -> Shape:
    """The shape of a largest or smallest number, or of its index, along axes that hold at least one."""
    out = _reduced_shape(a, x)
    if any(x[axis] == 0 for axis in several_axes(a.dim, len(x))):
        raise ShapeError(f"{show(x)} has no largest or smallest number along dim {a.dim}", argument="dim")
    return out


def _reduction(name: str, doc: str, rule: ShapeRule = _reduced_shape, takes: str = "any", gives: str = "same") -> Layer:
    dtype = "bool" if takes == "bool" else "float32"
    return Layer(
        name=name,
        doc=doc,
        takes=takes,
        gives=gives,
        args=(Arg("dim", Either(Int(), Ints())), Arg("keepdim", Bool(), False)),
        shape=rule,
        code=lambda a, x: call(f"{x}.{name}", dim=a.dim, keepdim=a.keepdim or None),
        right=(case((3, 4, 5), dim=(2, 3), dtype=dtype), case((3, 4), dim=-1, keepdim=True, dtype=dtype)),
        wrong=tuple(case((3, 4), dim=dim, dtype=dtype) for dim in (3, (1, -2), 0)),
    )


def _spread(name: str, doc: str) -> Layer:
    return Layer(
        name=name,
        doc=f"{doc} along axes, with the division by their length less `correction`.",
        args=(Arg("dim", Either(Int(), Ints())), Arg("correction", Int(0), 1), Arg("keepdim", Bool(), False)),
        shape=_reduced_shape,
        code=lambda a, x: call(
            f"{x}.{name}",
            dim=a.dim,
            correction=None if a.correction == 1 else a.correction,
            keepdim=a.keepdim or None,
        ),
        right=(case((3, 4, 5), dim=(2, 3), correction=0), case((3, 4), dim=-1, keepdim=True)),
        wrong=(case((3, 4), dim=3), case((3, 4), dim=(1, -2)), case((3, 4), dim=0)),
    )


def _norm_shape(a: Args, x: Shape) -> Shape:
    out = _reduced_shape(a, x)
    if (a.ord == inf or a.ord < 0) and 0 in x:
        raise ShapeError(f"{show(x)} has no norm of the order {a.ord}", argument="ord")
    return out


def _index(name: str, doc: str) -> Layer:
    return Layer(
        name=name,
        doc=doc,
        args=(Arg("dim", Int()), Arg("keepdim", Bool(), False)),
        shape=_extreme_shape,
        takes="number",
        gives="int64",
        code=lambda a, x: call(f"{x}.{name}", dim=a.dim, keepdim=a.keepdim or None),
        right=(case((3, 4), dim=-1), case((3, 4), dim=1, keepdim=True)),
        wrong=(case((3, 4), dim=3), case((3, 4), dim=0)),
    )


def _most(name: str, doc: str) -> Layer:
    def shape(a: Args, x: Shape, *others: Shape) -> Result:
        if others and (a.dim is not None or a.keepdim):
            raise ArgumentError(f"of two inputs {name} takes the numbers in pairs, dim is for one", argument="dim")
        if others:
            return broadcast(name, (x, *others))
        if a.dim is None:
            raise BatchAxisError(f"without dim {name} is that of the whole batch", argument="dim")
        return [_extreme_shape(a, x)] * 2

    return Layer(
        name=name,
        doc=f"{doc} along an axis (outputs: the numbers, and their indices), or of two inputs in pairs.",
        args=(Arg("dim", optional(Int()), None), Arg("keepdim", Bool(), False)),
        shape=shape,
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
    sample_axis(a.dim, len(x))  # for its facts about dim
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
    _reduction("all", "Whether all along axes are true.", takes="bool"),
    _reduction("any", "Whether one along axes is true.", takes="bool"),
    _reduction("logsumexp", "log(Σ exp(x)) along axes.", gives="real"),
    _spread("var", "The variance"),
    _spread("std", "The standard deviation"),
    Layer(
        name="vector_norm",
        doc="The norm of an order along axes: (Σ |x|ᵖ)^(1/p) (torch.linalg.vector_norm).",
        args=(Arg("ord", Float(), 2.0), Arg("dim", Either(Int(), Ints())), Arg("keepdim", Bool(), False)),
        shape=_norm_shape,
        code=lambda a, x: call("torch.linalg.vector_norm", x, literal(a.ord), dim=a.dim, keepdim=a.keepdim or None),
        right=(case((3, 4, 5), dim=(2, 3)), case((3, 4), ord=1.0, dim=-1, keepdim=True)),
        wrong=(case((3, 4), dim=3), case((3, 4), dim=(1, -2)), case((3, 4), dim=0)),
    ),
    _most("max", "The largest"),
    _most("min", "The smallest"),
    _index("argmax", "The index of the maximum along an axis."),
    _index("argmin", "The index of the minimum along an axis."),
    _along("softmax", "exp(xᵢ) / Σ exp(xⱼ) along dim.", "torch.softmax"),
    _along("log_softmax", "The logarithm of softmax along dim.", "torch.log_softmax"),
    _along("cumsum", "The sum of the numbers so far along dim.", "torch.cumsum", "any", "wide"),
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
