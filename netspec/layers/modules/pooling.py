"""Pooling with windows, and adaptive pooling, whose output size is given (torch.nn, "Pooling layers")."""

from __future__ import annotations

from netspec.core.shapes import ArgumentError, Shape, ShapeError, show
from netspec.layers.arguments import Bool, Either, Float, Int, Several, optional, size_nd
from netspec.layers.record import Arg, Args, Layer, case
from netspec.layers.spatial import does_not_fit, on_picture, per_axis, window_out


def _pooled_length(length: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool) -> int:
    if not ceil_mode:
        return window_out(length, kernel, stride, padding, dilation)
    out = window_out(length + stride - 1, kernel, stride, padding, dilation)
    return out - 1 if (out - 1) * stride >= length + padding else out


def _pooled(a: Args, x: Shape, padding: tuple[int, ...], dilation: tuple[int, ...]) -> Shape:
    axes = len(x) - 1
    if 0 in x:
        raise ShapeError(f"there is nothing to pool in {show(x)}")
    kernel = per_axis(a.kernel_size, axes)
    stride = kernel if a.stride is None else per_axis(a.stride, axes)
    if any(2 * p > k for p, k in zip(padding, kernel, strict=True)):
        raise ArgumentError(
            f"padding {show(padding)} is more than half of the window of {show(kernel)}", argument="padding"
        )
    out = tuple(
        _pooled_length(length, k, s, p, d, a.ceil_mode)
        for length, k, s, p, d in zip(x[1:], kernel, stride, padding, dilation, strict=True)
    )
    if min(out) < 1:
        padded = tuple(length + 2 * p for length, p in zip(x[1:], padding, strict=True))
        raise does_not_fit(kernel, dilation, x[1:], padded)
    return (x[0], *out)


def _max_shape(a: Args, x: Shape) -> Shape | list[Shape]:
    out = _pooled(a, x, per_axis(a.padding, len(x) - 1), per_axis(a.dilation, len(x) - 1))
    return [out, out] if a.return_indices else out


def _average(a: Args, x: Shape, padding: tuple[int, ...]) -> Shape:
    ones = (1,) * (len(x) - 1)
    out = _pooled(a, x, padding, ones)
    kernel = per_axis(a.kernel_size, len(x) - 1)
    # avg_pool3d alone wants the window to fit into the picture itself, whatever padding and ceil_mode are.
    if len(x) == 4 and any(k > length for k, length in zip(kernel, x[1:], strict=True)):
        raise does_not_fit(kernel, ones, x[1:], x[1:])
    return out


def _average_shape(a: Args, x: Shape) -> Shape:
    if getattr(a, "divisor_override", None) == 0:  # AvgPool1d has none
        raise ArgumentError("divisor_override must not be 0", argument="divisor_override")
    return _average(a, x, per_axis(a.padding, len(x) - 1))


def _power_average_shape(a: Args, x: Shape) -> Shape:
    if a.norm_type == 0:
        raise ArgumentError("norm_type must not be 0", argument="norm_type")
    if abs(a.norm_type) == float("inf"):  # torch takes the maximum then
        return _pooled(a, x, (0,) * (len(x) - 1), (1,) * (len(x) - 1))
    return _average(a, x, (0,) * (len(x) - 1))


def _word(axes: int) -> str:
    return "axis" if axes == 1 else "axes"


def _max_pool(axes: int) -> Layer:
    name, picture = f"MaxPool{axes}d", (9, 8, 7)[-axes:]
    return Layer(
        name=name,
        doc=f"The maximum of each window, and with return_indices its place, over {axes} spatial {_word(axes)}.",
        args=(
            Arg("kernel_size", size_nd(axes)),
            Arg("stride", optional(size_nd(axes)), None),
            Arg("padding", size_nd(axes, 0), 0),
            Arg("dilation", size_nd(axes), 1),
            Arg("return_indices", Bool(), False),
            Arg("ceil_mode", Bool(), False),
        ),
        shape=on_picture(name, axes, _max_shape),
        gives=("same", "int64"),
        right=(
            case((3, *picture), kernel_size=2),
            case((3, *picture), kernel_size=3, stride=2, padding=1, ceil_mode=True),
            case((3, *picture), kernel_size=2, stride=3, dilation=2),
            case((3, *picture), kernel_size=2, return_indices=True),
        ),
        wrong=(
            case((3, *picture), kernel_size=10),
            case((3, *picture), kernel_size=3, padding=2),
            case((3, *picture), kernel_size=2, padding=2, dilation=5),
        ),
    )


def _avg_pool(axes: int) -> Layer:
    name, picture = f"AvgPool{axes}d", (9, 8, 7)[-axes:]
    divisor = (Arg("divisor_override", optional(Int()), None),) if axes > 1 else ()
    return Layer(
        name=name,
        doc=f"The average of each window over {axes} spatial {_word(axes)}.",
        args=(
            Arg("kernel_size", size_nd(axes)),
            Arg("stride", optional(size_nd(axes)), None),
            Arg("padding", size_nd(axes, 0), 0),
            Arg("ceil_mode", Bool(), False),
            Arg("count_include_pad", Bool(), True),
            *divisor,
        ),
        shape=on_picture(name, axes, _average_shape),
        right=(
            case((3, *picture), kernel_size=2),
            case((3, *picture), kernel_size=3, stride=2, padding=1, ceil_mode=True, count_include_pad=False),
            *((case((3, *picture), kernel_size=3, stride=2, divisor_override=5),) if divisor else ()),
        ),
        wrong=(
            case((3, *picture), kernel_size=10),
            case((3, *picture), kernel_size=3, padding=2),
            *((case((3, *picture), kernel_size=3, divisor_override=0),) if divisor else ()),
            *((case((3, *picture), kernel_size=10, ceil_mode=True),) if axes == 3 else ()),
        ),
    )


def _lp_pool(axes: int) -> Layer:
    name, picture = f"LPPool{axes}d", (9, 8, 7)[-axes:]
    return Layer(
        name=name,
        doc=f"The power average (Σxᵖ)^(1/p) of each window over {axes} spatial {_word(axes)}.",
        args=(
            Arg("norm_type", Float()),
            Arg("kernel_size", Int(1) if axes == 1 else size_nd(axes)),  # torch multiplies by LPPool1d's
            Arg("stride", optional(size_nd(axes)), None),
            Arg("ceil_mode", Bool(), False),
        ),
        shape=on_picture(name, axes, _power_average_shape),
        right=(
            case((3, *picture), norm_type=2, kernel_size=2),
            case((3, *picture), norm_type=1.5, kernel_size=3, stride=2, ceil_mode=True),
        ),
        wrong=(
            case((3, *picture), norm_type=2, kernel_size=10),
            case((3, *picture), norm_type=0, kernel_size=2),
        ),
    )


WINDOWS = (*map(_max_pool, (1, 2, 3)), *map(_avg_pool, (1, 2, 3)), *map(_lp_pool, (1, 2, 3)))


def _shape(a: Args, x: Shape) -> Shape | list[Shape]:
    if 0 in x:
        raise ShapeError(f"there is nothing to pool in {show(x)}")
    wanted = (a.output_size,) * (len(x) - 1) if isinstance(a.output_size, int) else a.output_size
    out = (x[0], *(length if size is None else size for length, size in zip(x[1:], wanted, strict=True)))
    return [out, out] if getattr(a, "return_indices", False) else out


def _adaptive(what: str, word: str, axes: int) -> Layer:
    name, picture = f"Adaptive{what}Pool{axes}d", (9, 8, 7)[-axes:]
    # torch refuses null in one dimension, where it would change nothing.
    size = size_nd(1, 0) if axes == 1 else Either(Int(0), Several(optional(Int(0)), axes))
    return Layer(
        name=name,
        doc=f"The {word} of windows that give the wanted size over {axes} spatial {'axis' if axes == 1 else 'axes'}.",
        args=(Arg("output_size", size), *((Arg("return_indices", Bool(), False),) if what == "Max" else ())),
        shape=on_picture(name, axes, _shape),
        gives=("same", "int64"),
        right=(
            case((3, *picture), output_size=1),
            case((3, *picture), output_size=(5,) if axes == 1 else (None, 5, 9)[:axes]),
        ),
        wrong=(case((), output_size=1),),
    )


ADAPTIVE = (
    *(_adaptive("Avg", "average", axes) for axes in (1, 2, 3)),
    *(_adaptive("Max", "maximum", axes) for axes in (1, 2, 3)),
)

LAYERS = (*WINDOWS, *ADAPTIVE)
