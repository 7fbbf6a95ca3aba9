"""Layers that only rearrange a sample: Flatten, Unflatten, PixelShuffle, Unfold, Fold and their kin."""

from __future__ import annotations

from math import prod

from netspec.core.shapes import ArgumentError, Shape, ShapeError, need_axes, need_rank, sample_axis, show, size
from netspec.layers.arguments import Int, Ints, size_nd
from netspec.layers.record import Arg, Args, Layer, case
from netspec.layers.spatial import does_not_fit, per_axis, window_out


def flatten_shape(a: Args, x: Shape) -> Shape:
    """The axes from `start_dim` to `end_dim` made one."""
    start = sample_axis(a.start_dim, len(x), argument="start_dim")
    end = sample_axis(a.end_dim, len(x), argument="end_dim")
    if start > end:
        raise ArgumentError(f"start_dim {a.start_dim} comes after end_dim {a.end_dim}", argument="end_dim")
    return (*x[:start], size(x[start : end + 1]), *x[end + 1 :])


def filled(sizes: tuple[int, ...], x: Shape, argument: str) -> Shape:
    """`sizes` for the numbers of `x`, with the -1 in it replaced by what is left over."""
    if sizes.count(-1) > 1:
        raise ArgumentError(f"-1 stands more than once in {show(sizes)}", argument=argument)
    total, known = size(x), size(tuple(length for length in sizes if length != -1))
    if -1 not in sizes:
        if known != total:
            fact = f"{show(sizes)} holds {known} numbers, {show(x)} holds {total}"
            raise ShapeError(fact, argument=argument, guesses=(sizes,) if argument == "shape" else ())
        return sizes
    if known == 0 or total % known:
        raise ShapeError(f"the -1 of {show(sizes)} cannot be found: {show(x)} holds {total} numbers", argument=argument)
    return tuple(total // known if length == -1 else length for length in sizes)


def _unflatten_shape(a: Args, x: Shape) -> Shape:
    axis = sample_axis(a.dim, len(x))
    if not a.unflattened_size:
        raise ArgumentError("unflattened_size is empty", argument="unflattened_size")
    return (*x[:axis], *filled(a.unflattened_size, (x[axis],), "unflattened_size"), *x[axis + 1 :])


def pixel_shuffle_shape(a: Args, x: Shape) -> Shape:
    """C·r²×H×W as C×H·r×W·r."""
    need_axes("pixel shuffling", x, 3)
    *leading, channels, height, width = x
    factor = a.upscale_factor
    if channels % factor**2:
        raise ShapeError(f"{channels} channels are not divisible by {factor}² = {factor**2}", argument="upscale_factor")
    return (*leading, channels // factor**2, height * factor, width * factor)


def pixel_unshuffle_shape(a: Args, x: Shape) -> Shape:
    """C×H·r×W·r as C·r²×H×W."""
    need_axes("pixel unshuffling", x, 3)
    *leading, channels, height, width = x
    factor = a.downscale_factor
    if height % factor or width % factor:
        raise ShapeError(f"{height}×{width} is not divisible by {factor}", argument="downscale_factor")
    return (*leading, channels * factor**2, height // factor, width // factor)


def _channel_shuffle_shape(a: Args, x: Shape) -> Shape:
    need_axes("ChannelShuffle", x, 2)
    if x[0] % a.groups:
        raise ShapeError(f"{x[0]} channels are not divisible by groups {a.groups}", argument="groups")
    return x


SHAPES = (
    Layer(
        name="Identity",
        doc="Hands on what it gets.",
        shape=lambda a, x: x,
        takes="any",
        right=(case((3, 8)), case((3,), dtype="int64")),
    ),
    Layer(
        name="Flatten",
        doc="Makes several axes one; by default all of a sample.",
        args=(Arg("start_dim", Int(), 1), Arg("end_dim", Int(), -1)),
        shape=flatten_shape,
        takes="any",
        right=(case((4, 5, 6)), case((4, 5, 6), start_dim=2), case((4, 5, 6), end_dim=-2)),
        wrong=(case((4, 5, 6), start_dim=4), case((4, 5, 6), start_dim=3, end_dim=2), case((4, 5, 6), start_dim=0)),
    ),
    Layer(
        name="Unflatten",
        doc="Makes one axis several.",
        args=(Arg("dim", Int()), Arg("unflattened_size", Ints(None, -1))),
        shape=_unflatten_shape,
        takes="any",
        right=(case((24, 5), dim=1, unflattened_size=(4, 6)), case((5, 24), dim=-1, unflattened_size=(2, -1, 3))),
        wrong=(
            case((24, 5), dim=1, unflattened_size=(5, 5)),
            case((24, 5), dim=1, unflattened_size=(7, -1)),
            case((24, 5), dim=1, unflattened_size=(-1, -1)),
            case((24, 5), dim=3, unflattened_size=(1, 1)),
            case((24, 5), dim=0, unflattened_size=(1, 2)),
        ),
    ),
    Layer(
        name="PixelShuffle",
        doc="Channels to pixels: C·r²×H×W becomes C×H·r×W·r.",
        args=(Arg("upscale_factor", Int(1)),),
        shape=pixel_shuffle_shape,
        takes="any",
        right=(case((8, 3, 4), upscale_factor=2), case((2, 9, 3, 4), upscale_factor=3)),
        wrong=(case((6, 3, 4), upscale_factor=2),),
    ),
    Layer(
        name="PixelUnshuffle",
        doc="Pixels to channels: C×H·r×W·r becomes C·r²×H×W.",
        args=(Arg("downscale_factor", Int(1)),),
        shape=pixel_unshuffle_shape,
        takes="any",
        right=(case((2, 6, 4), downscale_factor=2), case((2, 3, 6, 9), downscale_factor=3)),
        wrong=(case((2, 6, 5), downscale_factor=2),),
    ),
    Layer(
        name="ChannelShuffle",
        doc="Interleaves the channels of several groups.",
        args=(Arg("groups", Int(1)),),
        shape=_channel_shuffle_shape,
        takes="any",
        right=(case((6, 4, 5), groups=3), case((6, 4), groups=2)),
        wrong=(case((6, 4, 5), groups=4),),
    ),
)


def _windows(a: Args, picture: Shape) -> int:
    """How many windows there are in a picture of H×W."""
    kernel, dilation, padding, stride = (
        per_axis(value, 2) for value in (a.kernel_size, a.dilation, a.padding, a.stride)
    )
    counts = [
        window_out(length, k, s, p, d)
        for length, k, s, p, d in zip(picture, kernel, stride, padding, dilation, strict=True)
    ]
    if min(counts) < 1:
        padded = tuple(length + 2 * p for length, p in zip(picture, padding, strict=True))
        raise does_not_fit(kernel, dilation, picture, padded)
    return prod(counts)


def _unfold_shape(a: Args, x: Shape) -> Shape:
    need_rank("Unfold", x, "C", "H", "W")
    if 0 in x[1:]:
        raise ShapeError(f"there is nothing in {show(x)}")
    return (x[0] * prod(per_axis(a.kernel_size, 2)), _windows(a, x[1:]))


def _fold_shape(a: Args, x: Shape) -> Shape:
    need_rank("Fold", x, "C·window", "L")
    window, picture = prod(per_axis(a.kernel_size, 2)), per_axis(a.output_size, 2)
    count = _windows(a, picture)
    guesses = ((x[0] // window, *picture),)
    if x[0] % window or 0 in x:
        fact = f"{x[0]} rows are not divisible by the {window} numbers of a window"
        raise ShapeError(fact, argument="kernel_size", guesses=guesses)
    if x[1] != count:
        fact = f"output_size {show(picture)} has {count} windows, there are {x[1]} columns"
        raise ShapeError(fact, argument="output_size", guesses=guesses)
    return guesses[0]


_WINDOW = (
    Arg("kernel_size", size_nd(2)),
    Arg("dilation", size_nd(2), 1),
    Arg("padding", size_nd(2, 0), 0),
    Arg("stride", size_nd(2), 1),
)

WINDOWS = (
    Layer(
        name="Unfold",
        doc="The windows of C×H×W as columns: (C·window)×L, L being the number of windows.",
        args=_WINDOW,
        shape=_unfold_shape,
        right=(
            case((3, 8, 7), kernel_size=2, stride=2),
            case((3, 8, 7), kernel_size=(3, 2), dilation=2, padding=(1, 0)),
        ),
        wrong=(case((3, 8, 7), kernel_size=9), case((3, 2, 8, 7), kernel_size=2)),
    ),
    Layer(
        name="Fold",
        doc="Columns (C·window)×L as windows of C×H×W, summed where they overlap.",
        args=(Arg("output_size", size_nd(2)), *_WINDOW),
        shape=_fold_shape,
        right=(
            case((12, 12), output_size=(8, 6), kernel_size=2, stride=2),
            case((18, 30), output_size=(5, 6), kernel_size=3, padding=1),
        ),
        wrong=(
            case((13, 12), output_size=(8, 6), kernel_size=2, stride=2),
            case((12, 11), output_size=(8, 6), kernel_size=2, stride=2),
            case((12, 12), output_size=2, kernel_size=3),
        ),
    ),
)

LAYERS = (*SHAPES, *WINDOWS)
