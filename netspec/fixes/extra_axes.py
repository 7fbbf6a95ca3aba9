"""Problem → fixes of an axis of one too many: without the unsqueeze that made it, or with a squeeze."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.core.diagnostics import Edit, Fix
from netspec.core.shapes import Shape, show
from netspec.expansion.graph import Call
from netspec.fixes.context import FixContext
from netspec.fixes.edits import optional_fix, remove_item
from netspec.fixes.recurrent import RECURRENT
from netspec.fixes.wiring import insert_between, reference
from netspec.shapes.apply import Problem
from netspec.shapes.provenance import layer_label
from netspec.shapes.recovery import DIMENSIONED


def _extra(problem: Problem) -> tuple[tuple[int, ...], Shape]:
    """The inputs of a call that have an axis too many, their only one of size 1, and their shape; else nothing."""
    call = problem.call
    match, recurrent = DIMENSIONED.match(call.record.name), call.record.name in RECURRENT
    known = problem.code == "NS403" and len(problem.inputs) == len(call.inputs)
    if not known or not (match is not None or recurrent):
        return (), ()
    states = tuple(range(1, len(problem.inputs))) if recurrent else ()  # layers·directions × hidden_size
    indexes = states or (0,)
    wanted = 2 if match is None else int(match[2]) + 1
    shapes = {problem.inputs[index].shape for index in indexes}
    shape = next(iter(shapes))
    return (indexes, shape) if len(shapes) == 1 and len(shape) == wanted + 1 and shape.count(1) == 1 else ((), ())


def inner_axis(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """An axis of one too many that an unsqueeze made, or that is not the first of the sample."""
    indexes, shape = _extra(problem)
    if len(indexes) == 1:
        yield from _without_unsqueeze(problem.call, indexes[0], context)
    yield from _squeezed(problem.call, indexes, shape, range(1, len(shape)), context)


def first_axis(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """An axis of one too many that is the first; that of a picture may be its channels, so this comes later."""
    indexes, shape = _extra(problem)
    yield from _squeezed(problem.call, indexes, shape, range(min(len(shape), 1)), context)


def _squeezed(call: Call, indexes: tuple[int, ...], shape: Shape, axes: range, context: FixContext) -> Iterator[Fix]:
    """The fixes that squeeze one of the axes, for all the inputs that have it."""
    for axis in (axis for axis in axes if shape[axis] == 1):
        change = ("squeezed", [f"squeeze: {{dim: {axis + 1}}}"])
        edits = insert_between(call, dict.fromkeys(indexes, change), context)
        if edits:
            yield Fix(f"squeeze before it: {show((*shape[:axis], *shape[axis + 1 :]))}", edits)


def _without_unsqueeze(call: Call, index: int, context: FixContext) -> Iterator[Fix]:
    """What the unsqueeze takes, where the layer takes what it gives; if possible with the unsqueeze removed."""
    before = context.provenance.maker(call.inputs[index])
    if before is None or before.record.name != "unsqueeze":
        return
    removed = remove_item(before, context.spec.sources)
    title = f"without {layer_label(before)} of line {before.item.at.span.line}"
    node = reference(call, index)
    if node is None:
        yield from optional_fix(title, removed)
        return
    taken, earlier = reference(before, 0), context.provenance.producer(before)
    same_list = earlier is not None and earlier.path.rpartition(".")[0] == before.path.rpartition(".")[0]
    if taken is None and same_list and earlier is not None:
        taken = earlier.item.name
    if taken is not None:
        passed = Edit(node.span, taken.text)
        yield from optional_fix(title, removed, passed)
        yield Fix(f"from: {taken.text}, past {layer_label(before)}", (passed,))


FIRST_RULES = (inner_axis,)
RULES = (first_axis,)
