"""Functions that take a part of a tensor, repeat or reverse it: select, slice, expand, tile, roll, flip and others.

They make no submodule. `dim` arguments are torch's, 0 being the batch; `expand` and `tile` speak of a sample, as
`reshape` does: the batch is kept. `slice` is written `x[:, 2:7]` in Python.
"""

from __future__ import annotations

from netspec.core.shapes import (
    ArgumentError,
    BatchAxisError,
    RankError,
    Shape,
    ShapeError,
    count_axes,
    sample_axis,
    show,
)
from netspec.layers.arguments import Either, Int, Ints, optional
from netspec.layers.code import call, literal, method
from netspec.layers.modules.rearranging import unflatten_shape
from netspec.layers.record import Arg, Args, Layer, case


def _several(value: int | tuple[int, ...]) -> tuple[int, ...]:
    return (value,) if isinstance(value, int) else value


def _select_shape(a: Args, x: Shape) -> Shape:
    axis = sample_axis(a.dim, len(x))
    if not -x[axis] <= a.index < x[axis]:
        raise ShapeError(f"index {a.index} is outside of dim {a.dim}, whose size is {x[axis]}", argument="index")
    return (*x[:axis], *x[axis + 1 :])


def _slice_shape(a: Args, x: Shape) -> Shape:
    axis = sample_axis(a.dim, len(x))
    return (*x[:axis], len(range(x[axis])[a.start : a.end : a.step]), *x[axis + 1 :])


def _slice_code(a: Args, x: str) -> str:
    bounds = [a.start, a.end] if a.step == 1 else [a.start, a.end, a.step]
    part = ":".join("" if bound is None else str(bound) for bound in bounds)
    indexes = [":"] * a.dim + [part] if a.dim >= 0 else ["...", part, *[":"] * (-1 - a.dim)]
    return f"{x}[{', '.join(indexes)}]"


def _narrow_shape(a: Args, x: Shape) -> Shape:
    axis = sample_axis(a.dim, len(x))
    length = x[axis]
    start = a.start + length if a.start < 0 else a.start
    if not 0 <= start <= length:
        raise ShapeError(f"start {a.start} is outside of dim {a.dim}, whose size is {length}", argument="start")
    if start + a.length > length:
        fact = f"from {start} on there are {length - start} of dim {a.dim}'s {length}, not {a.length}"
        raise ShapeError(fact, argument="length")
    return (*x[:axis], a.length, *x[axis + 1 :])


def _expand_shape(a: Args, x: Shape) -> Shape:
    if len(a.size) != len(x):  # torch puts further axes in front, where the batch is
        raise RankError(f"size has {len(a.size)} numbers, a sample has {count_axes(x)}", argument="size")
    out = tuple(length if wanted == -1 else wanted for length, wanted in zip(x, a.size, strict=True))
    if any(length not in (1, wanted) for length, wanted in zip(x, out, strict=True)):
        raise ShapeError(
            f"only axes of size 1 can be expanded: {show(x)} to {show(out)}", argument="size", guesses=(out,)
        )
    return out


def _tile_shape(a: Args, x: Shape) -> Shape:
    if len(a.dims) > len(x):
        raise RankError(f"dims has {len(a.dims)} numbers, a sample has {count_axes(x)}", argument="dims")
    counts = (1,) * (len(x) - len(a.dims)) + a.dims
    return tuple(length * count for length, count in zip(x, counts, strict=True))


def _roll_shape(a: Args, x: Shape) -> Shape:
    shifts, dims = _several(a.shifts), _several(a.dims)
    for dim in dims:
        sample_axis(dim, len(x), argument="dims")
    if not dims:
        raise BatchAxisError("without dims every axis is rolled, the batch too", argument="dims")
    if len(shifts) != len(dims):
        raise ArgumentError(f"{len(shifts)} shifts are given for {len(dims)} dims", argument="shifts")
    return x


def _flip_shape(a: Args, x: Shape) -> Shape:
    axes = [sample_axis(dim, len(x), argument="dims") for dim in _several(a.dims)]
    if len(set(axes)) != len(axes):
        raise ArgumentError(f"dims {a.dims} names an axis twice", argument="dims")
    return x


def _repeat_interleave_shape(a: Args, x: Shape) -> Shape:
    axis = sample_axis(a.dim, len(x))
    return (*x[:axis], x[axis] * a.repeats, *x[axis + 1 :])


def _moveaxis_shape(a: Args, x: Shape) -> Shape:
    moves = {}
    for name in ("source", "destination"):
        axes = [sample_axis(dim, len(x), argument=name) for dim in _several(getattr(a, name))]
        if len(set(axes)) != len(axes):
            raise ArgumentError(f"{name} {getattr(a, name)} names an axis twice", argument=name)
        moves[name] = axes
    source, destination = moves["source"], moves["destination"]
    if isinstance(a.source, int) != isinstance(a.destination, int):
        raise ArgumentError("source and destination are both a number or both a list", argument="destination")
    if len(source) != len(destination):
        fact = f"{len(source)} axes cannot be moved to {len(destination)} positions"
        raise ArgumentError(fact, argument="destination")
    out = [-1] * len(x)
    for old, new in zip(source, destination, strict=True):
        out[new] = x[old]
    rest = iter([length for axis, length in enumerate(x) if axis not in source])
    return tuple(next(rest) if axis not in destination else length for axis, length in enumerate(out))


def _unfold_shape(a: Args, x: Shape) -> Shape:
    axis = sample_axis(a.dimension, len(x), argument="dimension")
    if a.size > x[axis]:
        fact = f"a window of {a.size} does not fit into dim {a.dimension}, whose size is {x[axis]}"
        raise ShapeError(fact, argument="size")
    return (*x[:axis], (x[axis] - a.size) // a.step + 1, *x[axis + 1 :], a.size)


LAYERS = (
    method(
        "select",
        "One index of an axis, which is removed.",
        (Arg("dim", Int()), Arg("index", Int(), sized=True)),
        _select_shape,
        right=(case((7, 4), dim=1, index=-1), case((7, 4), dim=-1, index=3)),
        wrong=(case((7, 4), dim=1, index=7), case((7, 4), dim=3, index=0), case((7, 4), dim=0, index=0)),
    ),
    Layer(
        name="slice",
        doc="Part of an axis, from start up to before end, each step-th; Python's rules for what is out of range.",
        args=(
            Arg("dim", Int(), 1),
            Arg("start", optional(Int()), None, sized=True),
            Arg("end", optional(Int()), None, sized=True),
            Arg("step", Int(1), 1),
        ),
        shape=_slice_shape,
        takes="any",
        code=_slice_code,
        right=(
            case((7, 4), end=5),
            case((7, 4), start=-3, step=2),
            case((3, 7, 4), dim=-2, start=1, end=-1),
            case((7, 4), dim=2, start=2, end=9),
        ),
        wrong=(case((7, 4), dim=3, end=1), case((7, 4), dim=0, end=1)),
    ),
    method(
        "narrow",
        "Part of an axis: length indices from start on.",
        (Arg("dim", Int()), Arg("start", Int(), sized=True), Arg("length", Int(0), sized=True)),
        _narrow_shape,
        right=(case((7, 4), dim=1, start=2, length=5), case((7, 4), dim=-1, start=-1, length=1)),
        wrong=(
            case((7, 4), dim=1, start=3, length=5),
            case((7, 4), dim=1, start=8, length=0),
            case((7, 4), dim=0, start=0, length=1),
        ),
    ),
    Layer(
        name="expand",
        doc="Axes of size 1 repeated without a copy; -1 keeps an axis. It speaks of a sample.",
        args=(Arg("size", Ints(None, -1), sized=True),),
        shape=_expand_shape,
        takes="any",
        code=lambda a, x: call(f"{x}.expand", *map(str, (-1, *a.size))),
        right=(case((1, 8), size=(5, 8)), case((3, 1, 1), size=(-1, 6, -1))),
        wrong=(case((2, 8), size=(4, 8)), case((1, 8), size=(8,)), case((8,), size=(4, 8))),
    ),
    method(
        "tile",
        "Axes repeated so many times, the last ones if fewer are given. It speaks of a sample.",
        (Arg("dims", Ints(None, 0), sized=True),),
        _tile_shape,
        right=(case((3, 4), dims=(2, 1)), case((3, 4), dims=(5,))),
        wrong=(case((3,), dims=(2, 2)),),
    ),
    method(
        "roll",
        "Axes shifted, what leaves at one end coming in at the other.",
        (Arg("shifts", Either(Int(), Ints()), sized=True), Arg("dims", Either(Int(), Ints()))),
        _roll_shape,
        right=(case((3, 8, 8), shifts=(-2, -2), dims=(2, 3)), case((8,), shifts=1, dims=-1)),
        wrong=(
            case((3, 8), shifts=(1, 2), dims=(1,)),
            case((3, 8), shifts=1, dims=3),
            case((3, 8), shifts=1, dims=0),
        ),
    ),
    method(
        "flip",
        "Axes in reverse order.",
        (Arg("dims", Either(Int(), Ints())),),
        _flip_shape,
        right=(case((3, 8, 8), dims=(2, 3)), case((8,), dims=-1)),
        wrong=(case((3, 8), dims=(1, 1)), case((3, 8), dims=3), case((3, 8), dims=0)),
    ),
    Layer(
        name="repeat_interleave",
        doc="Each index of an axis repeated so many times, before the next one.",
        args=(Arg("repeats", Int(0), sized=True), Arg("dim", Int(), 1)),
        shape=_repeat_interleave_shape,
        takes="any",
        code=lambda a, x: call(f"{x}.repeat_interleave", literal(a.repeats), dim=a.dim),
        right=(case((3, 4), repeats=2), case((3, 4), repeats=3, dim=-1)),
        wrong=(case((3, 4), repeats=2, dim=3), case((3, 4), repeats=2, dim=0)),
    ),
    method(
        "moveaxis",
        "Axes moved to other positions; the others keep their order.",
        (Arg("source", Either(Int(), Ints())), Arg("destination", Either(Int(), Ints()))),
        _moveaxis_shape,
        right=(case((3, 4, 5), source=1, destination=-1), case((3, 4, 5), source=(1, 2), destination=(3, 1))),
        wrong=(
            case((3, 4), source=1, destination=3),
            case((3, 4), source=(1, -2), destination=(1, 2)),
            case((3, 4), source=(1,), destination=(1, 2)),
            case((3, 4), source=0, destination=1),
        ),
    ),
    method(
        "unflatten",
        "Makes one axis several.",
        (Arg("dim", Int()), Arg("sizes", Ints(None, -1), sized=True)),
        unflatten_shape("sizes"),
        right=(case((24, 5), dim=1, sizes=(4, 6)), case((5, 24), dim=-1, sizes=(2, -1, 3))),
        wrong=(case((24, 5), dim=1, sizes=(5, 5)), case((24,), dim=1, sizes=()), case((24,), dim=0, sizes=(1, 2))),
    ),
    method(
        "unfold",
        "Windows along an axis, a new last axis holding what each one sees (torch.Tensor.unfold).",
        (Arg("dimension", Int()), Arg("size", Int(0)), Arg("step", Int(1))),
        _unfold_shape,
        right=(case((7, 4), dimension=1, size=3, step=2), case((7, 4), dimension=-1, size=4, step=1)),
        wrong=(
            case((7, 4), dimension=2, size=5, step=1),
            case((7,), dimension=2, size=1, step=1),
            case((7,), dimension=0, size=1, step=1),
        ),
    ),
)
