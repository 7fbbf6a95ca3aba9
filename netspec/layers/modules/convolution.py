"""Convolutions in one, two and three dimensions, and their transposes.

The output length of a convolution along an axis is floor((L + 2p - d(k - 1) - 1) / s) + 1, of a transposed one
(L - 1)s - 2p + d(k - 1) + output_padding + 1 (torch.nn.Conv2d and ConvTranspose2d, "Shape"). MACs are kernel size ·
in_channels · out_channels / groups for each position of the output (of the input, if transposed), bias not counted.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from netspec.core.shapes import ArgumentError, Shape, ShapeError, show
from netspec.layers.arguments import Bool, Either, Int, Ints, Word, optional, size_nd
from netspec.layers.modules.linear import with_bias
from netspec.layers.record import Arg, Args, Layer, Tensors, case
from netspec.layers.spatial import axes_word, channels, does_not_fit, on_picture, per_axis, window_out


def _in_groups(a: Args, out: Shape) -> Shape:
    """`out`, if the channels can be divided into the groups."""
    for name in ("in_channels", "out_channels"):
        if (count := getattr(a, name)) % a.groups:
            fact = f"{name} {count} is not divisible by groups {a.groups}"
            raise ArgumentError(fact, argument="groups", guesses=(out,))
    return out


def _conv_shape(a: Args, x: Shape) -> Shape:
    axes = len(x) - 1
    kernel, stride, dilation = (per_axis(value, axes) for value in (a.kernel_size, a.stride, a.dilation))
    if a.padding == "same":
        if any(step != 1 for step in stride):
            raise ArgumentError(f"padding 'same' needs stride 1, the stride is {show(stride)}", argument="padding")
        totals = tuple(d * (k - 1) for k, d in zip(kernel, dilation, strict=True))
        before, after = tuple(total // 2 for total in totals), tuple(total - total // 2 for total in totals)
    else:
        before = after = per_axis(0 if a.padding == "valid" else a.padding, axes)
    for length, width in zip(x[1:], map(max, before, after), strict=True):
        if a.padding_mode == "reflect" and width >= length:
            fact = f"reflect padding of {width} needs more than {width} rows, the picture has {length}"
            raise ShapeError(fact, argument="padding")
        if a.padding_mode == "circular" and width > length:
            fact = f"circular padding of {width} needs {width} rows or more, the picture has {length}"
            raise ShapeError(fact, argument="padding")
    padded = tuple(length + p + q for length, p, q in zip(x[1:], before, after, strict=True))
    out = tuple(
        window_out(length, k, s, 0, d) for length, k, s, d in zip(padded, kernel, stride, dilation, strict=True)
    )
    if min(out) < 1:
        raise does_not_fit(kernel, dilation, x[1:], padded)
    return _in_groups(a, (a.out_channels, *out))


def _transposed_shape(a: Args, x: Shape) -> Shape:
    axes = len(x) - 1
    kernel, stride, dilation, padding, extra = (
        per_axis(value, axes) for value in (a.kernel_size, a.stride, a.dilation, a.padding, a.output_padding)
    )
    least = tuple(
        (length - 1) * s - 2 * p + d * (k - 1) + 1
        for length, k, s, p, d in zip(x[1:], kernel, stride, padding, dilation, strict=True)
    )
    if a.output_size is not None:
        if any(not low <= wanted < low + s for low, wanted, s in zip(least, a.output_size, stride, strict=True)):
            most = tuple(low + s - 1 for low, s in zip(least, stride, strict=True))
            fact = f"output_size {show(a.output_size)} is not between {show(least)} and {show(most)}"
            raise ShapeError(fact, argument="output_size", guesses=((a.out_channels, *a.output_size),))
        extra = tuple(wanted - low for wanted, low in zip(a.output_size, least, strict=True))
    for more, step, spread in zip(extra, stride, dilation, strict=True):
        if more >= step and more >= spread:
            fact = f"output_padding {more} must be smaller than the stride {step} or the dilation {spread}"
            raise ArgumentError(fact, argument="output_padding")
    out = tuple(low + more for low, more in zip(least, extra, strict=True))
    if min(out) < 1:  # some of torch's backends let 0 pass, others refuse it
        raise ShapeError(f"padding {show(padding)} leaves nothing: the output would be {show(out)}", argument="padding")
    return _in_groups(a, (a.out_channels, *out))


def _kernel(a: Args, x: Shape) -> int:
    return prod(per_axis(a.kernel_size, len(x) - 1))


def _parameters(a: Args, x: Shape) -> int:
    weights: int = a.in_channels * a.out_channels // a.groups * _kernel(a, x)
    return weights + (a.out_channels if a.bias else 0)


def _weights(axes: int, *, transposed: bool) -> Callable[[Args], Tensors]:
    def weights(a: Args) -> Tensors:
        first, second = (a.in_channels, a.out_channels) if transposed else (a.out_channels, a.in_channels)
        return with_bias((first, second // a.groups, *per_axis(a.kernel_size, axes)), a.bias, a.out_channels)

    return weights


def _macs(a: Args, output: Shape, x: Shape) -> int:
    return prod(output) * int(a.in_channels // a.groups) * _kernel(a, x)


def _transposed_macs(a: Args, output: Shape, x: Shape) -> int:
    return prod(x) * int(a.out_channels // a.groups) * _kernel(a, x)


def _first_args(name: str, axes: int) -> tuple[Arg, ...]:
    return (
        Arg("in_channels", Int(1), infer=channels(name, axes), unit="channels"),
        Arg("out_channels", Int(1)),
        Arg("kernel_size", size_nd(axes)),
        Arg("stride", size_nd(axes), 1),
    )


def _conv(axes: int) -> Layer:
    name, picture = f"Conv{axes}d", (9, 8, 7)[-axes:]
    return Layer(
        name=name,
        doc=f"Convolution over {axes_word(axes)}.",
        args=(
            *_first_args(name, axes),
            Arg("padding", Either(size_nd(axes, 0), Word(("same", "valid"))), 0),
            Arg("dilation", size_nd(axes), 1),
            Arg("groups", Int(1), 1),
            Arg("bias", Bool(), True),
            Arg("padding_mode", Word(("zeros", "reflect", "replicate", "circular")), "zeros"),
        ),
        shape=on_picture(name, axes, _conv_shape),
        parameters=_parameters,
        weights=_weights(axes, transposed=False),
        macs=_macs,
        right=(
            case((4, *picture), out_channels=6, kernel_size=3, padding=1, stride=2),
            case((4, *picture), out_channels=6, kernel_size=4, padding="same", dilation=2, groups=2, bias=False),
            case((2, *picture), out_channels=2, kernel_size=3, padding=6, padding_mode="reflect"),
            case((2, *picture), out_channels=2, kernel_size=3, padding=7, padding_mode="circular"),
        ),
        wrong=(
            case((4, *picture), out_channels=6, kernel_size=10),
            case((4, *picture), out_channels=6, kernel_size=3, stride=2, padding="same"),
            case((3, *picture), out_channels=6, kernel_size=3, groups=2),
            case((2, *picture), out_channels=2, kernel_size=3, padding=7, padding_mode="reflect"),
            case((4, *picture), in_channels=3, out_channels=6, kernel_size=3),
        ),
    )


def _conv_transpose(axes: int) -> Layer:
    name, picture = f"ConvTranspose{axes}d", (5, 4, 3)[-axes:]
    larger = tuple(2 * length + 1 for length in picture)
    return Layer(
        name=name,
        doc=f"Transposed convolution over {axes_word(axes)}.",
        args=(
            *_first_args(name, axes),
            Arg("padding", size_nd(axes, 0), 0),
            Arg("output_padding", size_nd(axes, 0), 0),
            Arg("groups", Int(1), 1),
            Arg("bias", Bool(), True),
            Arg("dilation", size_nd(axes), 1),
            Arg("padding_mode", Word(("zeros",)), "zeros"),
            Arg("output_size", optional(Ints(axes, 1)), None, forward=True),
        ),
        shape=on_picture(name, axes, _transposed_shape),
        parameters=_parameters,
        weights=_weights(axes, transposed=True),
        macs=_transposed_macs,
        right=(
            case((4, *picture), out_channels=6, kernel_size=3, stride=2, padding=1, output_padding=1),
            case((4, *picture), out_channels=6, kernel_size=2, groups=2, dilation=3, bias=False),
            case((4, *picture), out_channels=6, kernel_size=2, stride=2, output_size=larger),
        ),
        wrong=(
            case((4, *picture), out_channels=6, kernel_size=3, stride=2, output_padding=2),
            case((4, *picture), out_channels=6, kernel_size=1, padding=4),
            case((3, *picture), out_channels=6, kernel_size=3, groups=2),
            case((4, *picture), out_channels=6, kernel_size=2, stride=3, output_size=larger),
        ),
    )


LAYERS = (*map(_conv, (1, 2, 3)), *map(_conv_transpose, (1, 2, 3)))
