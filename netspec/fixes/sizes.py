"""Problem → input sizes for which the network is right, found by inferring it at each: for a fix and for a note."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from math import inf

from netspec.core.diagnostics import Edit, Fix
from netspec.core.shapes import Shape, ShapeError, show
from netspec.expansion.graph import Graph
from netspec.fixes.context import FixContext, size_edits
from netspec.fixes.values import node_text, span_of
from netspec.shapes.apply import Problem
from netspec.shapes.infer import infer
from netspec.shapes.sizes.budget import APPLIED, Budget, BudgetSpent
from netspec.shapes.sizes.nearby import Nearby, upstream_graph
from netspec.shapes.sizes.walk import Walker, cost

LARGEST_SIZE = 1024
MOST_INPUTS, NEAR = 4, 4  # of several inputs: how many, and how far from a declared size another one is sought
USUAL = (16, 28, 32, 48, 64, 96, 112, 128, 160, 192, 224, 256, 299, 320, 384, 448, 512)  # that pictures often have
STEPS = (2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)  # multiples that the input's sizes are rounded up to


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


def _first_right(name: str, shapes: Iterable[Shape], context: FixContext, problem: Problem) -> Shape | None:
    """The first of several shapes of an input with which nothing is wrong; None also once the budget is spent.

    A sum that fits only because a size of one is repeated is not what was meant.
    """
    graph = context.graph
    sample = graph.inputs[name]
    if sample is None:
        return None
    for shape in shapes:
        try:
            context.budget.spend(APPLIED * cost(graph.calls))
        except BudgetSpent:
            return None
        changed = replace(graph, inputs={**graph.inputs, name: replace(sample, shape=shape)})
        problems = infer(changed).problems
        if all(other.kind == "broadcast" and other.call.id != problem.call.id for other in problems):
            return shape
    return None


def transposed(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """A picture that lies on its side: with its sides exchanged every written size is right."""
    graph, spec = context.graph, context.spec
    first = next((other for other in context.inference.problems if other.kind == "size"), None)
    if problem is not first or len(graph.inputs) != 1 or len(spec.inputs) != 1:
        return
    ((name, sample),) = graph.inputs.items()
    sizes = spec.inputs[0].sizes
    if sample is None or not len(sizes) == len(sample.shape) == 3 or sample.shape[1] == sample.shape[2]:
        return
    channels, height, width = sample.shape
    if _first_right(name, [(channels, width, height)], context, problem) is not None:
        text = ", ".join(map(node_text, (sizes[0], sizes[2], sizes[1])))
        yield Fix(f"input: [{text}], with its sides exchanged", (Edit(span_of(sizes), text),))


def rounded_size(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """For an image whose halves do not match again, or that another layer refuses: its sizes rounded up.

    Of a square one also the larger sizes that pictures often have.
    """
    graph, spec = context.graph, context.spec
    first = next((other for other in context.inference.problems if other.code in ("NS404", "NS405")), None)
    if problem is not first or len(graph.inputs) != 1 or len(spec.inputs) != 1 or problem.argument == "kernel_size":
        return  # the search takes long: it is made for one problem
    ((name, sample),) = graph.inputs.items()
    sizes = spec.inputs[0].sizes
    if sample is None or not 1 < len(sample.shape) <= 4 or len(sizes) != len(sample.shape):
        return

    channels, *lengths = sample.shape
    shapes = [(channels, *(-(-length // step) * step for length in lengths)) for step in STEPS]
    if len(lengths) == 2 and lengths[0] == lengths[1]:
        shapes += [(channels, size, size) for size in USUAL if size > lengths[0]]
    shape = _first_right(name, (shape for shape in dict.fromkeys(shapes) if shape != sample.shape), context, problem)
    if shape is not None:
        yield Fix(f"an input of {show(shape)}", size_edits(sizes, sample.shape, shape, context))


def offered(nearby: Nearby) -> list[dict[str, int]]:
    """The sizes to offer, by axis: larger ones first, and none below half of a declared one.

    Args:
        nearby: the right sizes near the declared ones.
    """
    declared = {axis.name: axis.declared for axis in nearby.axes}
    choices = [each for each in nearby.nearest() if all(2 * size >= declared[name] for name, size in each.items())]
    return sorted(choices, key=lambda each: any(size < declared[name] for name, size in each.items()))


def matching_sizes(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """For shapes that do not match: the nearest sizes of the input, above and below, for which they do."""
    nearby, sizes = context.matching_sizes(problem), context.spec.inputs[0].sizes if context.spec.inputs else ()
    tensor = next(iter(context.graph.inputs.values()), None)
    if nearby is None or tensor is None or len(context.spec.inputs) != 1 or len(sizes) != len(tensor.shape):
        return
    for choice in offered(nearby):
        by_index = {index: choice[axis.name] for axis in nearby.axes for _, index in axis.positions}
        shape = tuple(by_index.get(index, size) for index, size in enumerate(tensor.shape))
        yield Fix(f"an input of {show(shape)}", size_edits(sizes, tensor.shape, shape, context))


def one_axis(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """For several inputs whose values do not match: a size of one of them that is near, or that of the other value."""
    graph, spec = context.graph, context.spec
    first = next((other for other in context.inference.problems if other.code == "NS405"), None)
    if problem is not first or not 1 < len(spec.inputs) <= MOST_INPUTS or len(problem.inputs) < 2:
        return
    arriving = {size for tensor in problem.inputs for size in tensor.shape}
    found: list[tuple[float, bool, Fix]] = []
    for declared in spec.inputs:
        sample = graph.inputs.get(declared.name)
        if sample is None or len(declared.sizes) != len(sample.shape):
            continue
        for axis in range(int(len(sample.shape) > 2), len(sample.shape)):  # no other number of channels of a picture
            size = sample.shape[axis]
            near = {size + step for step in range(-NEAR, NEAR + 1)} | {each for each in arriving if 2 * each >= size}
            sizes = sorted(near - {size}, key=lambda other: (abs(other - size), -other))
            shapes = [(*sample.shape[:axis], other, *sample.shape[axis + 1 :]) for other in sizes if other > 0]
            shape = _first_right(declared.name, shapes, context, problem)
            if shape is not None:
                fix = Fix(f"{declared.name}: {show(shape)}", size_edits(declared.sizes, sample.shape, shape, context))
                factor = shape[axis] / size if size else inf
                found.append((round(max(factor, 1 / factor), 6), factor < 1, fix))
    yield from (fix for *_, fix in sorted(found, key=lambda each: each[:2]))


FIRST_RULES = (transposed,)
RULES = (matching_sizes, rounded_size, one_axis)
