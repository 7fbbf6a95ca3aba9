"""Input sizes for which the network is right: the nearest one, found by inferring the network again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from netspec.core.diagnostics import Edit, Fix
from netspec.core.shapes import Shape, Tensor, show
from netspec.fixes.context import Context, whole
from netspec.language.spec import Graph
from netspec.shapes.apply import Problem
from netspec.shapes.infer import infer

LARGEST = 1024
MOST_WORK = 20_000  # calls that are inferred again for one question
POWERS = (8, 16, 32, 64, 128, 256, 512)


def right(graph: Graph, name: str, sample: Tensor, shape: Shape, problem: Problem) -> bool:
    """Whether a network's call works, and no other fails anew, with another shape of its input."""
    changed = replace(graph, inputs={**graph.inputs, name: replace(sample, shape=shape)})
    found = infer(changed).problems
    return not any(other.kind != "broadcast" for other in found)


def input_size(problem: Problem, context: Context) -> Iterator[Fix]:
    """A picture too small for the depth, or one whose halves do not meet again: the nearest size that works."""
    graph, spec = context.graph, context.spec
    codes = ("NS404", "NS405")
    first = next((other for other in context.inference.problems if other.code in codes), None)
    if problem is not first or len(graph.inputs) != 1 or len(spec.inputs) != 1:
        return  # the question costs time: it is asked once
    ((name, sample),) = graph.inputs.items()
    sizes = spec.inputs[0].sizes
    if sample is None or not 1 <= len(sample.shape) <= 4 or len(sizes) != len(sample.shape):
        return
    budget = MOST_WORK // max(len(graph.calls), 1)
    for shape in _shapes(sample.shape, problem.code == "NS405"):
        budget -= 1
        if budget < 0:
            return
        if right(graph, name, sample, shape, problem):
            kept = len(shape) > 1  # the channels stay
            smallest = _smallest(sample.shape, shape, lambda tried: right(graph, name, sample, tried, problem))
            for size in dict.fromkeys((shape, smallest)) if problem.code == "NS404" else (shape,):
                text = ", ".join(map(str, size[kept:]))
                least = ", the smallest" if size == smallest != shape else ""
                yield Fix(f"an input of {show(size)}{least}", (Edit(whole(sizes[kept:]), text),))
            return


def _smallest(wrong: Shape, right: Shape, works: Callable[[Shape], bool]) -> Shape:
    """The smallest picture between one that is too small and one that is not."""

    def enlarged(least: int) -> Shape:
        return (wrong[0], *(max(length, least) for length in wrong[1:])) if len(wrong) > 1 else (least,)

    low, high = min(wrong[-1:] if len(wrong) == 1 else wrong[1:]), max(right[-1:] if len(right) == 1 else right[1:])
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (low, middle) if works(enlarged(middle)) else (middle, high)
    return enlarged(high) if works(enlarged(high)) else right


def _shapes(shape: Shape, nearest: bool) -> Iterator[Shape]:
    """Shapes to try: for halves that do not meet the nearest larger ones, for small pictures the powers of two."""
    if len(shape) == 1:
        yield from ((length,) for length in range(shape[0] + 1, shape[0] + 33))
        return
    channels, spatial = shape[0], shape[1:]
    if not nearest:
        for size in POWERS:
            if size > min(spatial):
                yield (channels, *(size for _ in spatial))
    for step in (2, 4, 8, 16, 32, 64, 128, 256):
        rounded = tuple(-(-length // step) * step for length in spatial)
        if rounded != spatial:
            yield (channels, *rounded)


def meeting(problem: Problem, context: Context) -> Iterator[Fix]:
    """For tensors that do not meet: the nearest sizes of the input, above and below, for which they do."""
    if context.meeting is None or context.meeting[0] is not problem or len(context.spec.inputs) != 1:
        return
    sizes = context.spec.inputs[0].sizes
    for choice in context.meeting[1].nearest():
        places = {place: size for axis in context.meeting[1].axes for _, place in axis.places
                  for size in (choice[axis.name],)}  # fmt: skip
        tensor = next(iter(context.graph.inputs.values()))
        if tensor is None or len(sizes) != len(tensor.shape):
            return
        shape = tuple(places.get(index, size) for index, size in enumerate(tensor.shape))
        first = min(places)
        yield Fix(f"an input of {show(shape)}", (Edit(whole(sizes[first:]), ", ".join(map(str, shape[first:]))),))


RULES = (meeting, input_size)
