"""Input sizes for which the network is right, found by inferring it at each: for a fix, and for the message."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from netspec.core.diagnostics import Edit, Fix
from netspec.core.shapes import Shape, ShapeError, Tensor, show
from netspec.expansion.graph import Call, Graph, Ref
from netspec.fixes.context import Context, span_of
from netspec.shapes.apply import Problem, apply
from netspec.shapes.infer import infer

LARGEST_SIZE = 1024
MOST_WORK = 30_000  # calls that are re-inferred for one question


def ancestors(graph: Graph, call: Call) -> list[Call]:
    """The calls that a call depends on, in the order they run, itself last."""
    needed, queue = {call.id}, [call.id]
    while queue:
        for ref in graph.calls[queue.pop()].inputs:
            if ref.node >= 0 and ref.node not in needed:
                needed.add(ref.node)
                queue.append(ref.node)
    return [graph.calls[index] for index in sorted(needed)]


def _arriving(calls: list[Call], call: Call, entering: list[Tensor]) -> tuple[Tensor, ...] | None:
    """What would reach `call` if `entering` entered the network; None where a layer before it refuses."""
    values: dict[int, tuple[Tensor, ...]] = {}

    def value(ref: Ref) -> tuple[Tensor, ...]:
        if ref.node < 0:
            return (entering[-1 - ref.node],)
        return values[ref.node] if ref.output is None else (values[ref.node][ref.output],)

    for each in calls:
        inputs = tuple(tensor for ref in each.inputs for tensor in value(ref))
        if each.id == call.id:
            return inputs
        outcome = apply(each, inputs)
        if not outcome.candidates:
            return None
        values[each.id] = outcome.candidates[0]
    return None


def _first(test: Callable[[int], bool]) -> int:
    """The smallest size that passes a test which, once true, stays true; one beyond the largest if none does."""
    low, high = 1, LARGEST_SIZE + 1
    while low < high:
        middle = (low + high) // 2
        if test(middle):
            high = middle
        else:
            low = middle + 1
    return low


def right_sizes(graph: Graph, problem: Problem) -> str | None:
    """`inputs of 8×8 or 9×9`: the sizes of a square input for which the written size of a problem would be right.

    None where the network has several inputs, no spatial axes, or no size makes it right.
    """
    entering = [tensor for tensor in graph.inputs.values() if tensor is not None]
    if (
        len(entering) != 1
        or len(graph.inputs) != 1
        or len(entering[0].shape) < 2
        or not isinstance(problem.written, int)
    ):
        return None
    sample = entering[0]
    if len(set(sample.shape[1:])) != 1:
        return None
    calls = ancestors(graph, problem.call)
    arg = problem.call.record.arg(problem.argument or "")
    if len(calls) * 22 > MOST_WORK or arg is None or arg.infer is None:
        return None
    infer = arg.infer

    def at(size: int) -> Shape:
        return (sample.shape[0], *(size for _ in sample.shape[1:]))

    def arrives(size: int) -> int:
        try:
            tensors = _arriving(calls, problem.call, [replace(sample, shape=at(size))])
            return -1 if tensors is None else int(infer(*(tensor.shape for tensor in tensors)))
        except (ShapeError, IndexError):
            return -1

    low = _first(lambda size: arrives(size) >= problem.written)
    if low > LARGEST_SIZE or arrives(low) != problem.written:
        return None
    high = min(_first(lambda size: arrives(size) > problem.written) - 1, LARGEST_SIZE)
    if high == LARGEST_SIZE:
        return None  # any size would do: the size is not what is wrong
    names = [show(at(size)[1:]) for size in (low, high)]
    if low == high:
        return f"inputs of {names[0]}"
    return f"inputs of {names[0]} or {names[1]}" if high == low + 1 else f"inputs from {names[0]} to {names[1]}"


LARGEST = 1024
MOST_INFERRED = 20_000  # calls that are inferred again for one question
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
    budget = MOST_INFERRED // max(len(graph.calls), 1)
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
                yield Fix(f"an input of {show(size)}{least}", (Edit(span_of(sizes[kept:]), text),))
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


def sizes_that_meet(problem: Problem, context: Context) -> Iterator[Fix]:
    """For tensors that do not meet: the nearest sizes of the input, above and below, for which they do."""
    if context.meeting is None or context.meeting[0] is not problem or len(context.spec.inputs) != 1:
        return
    sizes = context.spec.inputs[0].sizes
    for choice in context.meeting[1].nearest():
        places = {place: size for axis in context.meeting[1].axes for _, place in axis.positions
                  for size in (choice[axis.name],)}  # fmt: skip
        tensor = next(iter(context.graph.inputs.values()))
        if tensor is None or len(sizes) != len(tensor.shape):
            return
        shape = tuple(places.get(index, size) for index, size in enumerate(tensor.shape))
        first = min(places)
        yield Fix(f"an input of {show(shape)}", (Edit(span_of(sizes[first:]), ", ".join(map(str, shape[first:]))),))


RULES = (sizes_that_meet, input_size)
