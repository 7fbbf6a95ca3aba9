"""Problem → fixes of an axis of one too many: without the unsqueeze that made it, or with a squeeze."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.core.diagnostics import Edit, Fix
from netspec.core.shapes import show
from netspec.expansion.graph import Call
from netspec.fixes.context import FixContext
from netspec.fixes.edits import optional_fix, remove_item
from netspec.fixes.recurrent import RECURRENT
from netspec.fixes.wiring import insert_between, reference
from netspec.shapes.apply import Problem
from netspec.shapes.provenance import layer_label
from netspec.shapes.recovery import DIMENSIONED


def axis_of_one_too_many(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """A sample, or the states of a recurrent layer, with one axis more than is wanted, of size 1."""
    call = problem.call
    if problem.code != "NS403" or len(problem.inputs) != len(call.inputs):
        return
    match = DIMENSIONED.match(call.record.name)
    if call.record.name in RECURRENT and len(problem.inputs) > 1:
        indexes, wanted = range(1, len(problem.inputs)), 2  # layers·directions, hidden_size
    elif match is not None or call.record.name in RECURRENT:
        indexes, wanted = range(1), int(match[2]) + 1 if match is not None else 2
    else:
        return
    shapes = {problem.inputs[index].shape for index in indexes}
    shape = next(iter(shapes))
    if len(shapes) != 1 or len(shape) != wanted + 1 or 1 not in shape:
        return
    if len(indexes) == 1:
        yield from _without_unsqueeze(call, indexes[0], context)
    for axis in [axis for axis, size in enumerate(shape) if size == 1]:
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


RULES = (axis_of_one_too_many,)
