"""What convolutions, pooling and padding share: axes, one number for all of them, the window arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from netspec.core.shapes import Shape, ShapeError, need_rank, show
from netspec.layers.record import Args, Result

R = TypeVar("R", bound=Result)
AXES = {1: ("L",), 2: ("H", "W"), 3: ("D", "H", "W")}


def per_axis(value: int | tuple[int, ...], axes: int) -> tuple[int, ...]:
    """One number for each axis, as torch expands a single one."""
    return (value,) * axes if isinstance(value, int) else value


def channels(type_name: str, axes: int) -> Callable[..., int]:
    """Infers the channels of a C×(spatial) sample."""

    def infer(x: Shape) -> int:
        need_rank(type_name, x, "C", *AXES[axes])
        return x[0]

    return infer


def on_picture(type_name: str, axes: int, rule: Callable[[Args, Shape], R]) -> Callable[[Args, Shape], R]:
    """`rule` for C×(spatial) samples only: torch would read one axis less as an unbatched sample."""

    def shape(a: Args, x: Shape) -> R:
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
    place = show(picture) if picture == padded else f"{show(picture)} padded to {show(padded)}"
    return ShapeError(f"a window of {window} does not fit into {place}", argument="kernel_size")
