"""Functions that rearrange a tensor: reshape, permute, squeeze, chunk and their kin. They make no submodule.

`dim` arguments are torch's, 0 being the batch; `reshape` speaks of a sample, the batch is kept. Where torch's default
is the batch (`flatten`, `chunk`, `split`) it is dim 1 here.
"""

from __future__ import annotations

from collections.abc import Callable

from netspec.core.shapes import ArgumentError, BatchAxisError, RankError, Shape, ShapeError, sample_axis
from netspec.layers.arguments import Either, Int, Ints
from netspec.layers.code import call, literal
from netspec.layers.functions.reductions import several_axes
from netspec.layers.modules.rearranging import filled, flatten_shape, pixel_shuffle_shape, pixel_unshuffle_shape
from netspec.layers.record import Arg, Args, Case, Layer, case

_PIECES = ("{0}[{1}]",)  # a tuple even where there is one piece
_MOST_OUTPUTS = 1024  # torch has no such limit; it bounds the work on a spec that nobody has run yet


def _reshape_code(a: Args, x: str) -> str:
    return f"{x}.reshape({', '.join((f'{x}.shape[0]', *map(str, a.shape)))})"


def _permute_shape(a: Args, x: Shape) -> Shape:
    total = len(x) + 1
    if len(a.dims) != total:
        raise RankError(f"dims has {len(a.dims)} numbers, with the batch there are {total} axes", argument="dims")
    if a.dims[0] not in (0, -total):
        raise BatchAxisError(f"dims must begin with 0, the batch, not with {a.dims[0]}", argument="dims")
    axes = tuple(sample_axis(dim, len(x), argument="dims") for dim in a.dims[1:])
    if len(set(axes)) != len(axes):
        raise ArgumentError(f"dims {a.dims} names an axis twice", argument="dims")
    return tuple(x[axis] for axis in axes)


def _transpose_shape(a: Args, x: Shape) -> Shape:
    first, second = (sample_axis(getattr(a, name), len(x), argument=name) for name in ("dim0", "dim1"))
    out = list(x)
    out[first], out[second] = x[second], x[first]
    return tuple(out)


def _squeeze_shape(a: Args, x: Shape) -> Shape:
    axes = several_axes(a.dim, len(x))
    return tuple(length for i, length in enumerate(x) if i not in axes or length != 1)


def _unsqueeze_shape(a: Args, x: Shape) -> Shape:
    axis = sample_axis(a.dim, len(x), end=True)
    return (*x[:axis], 1, *x[axis:])


def _pieces(x: Shape, axis: int, lengths: list[int]) -> list[Shape]:
    return [(*x[:axis], length, *x[axis + 1 :]) for length in lengths]


def _few(count: int, argument: str) -> None:
    if count > _MOST_OUTPUTS:
        raise ShapeError(f"{count} outputs are more than {_MOST_OUTPUTS}", argument=argument)


def _equal_lengths(total: int, length: int, argument: str) -> list[int]:
    """`length` again and again, and what is left."""
    count = max(1, -(-total // length))
    _few(count, argument)
    return [length] * (count - 1) + [total - length * (count - 1)]


def _chunk_shape(a: Args, x: Shape) -> list[Shape]:
    axis = sample_axis(a.dim, len(x))
    if x[axis] == 0:  # torch then gives as many empty ones as it was asked for
        _few(a.chunks, "chunks")
        return _pieces(x, axis, [0] * a.chunks)
    return _pieces(x, axis, _equal_lengths(x[axis], -(-x[axis] // a.chunks), "chunks"))


def _split_shape(a: Args, x: Shape) -> list[Shape]:
    axis, wanted, argument = sample_axis(a.dim, len(x)), a.split_size_or_sections, "split_size_or_sections"
    if isinstance(wanted, int):
        return _pieces(x, axis, _equal_lengths(x[axis], wanted, argument))
    _few(len(wanted), argument)
    if sum(wanted) != x[axis]:
        sections = "+".join(map(str, wanted)) or "nothing"
        raise ShapeError(f"the sections {sections} = {sum(wanted)} have to add up to {x[axis]}", argument=argument)
    if not wanted:
        raise ArgumentError("there are no sections", argument=argument)
    return _pieces(x, axis, list(wanted))


def _pixels(name: str, factor: str, rule: Callable[[Args, Shape], Shape], doc: str, picture: Shape) -> Layer:
    return Layer(
        name=name,
        doc=doc,
        args=(Arg(factor, Int(1)),),
        shape=rule,
        takes="any",
        code=lambda a, x: call(f"F.{name}", x, literal(getattr(a, factor))),
        right=(Case((picture,), {factor: 2}), Case(((2, *picture),), {factor: 2})),
        wrong=(Case((picture,), {factor: 5}), Case((picture[1:],), {factor: 2})),
    )


LAYERS = (
    Layer(
        name="reshape",
        doc="A sample in another shape; one size may be -1.",
        args=(Arg("shape", Ints(None, -1)),),
        shape=lambda a, x: filled(a.shape, x, "shape"),
        takes="any",
        code=_reshape_code,
        right=(case((64, 4), shape=(4, 8, 8)), case((6, 4), shape=(3, -1)), case((1, 1), shape=())),
        wrong=(case((64, 4), shape=(5, 8)), case((6, 4), shape=(5, -1)), case((6, 4), shape=(-1, -1))),
    ),
    Layer(
        name="flatten",
        doc="Makes several axes one; by default all of a sample.",
        args=(Arg("start_dim", Int(), 1), Arg("end_dim", Int(), -1)),
        shape=flatten_shape,
        takes="any",
        code=lambda a, x: call(f"{x}.flatten", *map(str, (a.start_dim, a.end_dim)[: 1 if a.end_dim == -1 else 2])),
        right=(case((4, 5, 6)), case((4, 5, 6), start_dim=2), case((4, 5, 6), end_dim=2)),
        wrong=(case((4, 5), start_dim=3), case((4, 5), start_dim=2, end_dim=1), case((4, 5), start_dim=0)),
    ),
    Layer(
        name="permute",
        doc="The axes in another order, the batch first.",
        args=(Arg("dims", Ints()),),
        shape=_permute_shape,
        takes="any",
        code=lambda a, x: call(f"{x}.permute", *map(str, a.dims)),
        right=(case((3, 4, 5), dims=(0, 2, 3, 1)), case((3, 4), dims=(0, -1, 1))),
        wrong=(
            case((3, 4), dims=(0, 1)),
            case((3, 4), dims=(0, 1, 1)),
            case((3, 4), dims=(0, 1, 3)),
            case((3, 4), dims=(1, 0, 2)),
        ),
    ),
    Layer(
        name="transpose",
        doc="Two axes exchanged.",
        args=(Arg("dim0", Int()), Arg("dim1", Int())),
        shape=_transpose_shape,
        takes="any",
        code=lambda a, x: call(f"{x}.transpose", str(a.dim0), str(a.dim1)),
        right=(case((3, 4, 5), dim0=1, dim1=2), case((3, 4, 5), dim0=-1, dim1=1)),
        wrong=(case((3, 4), dim0=1, dim1=3), case((3, 4), dim0=0, dim1=1)),
    ),
    Layer(
        name="squeeze",
        doc="Removes axes of size 1; others are kept.",
        args=(Arg("dim", Either(Int(), Ints())),),
        shape=_squeeze_shape,
        takes="any",
        code=lambda a, x: f"{x}.squeeze({literal(a.dim)})",
        right=(case((3, 1, 5), dim=2), case((3, 1, 1), dim=(-1, 2)), case((3, 1), dim=1)),
        wrong=(case((3, 1), dim=3), case((3, 1), dim=(2, -1)), case((3, 1), dim=0)),
    ),
    Layer(
        name="unsqueeze",
        doc="A new axis of size 1.",
        args=(Arg("dim", Int()),),
        shape=_unsqueeze_shape,
        takes="any",
        code=lambda a, x: f"{x}.unsqueeze({a.dim})",
        right=(case((3, 4), dim=1), case((3, 4), dim=-1)),
        wrong=(case((3, 4), dim=4), case((3, 4), dim=0)),
    ),
    Layer(
        name="chunk",
        doc="An axis cut into several equal outputs, the last one maybe smaller.",
        args=(Arg("chunks", Int(1)), Arg("dim", Int(), 1)),
        shape=_chunk_shape,
        takes="any",
        code=lambda a, x: call(f"{x}.chunk", str(a.chunks), dim=a.dim),
        outputs=_PIECES,
        right=(case((6, 4), chunks=2), case((7, 4), chunks=3), case((4, 9), chunks=6, dim=-1)),
        wrong=(case((6, 4), chunks=2, dim=3), case((6, 4), chunks=2, dim=0)),
    ),
    Layer(
        name="split",
        doc="An axis cut into outputs of a size, or of the sizes given.",
        args=(Arg("split_size_or_sections", Either(Int(1), Ints(None, 0))), Arg("dim", Int(), 1)),
        shape=_split_shape,
        takes="any",
        code=lambda a, x: call(f"{x}.split", literal(a.split_size_or_sections), dim=a.dim),
        outputs=_PIECES,
        right=(case((7, 4), split_size_or_sections=3), case((7, 4), split_size_or_sections=(2, 5))),
        wrong=(
            case((7, 4), split_size_or_sections=(2, 4)),
            case((7, 4), split_size_or_sections=3, dim=3),
            case((7, 4), split_size_or_sections=1, dim=0),
        ),
    ),
    _pixels(
        "pixel_shuffle", "upscale_factor", pixel_shuffle_shape, "C·r²×H×W becomes C×H·r×W·r (PixelShuffle).", (8, 3, 4)
    ),
    _pixels(
        "pixel_unshuffle",
        "downscale_factor",
        pixel_unshuffle_shape,
        "C×H·r×W·r becomes C·r²×H×W (PixelUnshuffle).",
        (2, 6, 4),
    ),
)
