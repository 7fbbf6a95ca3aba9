"""Problem → input sizes for which the network is right, found by inferring it at each: for a fix and for a note."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from netspec.core.diagnostics import Edit, Fix
from netspec.core.shapes import Shape, ShapeError, show
from netspec.expansion.graph import Graph
from netspec.fixes.context import FixContext, span_of
from netspec.shapes.apply import Problem
from netspec.shapes.infer import infer
from netspec.shapes.sizes.budget import APPLIED, Budget, BudgetSpent
from netspec.shapes.sizes.nearby import upstream_graph
from netspec.shapes.sizes.walk import Walker, cost

LARGEST_SIZE = 1024
POWERS = (8, 16, 32, 64, 128, 256, 512)


def _first(test: Callable[[int], bool]) -> int:
    """The smallest size that passes a test which, once true, stays true; LARGEST_SIZE + 1 if none does."""
    low, high = 1, LARGEST_SIZE + 1
    while low < high:
        middle = (low + high) // 2
        if test(middle):
            high = middle
        else:
            low = middle + 1
    return low


def right_sizes(graph: Graph, problem: Problem, budget: Budget) -> str | None:
    """`inputs of 8×8 or 9×9`: the sizes of a square input for which the written size of a problem is right.

    None where the network has several inputs, no spatial axes, no size makes it right, or the budget ends.
    """
    samples, written = [*graph.inputs.values()], problem.written
    sample = samples[0] if len(samples) == 1 else None
    if sample is None or len(set(sample.shape[1:])) != 1 or not isinstance(written, int):
        return None
    arg = problem.call.record.arg(problem.argument or "")
    if arg is None or arg.infer is None or budget.ended or APPLIED * problem.call.id > budget.left:
        return None
    upstream = upstream_graph(graph, problem.call)
    infer_size, walker = arg.infer, Walker(upstream, budget)
    *before, call = upstream.calls

    def shape(size: int) -> Shape:
        return (sample.shape[0], *(size for _ in sample.shape[1:]))

    def arriving(size: int) -> int:
        entering = (replace(sample, shape=shape(size)),)
        inputs = walker.arriving(call, entering, walker.run(entering, before))
        try:
            return -1 if inputs is None else int(infer_size(*(tensor.shape for tensor in inputs)))
        except (ShapeError, IndexError):
            return -1

    try:
        low = _first(lambda size: arriving(size) >= written)
        if low > LARGEST_SIZE or arriving(low) != written:
            return None
        high = min(_first(lambda size: arriving(size) > written) - 1, LARGEST_SIZE)
    except BudgetSpent:
        return None
    if high == LARGEST_SIZE:
        return None  # any size is right: the size of the input is not what is wrong
    names = [show(shape(size)[1:]) for size in (low, high)]
    if low == high:
        return f"inputs of {names[0]}"
    return f"inputs of {names[0]} or {names[1]}" if high == low + 1 else f"inputs from {names[0]} to {names[1]}"


def input_size(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """For an image too small for the depth, or one whose halves do not match again: the nearest size that works."""
    graph, spec = context.graph, context.spec
    first = next((other for other in context.inference.problems if other.code in ("NS404", "NS405")), None)
    if problem is not first or len(graph.inputs) != 1 or len(spec.inputs) != 1:
        return  # the search takes long: it is made for one problem
    ((name, sample),) = graph.inputs.items()
    sizes = spec.inputs[0].sizes
    if sample is None or not 1 <= len(sample.shape) <= 4 or len(sizes) != len(sample.shape):
        return

    def works(shape: Shape) -> bool:
        context.budget.spend(APPLIED * cost(graph.calls))
        changed = replace(graph, inputs={name: replace(sample, shape=shape)})
        return all(other.kind == "broadcast" for other in infer(changed).problems)

    nearest = problem.code == "NS405"
    try:
        shape = next(filter(works, _shapes(sample.shape, nearest)), None)
    except BudgetSpent:
        return
    if shape is None:
        return
    try:
        smallest = shape if nearest else _smallest(sample.shape, shape, works)
    except BudgetSpent:
        smallest = shape
    kept = len(shape) > 1  # the channels stay
    for size in dict.fromkeys((shape, smallest)):
        text = ", ".join(map(str, size[kept:]))
        least = ", the smallest" if size == smallest != shape else ""
        yield Fix(f"an input of {show(size)}{least}", (Edit(span_of(sizes[kept:]), text),))


def _smallest(wrong: Shape, right: Shape, works: Callable[[Shape], bool]) -> Shape:
    """The smallest image between one that is too small and one that is not."""

    def enlarged(least: int) -> Shape:
        return (wrong[0], *(max(length, least) for length in wrong[1:])) if len(wrong) > 1 else (least,)

    low, high = min(wrong[1:] or wrong), max(right[1:] or right)
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (low, middle) if works(enlarged(middle)) else (middle, high)
    return enlarged(high) if works(enlarged(high)) else right


def _shapes(shape: Shape, nearest: bool) -> Iterator[Shape]:
    """Shapes to try: the nearest larger ones, and before them, unless `nearest`, the powers of two."""
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


def matching_sizes(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """For shapes that do not match: the nearest sizes of the input, above and below, for which they do."""
    nearby, sizes = context.matching_sizes(problem), context.spec.inputs[0].sizes if context.spec.inputs else ()
    tensor = next(iter(context.graph.inputs.values()), None)
    if nearby is None or tensor is None or len(context.spec.inputs) != 1 or len(sizes) != len(tensor.shape):
        return
    for choice in nearby.nearest():
        by_index = {index: choice[axis.name] for axis in nearby.axes for _, index in axis.positions}
        shape = tuple(by_index.get(index, size) for index, size in enumerate(tensor.shape))
        first = min(by_index)
        yield Fix(f"an input of {show(shape)}", (Edit(span_of(sizes[first:]), ", ".join(map(str, shape[first:]))),))


RULES = (matching_sizes, input_size)
