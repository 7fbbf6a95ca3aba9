"""Adaptive pooling: the output size is given, the windows follow (torch.nn.AdaptiveAvgPool2d, "Shape").

In two and three dimensions null, inside a list, keeps the size of an axis. With `return_indices` max pooling gives two
outputs, the second of which MaxUnpool takes.
"""

from __future__ import annotations

from netspec.core.shapes import Fact, Shape, show
from netspec.layers.arguments import Arg, Bool, Either, Int, Several, optional, size_nd
from netspec.layers.record import Args, Layer, case
from netspec.layers.spatial import on_picture


def _shape(a: Args, x: Shape) -> Shape | list[Shape]:
    if 0 in x:
        raise Fact(f"there is nothing to pool in {show(x)}")
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


LAYERS = (
    *(_adaptive("Avg", "average", axes) for axes in (1, 2, 3)),
    *(_adaptive("Max", "maximum", axes) for axes in (1, 2, 3)),
)
