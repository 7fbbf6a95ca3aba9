"""Problem → fixes of a window that does not fit: a larger input, padding, a pool less; the input is never shrunk.

Of the input only those axes are enlarged that are too short. A square picture stays square, and gets the next power of
two first: people choose 32 and 64, not 18.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from netspec.core.diagnostics import Fix
from netspec.core.shapes import Shape, show
from netspec.expansion.graph import Graph
from netspec.fixes.arguments import accepts
from netspec.fixes.context import FixContext, size_edits
from netspec.fixes.edits import optional_fix, remove_item, set_argument
from netspec.fixes.followers import with_argument, with_followers, without
from netspec.fixes.values import yaml_text
from netspec.layers.spatial import per_axis
from netspec.shapes.apply import Problem
from netspec.shapes.infer import infer
from netspec.shapes.provenance import layer_label
from netspec.shapes.sizes.budget import APPLIED, BudgetSpent
from netspec.shapes.sizes.walk import cost

POWERS = (8, 16, 32, 64, 128, 256, 512)
STEPS = (2, 4, 8, 16, 32, 64, 128, 256)  # multiples that an axis is rounded up to
NEAR = 32  # sizes above the declared one that are tried one by one

Works = Callable[[Shape], bool]


def _does_not_fit(problem: Problem) -> bool:
    return problem.code == "NS404" and problem.argument == "kernel_size" and bool(problem.inputs)


def enlarged(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """The input with the axes enlarged that are too short, to the nearest sizes that work; sought for one problem."""
    graph, spec = context.graph, context.spec
    first = next((other for other in context.inference.problems if _does_not_fit(other)), None)
    if problem is not first or len(graph.inputs) != 1 or len(spec.inputs) != 1:
        return
    ((name, sample),) = graph.inputs.items()
    sizes = spec.inputs[0].sizes
    if sample is None or not 1 <= len(sample.shape) <= 4 or len(sizes) != len(sample.shape):
        return

    def with_shape(shape: Shape) -> Graph:
        return replace(graph, inputs={name: replace(sample, shape=shape)})

    for strict in (True, False):
        shapes = list(_right_shapes(sample.shape, _test(with_shape, context, strict)))
        for shape in shapes:
            least = ", the smallest" if len(shapes) > 1 and shape == shapes[-1] else ""
            edits = size_edits(sizes, sample.shape, shape, context)
            fix = Fix(f"an input of {show(shape)}{least}", edits)
            yield fix if strict else with_followers(fix, with_shape(shape), context)
        if shapes:
            return


def _test(with_shape: Callable[[Shape], Graph], context: FixContext, strict: bool) -> Works:
    """Whether a network is right for an input; without `strict`, whether all windows fit and all shapes match.

    False once the budget of the check is spent.
    """

    def works(shape: Shape) -> bool:
        try:
            context.budget.spend(APPLIED * cost(context.graph.calls))
        except BudgetSpent:
            return False
        problems = infer(with_shape(shape)).problems
        return all(each.kind == "broadcast" or (each.kind == "size" and not strict) for each in problems)

    return works


def _right_shapes(shape: Shape, works: Works) -> Iterator[Shape]:
    """The shapes to offer, the likeliest first."""
    spatial = tuple(range(1, len(shape))) or (0,)
    for axes in dict.fromkeys((spatial, (0,))):
        high = next(filter(works, _grown(shape, axes)), None)
        if high is None:
            continue
        if len(axes) > 1 and len({shape[axis] for axis in axes}) == 1 == len({high[axis] for axis in axes}):
            together = [axes]
            yield high
        else:
            together = [(axis,) for axis in axes]
        least = high
        for group in together:
            least = _least(shape, least, group, works)
        if least != high or len(together) != 1 or len(axes) == 1:
            yield least
        return


def _grown(shape: Shape, axes: tuple[int, ...]) -> Iterator[Shape]:
    """Larger shapes: each axis at least a power of two, then each rounded up."""
    for least, step in (*((power, 1) for power in POWERS), *((1, step) for step in STEPS)):
        larger = (max(least, -(-size // step) * step) for size in shape)
        found = tuple(new if axis in axes else shape[axis] for axis, new in enumerate(larger))
        if found != shape:
            yield found


def _least(low: Shape, high: Shape, axes: tuple[int, ...], works: Works) -> Shape:
    """A shape that works with some axes as small as possible, between one that is too small and one that works."""

    def at(size: int) -> Shape:
        return tuple(size if axis in axes else length for axis, length in enumerate(high))

    least, most = low[axes[0]], high[axes[0]]
    near = next((size for size in range(least, min(most, least + NEAR)) if works(at(size))), None)
    if near is not None:
        return at(near)
    while least + 1 < most:
        middle = (least + most) // 2
        least, most = (least, middle) if works(at(middle)) else (middle, most)
    return at(most)


def padded(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """The padding of a convolution that keeps the size, or the widest of a pool, where the window fits with it."""
    call = problem.call
    if not _does_not_fit(problem) or not {"padding", "kernel_size"} <= call.args.keys() | {"padding"}:
        return
    if call.record.arg("padding") is None or call.record.name.startswith("ConvTranspose"):
        return
    axes = len(problem.inputs[0].shape) - 1
    kernel, dilation = per_axis(call.args["kernel_size"], axes), per_axis(call.args.get("dilation", 1), axes)
    reach = [spread * (size - 1) + 1 for size, spread in zip(kernel, dilation, strict=True)]
    widths = tuple(size // 2 for size in (kernel if "Pool" in call.record.name else reach))
    padding = widths[0] if len(set(widths)) == 1 else widths
    if accepts(call, problem, "padding", padding):
        text = yaml_text(padding)
        for fix in optional_fix(f"padding: {text}", set_argument(call, "padding", text)):
            yield with_followers(fix, with_argument(context.graph, call, padding=padding), context, call.id)


def pool_less(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """Without the pool that does not fit, or without the last one before the convolution that does not."""
    if not _does_not_fit(problem):
        return
    for call in context.provenance.back(problem.call):
        if len(call.inputs) != 1:
            return
        if call.record.name.startswith(("MaxPool", "AvgPool", "LPPool")):
            this = "this" if call is problem.call else "the last"
            removed = remove_item(call, context.spec.sources)
            for fix in optional_fix(f"without {this} {layer_label(call)}", removed):
                yield with_followers(fix, without(context.graph, call), context, call.id)
            return


RULES = (enlarged, padded, pool_less)
