"""Hypothesis strategies for layers: values from the kinds of their arguments, cases from their examples."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from hypothesis import strategies as st

from netspec.ground.shapes import Tensor
from netspec.layers.arguments import LARGEST, Bool, Either, Float, Int, Ints, Kind, Null, Several, Text, Word
from netspec.layers.record import Case, Layer
from tests.layers.helpers import is_here, runs_here

NUMBERS = (-2.5, -1.0, -0.5, 0.0, 0.25, 0.5, 1.0, 1.7, 2.0, 3.0)
EXTREMES = (float("nan"), float("inf"), float("-inf"), 1e308, -1e308, 1e-320)


@singledispatch
def values(kind: Kind, extreme: bool = False) -> st.SearchStrategy[Any]:
    """Values that `kind` accepts: small ones, or with `extreme` the largest it lets through too."""
    raise NotImplementedError(f"no strategy for {type(kind).__name__}")


@values.register
def _(kind: Int, extreme: bool = False) -> st.SearchStrategy[Any]:
    least = -5 if kind.least is None else kind.least
    small = st.integers(least, max(least + 8, 6))
    return small | st.sampled_from((LARGEST, -LARGEST if kind.least is None else LARGEST - 1)) if extreme else small


@values.register
def _(kind: Float, extreme: bool = False) -> st.SearchStrategy[Any]:
    def accepted(number: float) -> bool:
        return (kind.least is None or number >= kind.least) and (kind.most is None or number <= kind.most)

    return st.sampled_from([number for number in (*NUMBERS, *(EXTREMES if extreme else ())) if accepted(number)])


@values.register
def _(kind: Bool, extreme: bool = False) -> st.SearchStrategy[Any]:
    return st.booleans()


@values.register
def _(kind: Word, extreme: bool = False) -> st.SearchStrategy[Any]:
    return st.sampled_from(kind.words)


@values.register
def _(kind: Text, extreme: bool = False) -> st.SearchStrategy[Any]:
    return st.from_regex(kind.pattern, fullmatch=True).filter(lambda text: len(text) <= kind.longest)


@values.register
def _(kind: Ints, extreme: bool = False) -> st.SearchStrategy[Any]:
    return _tuples(values(Int(kind.least), extreme), kind.length)


@values.register
def _(kind: Several, extreme: bool = False) -> st.SearchStrategy[Any]:
    return _tuples(values(kind.kind, extreme), kind.length)


@values.register
def _(kind: Null, extreme: bool = False) -> st.SearchStrategy[Any]:
    return st.none()


@values.register
def _(kind: Either, extreme: bool = False) -> st.SearchStrategy[Any]:
    return st.one_of([values(inner, extreme) for inner in kind.kinds])


def _tuples(items: st.SearchStrategy[Any], length: int | None) -> st.SearchStrategy[Any]:
    least, most = (0, 6) if length is None else (length, length)
    return st.lists(items, min_size=least, max_size=most).map(tuple)


def shapes(sizes: st.SearchStrategy[int] = st.integers(1, 12)) -> st.SearchStrategy[tuple[int, ...]]:  # noqa: B008 a strategy is immutable
    """Sample shapes of up to five axes."""
    return st.lists(sizes, max_size=5).map(tuple)


@st.composite
def _like(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[int, ...]:
    """`shape` with one axis of another size."""
    if not shape:
        return shape
    axis = draw(st.integers(0, len(shape) - 1))
    return (*shape[:axis], draw(st.integers(1, 12)), *shape[axis + 1 :])


@st.composite
def cases(draw: st.DrawFn, layer: Layer) -> Case:
    """One of the record's examples, with some arguments and some axes changed; small enough to run.

    What the torch that is installed does not have yet is left out.
    """
    examples = [example for example in (*layer.right, *layer.right, *layer.wrong) if runs_here(layer, example)]
    example = draw(st.sampled_from(examples))
    args = dict(example.args)
    count = draw(st.sampled_from((0, 1, 1, 2)))
    here = [arg for arg in layer.args if is_here(arg.since)]
    changed = draw(st.lists(st.sampled_from(here), max_size=count, unique=True)) if here else ()
    for arg in changed:
        if arg.required or draw(st.booleans()):
            args[arg.name] = draw(values(arg.kind))
        else:
            args.pop(arg.name, None)
    inputs = list(example.inputs)
    if layer.inputs[1] is None and draw(st.booleans()):
        inputs.append(inputs[0])
    together = draw(st.booleans())
    axis, length = draw(st.integers(0, 3)), draw(st.integers(1, 12))
    for i, shape in enumerate(inputs):
        if together:
            inputs[i] = (*shape[:axis], length, *shape[axis + 1 :]) if axis < len(shape) else shape
        else:
            inputs[i] = draw(st.just(shape) | _like(shape) | shapes())
    further = dict(example.further)
    for name in further if draw(st.booleans()) else ():
        shape = draw(st.just(further[name].shape) | _like(further[name].shape) | shapes())
        further[name] = Tensor(shape, draw(st.sampled_from(("bool", "float32", "float32", "int64", "uint8"))))
    return Case(tuple(inputs), args, example.dtype, further)


@st.composite
def extreme_cases(draw: st.DrawFn, layer: Layer) -> Case:
    """Whatever the kinds accept, on whatever shape: axes of size 0 and huge ones too. Nothing to run in torch."""
    args = {arg.name: draw(values(arg.kind, extreme=True)) for arg in layer.args if arg.required or draw(st.booleans())}
    least, most = layer.inputs
    count = draw(st.integers(least, least + 2 if most is None else most))
    sizes = st.integers(0, 12) | st.sampled_from((LARGEST, 2**62))
    near = [shape for case in layer.right for shape in case.inputs]
    anything = shapes(sizes) | st.sampled_from(near)
    return Case(tuple(draw(anything) for _ in range(count)), args)
