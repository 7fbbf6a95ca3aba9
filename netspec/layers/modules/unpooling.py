"""MaxUnpool, which undoes a max pooling, and FractionalMaxPool, whose windows are random.

MaxUnpool takes what a pooling with `return_indices: true` gives, `from: [pool.0, pool.1]`; its output length is
(L - 1)s - 2p + k, or `output_size` (H×W without batch and channels) less than a stride away (torch.nn.MaxUnpool2d,
"Shape").
"""

from __future__ import annotations

from netspec.core.shapes import ArgumentError, MergeError, Shape, ShapeError, need_rank, show
from netspec.layers.arguments import Bool, Either, Float, Ints, Several, optional, size_nd
from netspec.layers.code import literal
from netspec.layers.record import Arg, Args, Layer, case
from netspec.layers.spatial import AXES, on_picture, per_axis


def _unpooled(a: Args, x: Shape, indices: Shape) -> Shape:
    axes = len(x) - 1
    if indices != x:
        raise MergeError(f"the indices have to be of the input's shape: {show(x)} and {show(indices)}")
    if 0 in x:
        raise ShapeError(f"there is nothing to unpool in {show(x)}")
    kernel, padding = per_axis(a.kernel_size, axes), per_axis(a.padding, axes)
    stride = kernel if a.stride is None else per_axis(a.stride, axes)
    out = tuple((length - 1) * s - 2 * p + k for length, k, s, p in zip(x[1:], kernel, stride, padding, strict=True))
    if a.output_size is not None:
        for length, wanted, step in zip(out, a.output_size, stride, strict=True):
            if not length - step < wanted < length + step:
                fact = f"output_size {show(a.output_size)} is a stride of {show(stride)} or more from {show(out)}"
                raise ShapeError(fact, argument="output_size", guesses=((x[0], *a.output_size),))
        out = a.output_size
    if min(out) < 1:
        raise ShapeError(f"padding {show(padding)} leaves nothing: the output would be {show(out)}", argument="padding")
    return (x[0], *out)


def _unpool(axes: int) -> Layer:
    name, picture = f"MaxUnpool{axes}d", (4, 3, 5)[-axes:]
    larger = tuple(2 * length + 1 for length in picture)

    def shape(a: Args, x: Shape, indices: Shape) -> Shape:
        for each in (x, indices):
            need_rank(name, each, "C", *AXES[axes])
        return _unpooled(a, x, indices)

    def call(a: Args, module: str, x: str, indices: str) -> str:
        size = "" if a.output_size is None else f", output_size={literal(a.output_size)}"
        return f"{module}({x}, {indices}{size})"

    twice, dtype = ((3, *picture), (3, *picture)), ("float32", "int64")
    return Layer(
        name=name,
        doc="Puts the numbers back where a max pooling found them, zeros elsewhere.",
        args=(
            Arg("kernel_size", size_nd(axes)),
            Arg("stride", optional(size_nd(axes)), None),
            Arg("padding", size_nd(axes, 0), 0),
            Arg("output_size", optional(Ints(axes, 1)), None, forward=True),
        ),
        shape=shape,
        inputs=(2, 2),
        names=("input", "indices"),
        takes=dtype,
        call=call,
        right=(
            case(*twice, dtype=dtype, kernel_size=2),
            case(*twice, dtype=dtype, kernel_size=3, stride=2, padding=1),
            case(*twice, dtype=dtype, kernel_size=2, output_size=larger),
        ),
        wrong=(
            case(*twice, dtype=dtype, kernel_size=2, output_size=tuple(length + 1 for length in larger)),
            case((3, *picture), (2, *picture), dtype=dtype, kernel_size=2),
            case(*twice, dtype=("float32", "float32"), kernel_size=2),
        ),
    )


def _fractional_shape(a: Args, x: Shape) -> Shape | list[Shape]:
    axes = len(x) - 1
    if (a.output_size is None) == (a.output_ratio is None):
        raise ArgumentError("one of output_size and output_ratio is needed, and only one", argument="output_size")
    argument = "output_ratio" if a.output_size is None else "output_size"
    if a.output_size is not None:
        size = per_axis(a.output_size, axes)
    else:
        ratios = a.output_ratio if isinstance(a.output_ratio, tuple) else (a.output_ratio,) * axes
        if not all(0 < ratio < 1 for ratio in ratios):
            raise ArgumentError("output_ratio has to lie between 0 and 1", argument="output_ratio")
        size = tuple(int(length * ratio) for length, ratio in zip(x[1:], ratios, strict=True))
    if min(size) < 1 or 0 in x:
        raise ShapeError(f"{show(x[1:])} would become {show(size)}", argument=argument)
    kernel = per_axis(a.kernel_size, axes)
    room = 1 if axes == 3 else 0  # in three dimensions torch wants one number more than the windows need
    if any(out + k - 1 + room > length for out, k, length in zip(size, kernel, x[1:], strict=True)):
        fact = f"{show(size)} windows of {show(kernel)} do not fit into {show(x[1:])}"
        raise ShapeError(fact, argument="kernel_size", guesses=((x[0], *size),))
    result = (x[0], *size)
    return [result, result] if a.return_indices else result


def _fractional(axes: int) -> Layer:
    name, picture = f"FractionalMaxPool{axes}d", (9, 8, 7)[-axes:]
    return Layer(
        name=name,
        doc="The maximum of random windows, so many that the output has the wanted size.",
        args=(
            Arg("kernel_size", size_nd(axes)),
            Arg("output_size", optional(size_nd(axes)), None),
            Arg("output_ratio", optional(Either(Float(), Several(Float(), axes))), None),
            Arg("return_indices", Bool(), False),
        ),
        shape=on_picture(name, axes, _fractional_shape),
        gives=("same", "int64"),
        right=(
            case((3, *picture), kernel_size=2, output_size=4),
            case((3, *picture), kernel_size=2, output_ratio=(0.5,) * axes, return_indices=True),
        ),
        wrong=(
            case((3, *picture), kernel_size=2),
            case((3, *picture), kernel_size=2, output_size=4, output_ratio=0.5),
            case((3, *picture), kernel_size=3, output_size=7),
            case((3, *picture), kernel_size=2, output_ratio=1.5),
        ),
    )


LAYERS = (*map(_unpool, (1, 2, 3)), *map(_fractional, (2, 3)))
