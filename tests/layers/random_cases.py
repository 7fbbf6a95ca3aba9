"""Random cases of layers: values from the kinds of their arguments, cases from their examples."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import singledispatch
from random import Random
from typing import Any

from netspec.core.shapes import Shape, Tensor
from netspec.layers.arguments import LARGEST, Bool, Either, Float, Int, Ints, Kind, Null, Several, Word
from netspec.layers.index_formula import Formula, IndexFormula, parse
from netspec.layers.modules.buffer import NestedList
from netspec.layers.record import Case, Layer
from netspec.layers.text import Text
from tests.layers.helpers import is_here, runs_here

NUMBERS = (-2.5, -1.0, -0.5, 0.0, 0.25, 0.5, 1.0, 1.7, 2.0, 3.0)
EXTREMES = (float("nan"), float("inf"), float("-inf"), 1e308, -1e308, 1e-320)
PIECES = ("i", "j", "k", "i", "j", ",", ".", "...", " ", "->")  # of a text, which is an equation of einsum


@singledispatch
def value(kind: Kind, chance: Random, extreme: bool = False) -> Any:
    """A value that `kind` accepts: a small one, or with `extreme` perhaps the largest it lets through."""
    raise NotImplementedError(f"no values for {type(kind).__name__}")


@value.register
def _(kind: Int, chance: Random, extreme: bool = False) -> int:
    least = -5 if kind.least is None else kind.least
    if extreme and chance.random() < 0.5:
        return chance.choice((LARGEST, -LARGEST if kind.least is None else LARGEST - 1))
    return chance.randint(least, max(least + 8, 6))


@value.register
def _(kind: Float, chance: Random, extreme: bool = False) -> float:
    def accepted(number: float) -> bool:
        return (kind.least is None or number >= kind.least) and (kind.most is None or number <= kind.most)

    return chance.choice([number for number in (*NUMBERS, *(EXTREMES if extreme else ())) if accepted(number)])


@value.register
def _(kind: Bool, chance: Random, extreme: bool = False) -> bool:
    return chance.random() < 0.5


@value.register
def _(kind: Word, chance: Random, extreme: bool = False) -> str:
    return chance.choice(kind.words)


@value.register
def _(kind: Text, chance: Random, extreme: bool = False) -> str:
    while True:
        text = "".join(chance.choices(PIECES, k=chance.randint(1, 10)))
        if re.fullmatch(kind.pattern, text) and len(text) <= kind.longest:
            return text


@value.register
def _(kind: Ints, chance: Random, extreme: bool = False) -> tuple[int, ...]:
    return _tuple(lambda: value(Int(kind.least), chance, extreme), kind.length, chance)


@value.register
def _(kind: Several, chance: Random, extreme: bool = False) -> tuple[Any, ...]:
    return _tuple(lambda: value(kind.kind, chance, extreme), kind.length, chance)


@value.register
def _(kind: IndexFormula, chance: Random, extreme: bool = False) -> Formula:
    return parse(chance.choice(("i0", "i0 >= i1", "i0//2 - i1%3", "cos(i0/(1 + i2))")), {})


@value.register
def _(kind: NestedList, chance: Random, extreme: bool = False) -> tuple[Any, ...]:
    return chance.choice(((1, 2, 3), (1.5, 2), ((True,), (False,)), (((0, 1),), ((2, 3),)), ()))


@value.register
def _(kind: Null, chance: Random, extreme: bool = False) -> None:
    return None


@value.register
def _(kind: Either, chance: Random, extreme: bool = False) -> Any:
    return value(chance.choice(kind.kinds), chance, extreme)


def _tuple(item: Callable[[], Any], length: int | None, chance: Random) -> tuple[Any, ...]:
    return tuple(item() for _ in range(chance.randint(0, 6) if length is None else length))


def _shape(chance: Random) -> Shape:
    """A sample shape of up to five axes."""
    return tuple(chance.randint(1, 12) for _ in range(chance.randint(0, 5)))


def _like(shape: Shape, chance: Random) -> Shape:
    """`shape`, or `shape` with one axis of another size, or any other."""
    match chance.randrange(3):
        case 0:
            return shape
        case 1 if shape:
            axis = chance.randrange(len(shape))
            return (*shape[:axis], chance.randint(1, 12), *shape[axis + 1 :])
        case _:
            return _shape(chance)


def random_case(layer: Layer, chance: Random) -> Case:
    """One of the record's examples, with some arguments and some axes changed; small enough to run.

    What the torch that is installed does not have yet is left out.
    """
    example = chance.choice([each for each in (*layer.right, *layer.right, *layer.wrong) if runs_here(layer, each)])
    args, here = dict(example.args), [arg for arg in layer.args if is_here(arg.since)]
    for arg in chance.sample(here, min(chance.choice((0, 1, 1, 2)), len(here))):
        if arg.required or chance.random() < 0.5:
            args[arg.name] = value(arg.kind, chance)
        else:
            args.pop(arg.name, None)
    inputs = list(example.inputs)
    if layer.inputs[1] is None and chance.random() < 0.5:
        inputs.append(inputs[0])
    if chance.random() < 0.5:  # all of them alike
        axis, length = chance.randint(0, 3), chance.randint(1, 12)
        inputs = [(*x[:axis], length, *x[axis + 1 :]) if axis < len(x) else x for x in inputs]
    else:
        inputs = [_like(x, chance) for x in inputs]
    further = dict(example.further)
    for name in further if chance.random() < 0.5 else ():
        dtype = chance.choice(("bool", "float32", "float32", "int64", "uint8"))
        further[name] = Tensor(_like(further[name].shape, chance), dtype)
    return Case(tuple(inputs), args, example.dtype, further)


def extreme_case(layer: Layer, chance: Random) -> Case:
    """Whatever the kinds accept, on whatever shape: axes of size 0 and huge ones too. Nothing to run in torch."""
    args = {
        arg.name: value(arg.kind, chance, extreme=True) for arg in layer.args if arg.required or chance.random() < 0.5
    }
    least, most = layer.inputs
    near = [shape for case in layer.right for shape in case.inputs]

    def shape() -> Shape:
        if chance.random() < 0.5:
            return chance.choice(near)
        huge = (LARGEST, 2**62)
        sizes = range(chance.randint(0, 5))
        return tuple(chance.choice(huge) if chance.random() < 0.5 else chance.randint(0, 12) for _ in sizes)

    count = chance.randint(least, least + 2 if most is None else most)
    return Case(tuple(shape() for _ in range(count)), args)


def different(draw: Callable[[Layer, Random], Case], layer: Layer, count: int, seed: int = 0) -> Iterator[Case]:
    """The cases among `count` draws, each once."""
    chance, seen = Random(f"{layer.name} {seed}"), set[str]()
    for _ in range(count):
        case = draw(layer, chance)
        if repr(case) not in seen:
            seen.add(repr(case))
            yield case
