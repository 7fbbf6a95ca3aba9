"""Arithmetic of tensors: add, sub, mul, div, comparisons, matmul and bmm. They make no submodule.

Axes of size one are broadcast (torch, "Broadcasting semantics"). torch aligns shapes at their last axes, so with
unequal ranks it would align the batch of one input with another axis of the other: that is refused.
"""

from __future__ import annotations

from netspec.core.shapes import ArgumentError, MergeError, RankError, Shape, count_axes, show, size
from netspec.layers.arguments import Float, optional
from netspec.layers.code import call, literal
from netspec.layers.record import Arg, Args, Layer, case


def _need_equal_ranks(name: str, inputs: tuple[Shape, ...], guesses: tuple[Shape, ...]) -> None:
    if len({len(x) for x in inputs}) > 1:
        pictures = " and ".join(map(show, dict.fromkeys(inputs)))
        raise MergeError(
            f"{name} needs equally many axes, or the batch of one meets another axis of the other: {pictures}",
            guesses=guesses,
        )


def broadcast(name: str, inputs: tuple[Shape, ...], guesses: tuple[Shape, ...] = ()) -> Shape:
    """The common shape of a function's inputs, sizes of one being repeated.

    Args:
        name: the function's, for messages.
        inputs: one sample shape for each input.
        guesses: what the output may be taken to have where they do not fit; the inputs' shapes where left out.

    Raises:
        MergeError: the shapes differ in more than sizes of one.
    """
    shapes = tuple(dict.fromkeys(inputs))
    guesses = guesses or shapes
    _need_equal_ranks(name, inputs, guesses)
    out = tuple(next((length for length in lengths if length != 1), 1) for lengths in zip(*shapes, strict=True))
    if any(length not in (1, wanted) for x in shapes for length, wanted in zip(x, out, strict=True)):
        raise MergeError(f"{name} needs equal sizes, or 1: {' and '.join(map(show, shapes))}", guesses=guesses)
    return out


def _operator(name: str, sign: str, doc: str, most: int | None, takes: str = "pair", gives: str = "promoted") -> Layer:
    def shape(a: Args, *inputs: Shape) -> Shape:
        if len(inputs) == 1 and a.other is None:
            raise MergeError(f"{name} takes two inputs, or one and `other`", guesses=inputs)
        if len(inputs) > 1 and a.other is not None:
            raise ArgumentError(f"`other` is for one input, gets {len(inputs)}", argument="other")
        return broadcast(name, inputs)

    def code(a: Args, *inputs: str) -> str:
        other = literal(a.other) if type(a.other) in (int, float) else f"({literal(a.other)})"  # the size of a tensor
        return f" {sign} ".join((*inputs, other) if len(inputs) == 1 else inputs)

    return Layer(
        name=name,
        doc=doc,
        args=(Arg("other", optional(Float()), None, sized=True),),
        shape=shape,
        inputs=(1, most),
        takes=takes,
        gives=gives,
        broadcasts=True,
        code=code,
        right=(
            case((3, 8, 8), (3, 8, 8)),
            case((3, 8, 8), (3, 1, 1)),
            case((3, 8), other=-2.5),
            *((case((3, 8), (1, 8), (3, 1)),) if most is None else ()),
        ),
        wrong=(case((3, 8, 8), (3, 8, 7)), case((3, 8, 8), (4,)), case((3, 8))),
    )


def _matmul_shape(a: Args, x: Shape, y: Shape) -> Shape:
    for shape in (x, y):
        if len(shape) < 2:
            raise RankError(f"matmul takes 2 axes or more for one sample, gets {count_axes(shape)}")
    guesses = ((*x[:-1], y[-1]),)
    _need_equal_ranks("matmul", (x, y), guesses)
    if x[-1] != y[-2]:
        raise MergeError(
            f"matmul needs rows as long as columns, gets {x[-1]} and {y[-2]}: {show(x)} and {show(y)}", guesses=guesses
        )
    return (*broadcast("matmul", (x[:-2], y[:-2]), guesses), x[-2], y[-1])


def _bmm_shape(a: Args, x: Shape, y: Shape) -> Shape:
    for shape in (x, y):
        if len(shape) != 2:
            raise RankError(f"bmm takes 2 axes for one sample, gets {count_axes(shape)}; matmul takes more")
    if x[1] != y[0]:
        fact = f"bmm needs rows as long as columns, gets {x[1]} and {y[0]}: {show(x)} and {show(y)}"
        raise MergeError(fact, guesses=((x[0], y[1]),))
    return (x[0], y[1])


def _comparison(name: str, sign: str, what: str) -> Layer:
    doc = f"Where the first input is {what} the second, or a number: true or false, as masks are."
    return _operator(name, sign, doc, 2, takes="any", gives="bool")


LAYERS = (
    _operator("add", "+", "The sum of the inputs, or of one and a number.", None),
    _operator("sub", "-", "The first input less the second, or less a number.", 2, takes="numbers"),
    _operator("mul", "*", "The product of the inputs, or of one and a number.", None),
    _operator("div", "/", "The first input divided by the second, or by a number.", 2, gives="real"),
    _comparison("eq", "==", "equal to"),
    _comparison("ne", "!=", "unlike"),
    _comparison("lt", "<", "less than"),
    _comparison("le", "<=", "at most"),
    _comparison("gt", ">", "more than"),
    _comparison("ge", ">=", "at least"),
    Layer(
        name="matmul",
        doc="The matrix product of the last two axes.",
        shape=_matmul_shape,
        macs=lambda a, output, x, y: size(output) * x[-1],
        inputs=(2, 2),
        broadcasts=True,
        fixed_axes=2,
        code=lambda a, x, y: f"{x} @ {y}",
        right=(case((3, 4), (4, 5)), case((6, 3, 4), (1, 4, 5))),
        wrong=(case((3, 4), (5, 4)), case((6, 3, 4), (4, 5)), case((4,), (4, 5))),
    ),
    Layer(
        name="bmm",
        doc="The matrix product of two axes for each sample.",
        shape=_bmm_shape,
        macs=lambda a, output, x, y: size(output) * x[-1],
        inputs=(2, 2),
        code=lambda a, x, y: call("torch.bmm", x, y),
        right=(case((3, 4), (4, 5)),),
        wrong=(case((3, 4), (5, 4)), case((6, 3, 4), (6, 4, 5)), case((4,), (4, 5))),
    ),
)
