"""Problem → fixes of a layer that takes another number of axes, or another dtype, than what arrives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import prod

from netspec.core.diagnostics import Edit, Fix
from netspec.core.shapes import show
from netspec.expansion.graph import Call, Ref
from netspec.fixes.context import FixContext
from netspec.fixes.edits import optional_fix, remove_item, start_of
from netspec.fixes.values import node_text, replace_value, span_of, yaml_text
from netspec.fixes.wiring import before_it, insert_for_all, same_mistakes
from netspec.layers.record import no_parameters
from netspec.layers.table import TABLE
from netspec.shapes.apply import Problem
from netspec.shapes.provenance import layer_label
from netspec.shapes.recovery import DIMENSIONED, readings_of

PICTURE_CHANNELS = (1, 3, 4)
EMBEDDINGS = ("Embedding", "EmbeddingBag")


def sibling(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """The layer of the same family for the number of axes that arrives; also for all such layers of the spec."""
    call = problem.call
    match = DIMENSIONED.match(call.record.name)
    if problem.code != "NS403" or match is None or not problem.inputs:
        return
    axes = len(problem.inputs[0].shape) - 1
    for wanted in dict.fromkeys((axes, axes + 1)):
        name = f"{match[1]}{wanted or 1}d"
        if name in TABLE and name != call.record.name:
            yield Fix(name, (Edit(call.item.at.span, name),))
            yield Fix(f"{name}, and the others like it", _all_retyped(context, match[2], str(wanted or 1)))


def _all_retyped(context: FixContext, old: str, new: str) -> tuple[Edit, ...]:
    """The edits that replace every layer for `old` axes by its sibling for `new` ones."""
    edits: dict[object, Edit] = {}
    for call in context.graph.calls:
        match = DIMENSIONED.match(call.record.name)
        if match is not None and match[2] == old and f"{match[1]}{new}d" in TABLE and call.item.kind == "layer":
            edits[call.item.at.span] = Edit(call.item.at.span, f"{match[1]}{new}d")
    return tuple(edits.values())


def input_axes(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """An input that lists the batch size, or lacks the channels: both are tried."""
    sizes = context.declared(problem.call)
    if problem.code != "NS403" or not sizes:
        return
    if len(sizes) > 1:
        after = sizes[1].span
        drop = replace(sizes[0].span, end_line=after.line, end_column=after.column)
        yield Fix("the input without its first size: the batch is not written", (Edit(drop, ""),))
    yield Fix("the input with one channel in front", (Edit(start_of(sizes[0].span), "1, "),))


def channels_first(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """An input written H×W×C, where the channels that a first layer expects stand last."""
    sizes = context.declared(problem.call)
    if len(sizes) < 2 or not problem.inputs or len(problem.inputs[0].shape) != len(sizes):
        return
    shape, arg = problem.inputs[0].shape, problem.call.record.arg("in_channels")
    last = problem.kind == "size" and problem.argument == "in_channels" and shape[-1] == problem.written
    left_out = arg is not None and "in_channels" not in problem.call.args
    if last or (left_out and problem.code == "NS404" and shape[-1] in PICTURE_CHANNELS and len(shape) > 2):
        text = ", ".join(map(node_text, (sizes[-1], *sizes[:-1])))
        yield Fix(f"input: [{text}], channels first", (Edit(span_of(sizes), text),))
    if problem.argument == "in_channels" and problem.kind == "size" and len(shape) == 4 and shape[1] == problem.written:
        text = ", ".join(map(node_text, (sizes[1], sizes[0], *sizes[2:])))
        yield Fix(f"input: [{text}], channels before the frames", (Edit(span_of(sizes), text),))


def integers(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """The input of an embedding has to be of integers."""
    sizes = context.declared(problem.call)
    if problem.code == "NS408" and problem.call.record.name in EMBEDDINGS and sizes:
        declared = context.spec.inputs[-1 - problem.call.inputs[0].node]
        if declared.at.span.column < sizes[0].span.column:
            text = f"{{shape: {node_text(declared.at)}, dtype: int64}}"
            yield Fix("dtype: int64", (Edit(declared.at.span, text),))


def repeated(call: Call, context: FixContext) -> Call | None:
    """The layer before a call, if it is the same layer with the same arguments."""
    before = context.provenance.producer(call)
    same = before is not None and before.record is call.record and before.args == call.args
    return before if same else None


def too_often(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """An embedding of the output of an embedding: remove all but the first."""
    call, before = problem.call, context.provenance.producer(problem.call)
    if problem.code != "NS408" or before is None or before.record is not call.record:
        return
    again = [call]
    for later in context.later(call):
        if later.record is not call.record or later.inputs != (Ref(again[-1].id),):
            break
        again.append(later)
    what = f"this second {call.record.name}" if len(again) == 1 else f"the {len(again)} further {call.record.name}s"
    yield from optional_fix(f"without {what}", *(remove_item(each, context.spec.sources) for each in again))


def axis_of_one(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """A sample with an axis too few: insert one of size 1, behind the channels where there are any."""
    call = problem.call
    match = DIMENSIONED.match(call.record.name)
    if problem.code != "NS403" or match is None or not problem.inputs:
        return
    shape, written = problem.inputs[0].shape, call.args.get("in_channels", call.args.get("num_features"))
    if len(shape) != int(match[2]):
        return
    each_place = call.args.get("kernel_size") == 1  # of a vector with as many numbers as channels there is one place
    dims = (2,) if written == shape[0] and len(shape) > 1 else (2, 1) if written == shape[0] and each_place else (1,)
    for dim in dims:
        inserted = insert_for_all(problem, "axis", [f"unsqueeze: {{dim: {dim}}}"], context)
        title = f"unsqueeze {before_it(problem, context)}: {show((*shape[: dim - 1], 1, *shape[dim - 1 :]))}"
        if dim == 1 and "in_channels" in call.arg_nodes and written != 1 and inserted:  # it counts the places
            written_too = [each.arg_nodes.get("in_channels") for each in same_mistakes(problem, context)]
            counts = {node.span: Edit(node.span, "1") for node in written_too if node is not None}
            yield from optional_fix(f"{title}, and in_channels: 1", *inserted, *counts.values())
        yield from optional_fix(title, *inserted)


def unrolled(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """An image that arrives as one long vector: declare the input as the image, or unflatten the vector."""
    call = problem.call
    if problem.code != "NS403" or len(problem.inputs) != 1 or len(problem.inputs[0].shape) != 1:
        return
    readings = [sample.shape for other, sample in readings_of(call, problem.inputs[0]) if other.record is call.record]
    for shape in readings:
        if prod(shape) != problem.inputs[0].shape[0]:
            continue
        sizes = context.declared(call)
        if sizes:
            yield Fix(f"input: {yaml_text(shape)}", (Edit(span_of(sizes), ", ".join(map(str, shape))),))
        line = f"Unflatten: {{dim: 1, unflattened_size: {yaml_text(shape)}}}"
        inserted = insert_for_all(problem, "picture", [line], context)
        yield from optional_fix(f"Unflatten {before_it(problem, context)}: {show(shape)}", *inserted)


def squeezed(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """An axis too many, which a squeeze upstream did not remove because its size is not 1: take the mean over it."""
    if problem.code != "NS403" or not problem.inputs:
        return
    for before in context.provenance.back(context.provenance.producer(problem.call)):
        arriving, gives = context.provenance.shapes(before)
        if before.record.name == "squeeze" and arriving == gives and isinstance(before.args.get("dim"), int):
            title = f"mean over dim {before.args['dim']} in place of {layer_label(before)}"
            yield replace_value(before.item.at, "mean", title)
            return
        if before.record.parameters is not no_parameters:
            return


def channel_norm(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """A LayerNorm, which normalizes the last axes, on C×H×W: a GroupNorm of one group takes the channels first."""
    call = problem.call
    arriving = problem.inputs[0].shape if problem.inputs else ()
    node = call.item.argument_node
    if call.record.name == "LayerNorm" and len(arriving) == 3 and arriving[0] == problem.written and node is not None:
        yield Fix("GroupNorm: 1, over the channels", (Edit(call.item.at.span, "GroupNorm"), Edit(node.span, "1")))


RULES = (channel_norm, too_often, channels_first, sibling, unrolled, input_axes, axis_of_one, squeezed, integers)
