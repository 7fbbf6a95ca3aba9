"""Functions that rearrange a tensor: reshape, permute, squeeze, chunk and others. They make no submodule.

`dim` arguments are torch's, 0 being the batch; `reshape` speaks of a sample, the batch is kept. Where torch's default
is the batch (`flatten`, `chunk`, `split`) it is dim 1 here.
"""

from __future__ import annotations

from dataclasses import replace

from netspec.core.shapes import ArgumentError, BatchAxisError, RankError, Shape, ShapeError, sample_axis
from netspec.layers.arguments import Either, Int, Ints
from netspec.layers.code import call, literal, method
from netspec.layers.functions.reductions import several_axes
from netspec.layers.modules.rearranging import FLATTEN, PIXEL_SHUFFLE, PIXEL_UNSHUFFLE, filled
from netspec.layers.record import Arg, Args, Layer, ShapeRule, case

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


def _exchanged(first: str, second: str) -> ShapeRule:
    """The rule of two axes exchanged, whose numbers the two arguments give."""

    def shape(a: Args, x: Shape) -> Shape:
        one, other = (sample_axis(getattr(a, name), len(x), argument=name) for name in (first, second))
        out = list(x)
        out[one], out[other] = x[other], x[one]
        return tuple(out)

    return shape


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
    """`length` as often as it fits, and the rest."""
    count = max(1, -(-total // length))
    _few(count, argument)
    return [length] * (count - 1) + [total - length * (count - 1)]


def _chunk_shape(a: Args, x: Shape) -> list[Shape]:
    axis = sample_axis(a.dim, len(x))
    if x[axis] == 0:  # torch then gives `chunks` empty outputs
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


def _unbind_shape(a: Args, x: Shape) -> list[Shape]:
    axis = sample_axis(a.dim, len(x))
    _few(x[axis], "dim")
    if x[axis] == 0:
        raise ShapeError(f"dim {a.dim} has the size 0, which gives no output", argument="dim")
    return [(*x[:axis], *x[axis + 1 :])] * x[axis]


LAYERS = (
    Layer(
        name="reshape",
        doc="A sample in another shape; one size may be -1.",
        args=(Arg("shape", Ints(None, -1), sized=True),),
        shape=lambda a, x: filled(a.shape, x, "shape"),
        takes="any",
        code=_reshape_code,
        right=(case((64, 4), shape=(4, 8, 8)), case((6, 4), shape=(3, -1)), case((1, 1), shape=())),
        wrong=(case((64, 4), shape=(5, 8)), case((6, 4), shape=(5, -1)), case((6, 4), shape=(-1, -1))),
    ),
    replace(
        FLATTEN,
        name="flatten",
        code=lambda a, x: call(f"{x}.flatten", *map(str, (a.start_dim, a.end_dim)[: 1 if a.end_dim == -1 else 2])),
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
    method(
        "transpose",
        "Two axes exchanged.",
        (Arg("dim0", Int()), Arg("dim1", Int())),
        _exchanged("dim0", "dim1"),
        right=(case((3, 4, 5), dim0=1, dim1=2), case((3, 4, 5), dim0=-1, dim1=1)),
        wrong=(case((3, 4), dim0=1, dim1=3), case((3, 4), dim0=0, dim1=1)),
    ),
    method(
        "swapaxes",
        "Two axes exchanged, as transpose does.",
        (Arg("axis0", Int()), Arg("axis1", Int())),
        _exchanged("axis0", "axis1"),
        right=(case((3, 4, 5), axis0=1, axis1=2), case((3, 4, 5), axis0=-1, axis1=1)),
        wrong=(case((3, 4), axis0=1, axis1=3), case((3, 4), axis0=0, axis1=1)),
    ),
    method(
        "squeeze",
        "Removes axes of size 1; others are kept.",
        (Arg("dim", Either(Int(), Ints())),),
        _squeeze_shape,
        right=(case((3, 1, 5), dim=2), case((3, 1, 1), dim=(-1, 2)), case((3, 1), dim=1)),
        wrong=(case((3, 1), dim=3), case((3, 1), dim=(2, -1)), case((3, 1), dim=0)),
    ),
    method(
        "unsqueeze",
        "A new axis of size 1.",
        (Arg("dim", Int()),),
        _unsqueeze_shape,
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
        args=(Arg("split_size_or_sections", Either(Int(1), Ints(None, 0)), sized=True), Arg("dim", Int(), 1)),
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
    Layer(
        name="unbind",
        doc="An output for each index of an axis, which is removed.",
        args=(Arg("dim", Int(), 1),),
        shape=_unbind_shape,
        takes="any",
        code=lambda a, x: call(f"{x}.unbind", str(a.dim)),
        outputs=_PIECES,
        right=(case((3, 4)), case((4, 2), dim=-1)),
        wrong=(case((3, 4), dim=3), case((3, 4), dim=0)),
    ),
    replace(
        PIXEL_SHUFFLE,
        name="pixel_shuffle",
        doc="C·r²×H×W becomes C×H·r×W·r (PixelShuffle).",
        code=lambda a, x: call("F.pixel_shuffle", x, literal(a.upscale_factor)),
    ),
    replace(
        PIXEL_UNSHUFFLE,
        name="pixel_unshuffle",
        doc="C×H·r×W·r becomes C·r²×H×W (PixelUnshuffle).",
        code=lambda a, x: call("F.pixel_unshuffle", x, literal(a.downscale_factor)),
    ),
)
