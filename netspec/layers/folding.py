"""Unfold and Fold: the windows of a picture as columns, and columns summed back (torch.nn.Unfold and Fold, "Shape")."""

from __future__ import annotations

from math import prod

from netspec.core.shapes import Fact, Shape, need_rank, show
from netspec.layers.arguments import Arg, size_nd
from netspec.layers.record import Args, Layer, case
from netspec.layers.spatial import does_not_fit, per_axis, window_out


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
        raise Fact(f"there is nothing in {show(x)}")
    return (x[0] * prod(per_axis(a.kernel_size, 2)), _windows(a, x[1:]))


def _fold_shape(a: Args, x: Shape) -> Shape:
    need_rank("Fold", x, "C·window", "L")
    window, picture = prod(per_axis(a.kernel_size, 2)), per_axis(a.output_size, 2)
    count = _windows(a, picture)
    guesses = ((x[0] // window, *picture),)
    if x[0] % window or 0 in x:
        fact = f"{x[0]} rows are not divisible by the {window} numbers of a window"
        raise Fact(fact, argument="kernel_size", guesses=guesses)
    if x[1] != count:
        fact = f"output_size {show(picture)} has {count} windows, there are {x[1]} columns"
        raise Fact(fact, argument="output_size", guesses=guesses)
    return guesses[0]


_WINDOW = (
    Arg("kernel_size", size_nd(2)),
    Arg("dilation", size_nd(2), 1),
    Arg("padding", size_nd(2, 0), 0),
    Arg("stride", size_nd(2), 1),
)

LAYERS = (
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
