"""What layers of named axes share: the checks of an input's axes, one number for all axes, the window arithmetic."""

from __future__ import annotations

from collections.abc import Callable

from netspec.core.shapes import Shape, ShapeError, need_rank, show
from netspec.layers.record import Args, Result, ShapeRule, same_shape

AXES = {1: ("L",), 2: ("H", "W"), 3: ("D", "H", "W")}


def per_axis(value: int | tuple[int, ...], axes: int) -> tuple[int, ...]:
    """One number for each axis, as torch expands a single one."""
    return (value,) * axes if isinstance(value, int) else value


def axes_word(axes: int) -> str:
    """`1 spatial axis`, `2 spatial axes`."""
    return f"{axes} spatial {'axis' if axes == 1 else 'axes'}"


def axis_size(type_name: str, *axes: str, index: int = 0) -> Callable[..., int]:
    """Infers the size of one axis of the first input, a sample of exactly the named axes."""

    def infer(x: Shape, *others: Shape) -> int:
        need_rank(type_name, x, *axes)
        return x[index]

    return infer


def channels(type_name: str, axes: int) -> Callable[..., int]:
    """Infers the channels of a C×(spatial) sample."""
    return axis_size(type_name, "C", *AXES[axes])


def on_picture(type_name: str, axes: int, rule: ShapeRule = same_shape) -> ShapeRule:
    """`rule` for C×(spatial) samples only: torch would read one axis less as an unbatched sample."""

    def shape(a: Args, x: Shape) -> Result:
        need_rank(type_name, x, "C", *AXES[axes])
        return rule(a, x)

    return shape


def window_out(length: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    """floor((L + 2p - d(k - 1) - 1) / s) + 1, which is below 1 where the window does not fit."""
    return (length + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def does_not_fit(kernel: tuple[int, ...], dilation: tuple[int, ...], picture: Shape, padded: Shape) -> ShapeError:
    """The fact that a window is larger than the padded picture."""
    reach = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
    window = show(kernel) if reach == kernel else f"{show(kernel)} (dilated {show(reach)})"
    where = show(picture) if picture == padded else f"{show(picture)} padded to {show(padded)}"
    return ShapeError(f"a window of {window} does not fit into {where}", argument="kernel_size")
