"""Problem → fixes of shapes that do not match: change a layer upstream, so that its branch ends in the wanted shape."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from netspec.core.diagnostics import Fix
from netspec.core.shapes import Shape
from netspec.expansion.graph import Call, Ref
from netspec.fixes.changes import Change, change_fix, changes, exactly_enlarged, upstream, working_changes
from netspec.fixes.context import FixContext, outputs_with
from netspec.fixes.shortcuts import plain_side
from netspec.fixes.values import set_value
from netspec.shapes.apply import Problem

MOST = 6  # candidates for one problem


def change_layer_or_claim(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """A layer that does not give its claimed shape: other arguments of the layer, and last another claim."""
    if problem.kind != "shape":
        return
    call, shape, wanted = problem.call, problem.actual, problem.written
    if len(shape) == len(wanted) and shape[:1] == wanted[:1]:
        for change in changes(call, shape, wanted):
            outputs = outputs_with(call, problem.inputs, **change)
            fixes = change_fix(call, change) if outputs is not None and outputs[0].shape == wanted else ()
            if fixes:
                yield from fixes
                break
    yield set_value(call.arg_nodes["shape"], "shape", shape)


def change_upstream(ref: Ref, wanted: Shape, context: FixContext) -> Iterator[Fix]:
    """For an output that misses its promised shape: changes of one layer upstream that give it.

    Args:
        ref: the output.
        wanted: its promised sample shape.
        context: the spec, its graph and its shapes.
    """
    known = context.inference.known[ref.node].outputs if ref.node >= 0 else None
    if known is None or len(known[0].shape) != len(wanted):
        return
    calls = upstream(context.graph, ref)
    yield from exactly_enlarged(calls, wanted, context)
    for index, call in enumerate(calls):
        for change in islice(working_changes(calls, index, known[0].shape, wanted, context, by_axis=True), 1):
            yield from _change_of_parameter(call, change, context)
            yield from change_fix(call, change)


def _change_of_parameter(call: Call, change: Change, context: FixContext) -> Iterator[Fix]:
    """The change of one argument, made at the parameter of the spec that the argument names."""
    for key, value in change.items() if len(change) == 1 else ():
        name = getattr(call.arg_nodes.get(key), "text", "")
        if not call.frames and name in context.spec.params:
            yield set_value(context.spec.params[name], name, value)


def _goal(merge: Call, shape: Shape, other: Shape) -> Shape:
    """The shape that a branch of `shape` needs to be merged with one of `other`."""
    if merge.record.name == "concat" and len(shape) == len(other):
        axis = int(merge.args.get("dim", 1)) - 1
        if 0 <= axis < len(shape):
            return (*other[:axis], shape[axis], *other[axis + 1 :])
    return other


def branches(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """For a merge whose inputs differ: changes of a layer upstream that give the needed shape."""
    known = context.inference.known[problem.call.id].inputs
    shapes = [tensor.shape for tensor in known if tensor is not None]
    if problem.code != "NS405" or len(shapes) != len(problem.call.inputs) or len(set(map(len, shapes))) != 1:
        return
    plain = plain_side(problem, context)
    found = _changed_branches(problem.call, shapes, context, None if plain is None else 1 - plain)
    yield from islice(found, MOST)


def _changed_branches(merge: Call, shapes: list[Shape], context: FixContext, body: int | None) -> Iterator[Fix]:
    """The fixes of each branch of a merge, the last branch first; the width of a residual's `body` is not squeezed."""
    for index in range(len(shapes) - 1, -1, -1):
        for other in dict.fromkeys(shapes[:index] + shapes[index + 1 :]):
            wanted = _goal(merge, shapes[index], other)
            if wanted == shapes[index]:
                continue
            calls = upstream(context.graph, merge.inputs[index])
            yield from exactly_enlarged(calls, wanted, context)
            for position, call in enumerate(calls):
                for change in working_changes(calls, position, shapes[index], wanted, context):
                    if index == body and _squeezes(change, shapes[index]):
                        continue
                    fixes = change_fix(call, change)
                    yield from fixes
                    if fixes:
                        break


def _squeezes(change: Change, shape: Shape) -> bool:
    """Whether a change makes a branch narrower."""
    return bool(change.get("out_channels", shape[0]) < shape[0] or change.get("out_features", shape[-1]) < shape[-1])


RULES = (change_layer_or_claim, branches)
