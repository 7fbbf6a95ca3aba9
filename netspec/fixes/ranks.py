"""Layers for another number of axes, or another kind of number, than what arrives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import prod

from netspec.core.diagnostics import Edit, Fix
from netspec.core.shapes import show
from netspec.expansion.graph import Call, Ref
from netspec.fixes.context import Context, span_of, text_of
from netspec.fixes.context import written as written_shape
from netspec.fixes.edits import insert_before, remove_item
from netspec.layers.record import no_parameters
from netspec.layers.table import TABLE
from netspec.shapes.apply import Problem
from netspec.shapes.provenance import layer_label
from netspec.shapes.recovery import DIMENSIONED as _DIMENSIONED
from netspec.shapes.recovery import readings_of

PICTURE_CHANNELS = (1, 3, 4)
EMBEDDINGS = ("Embedding", "EmbeddingBag")


def sibling(problem: Problem, context: Context) -> Iterator[Fix]:
    """The layer of the same family for as many axes as there are; all such layers of the spec, if one is not enough."""
    call = problem.call
    match = _DIMENSIONED.match(call.record.name)
    if problem.code != "NS403" or match is None or not problem.inputs:
        return
    axes = len(problem.inputs[0].shape) - 1
    for wanted in dict.fromkeys((axes, axes + 1)):
        name = f"{match[1]}{wanted or 1}d"
        if name in TABLE and name != call.record.name:
            yield Fix(name, (Edit(call.item.at.span, name),))
            yield Fix(f"{name}, and the others like it", _all_retyped(context, match[2], str(wanted or 1)))


def _all_retyped(context: Context, old: str, new: str) -> tuple[Edit, ...]:
    """Every layer for `old` axes written as its sibling for `new` ones."""
    edits: dict[object, Edit] = {}
    for call in context.graph.calls:
        match = _DIMENSIONED.match(call.record.name)
        if match is not None and match[2] == old and f"{match[1]}{new}d" in TABLE and call.item.kind == "layer":
            edits[call.item.at.span] = Edit(call.item.at.span, f"{match[1]}{new}d")
    return tuple(edits.values())


def input_axes(problem: Problem, context: Context) -> Iterator[Fix]:
    """An input with the batch written in, or without the channels: both are tried."""
    sizes = context.declared(problem.call)
    if problem.code != "NS403" or not sizes:
        return
    if len(sizes) > 1:
        after = sizes[1].span
        drop = replace(sizes[0].span, end_line=after.line, end_column=after.column)
        yield Fix("the input without its first size: the batch is not written", (Edit(drop, ""),))
    start = replace(sizes[0].span, end_line=sizes[0].span.line, end_column=sizes[0].span.column)
    yield Fix("the input with one channel in front", (Edit(start, "1, "),))


def channels_first(problem: Problem, context: Context) -> Iterator[Fix]:
    """An input written H×W×C, where the channels that a first layer expects stand last."""
    sizes = context.declared(problem.call)
    if len(sizes) < 2 or not problem.inputs or len(problem.inputs[0].shape) != len(sizes):
        return
    shape, arg = problem.inputs[0].shape, problem.call.record.arg("in_channels")
    last = problem.kind == "size" and problem.argument == "in_channels" and shape[-1] == problem.written
    left_out = arg is not None and "in_channels" not in problem.call.args
    if last or (left_out and problem.code == "NS404" and shape[-1] in PICTURE_CHANNELS and len(shape) > 2):
        text = ", ".join(map(text_of, (sizes[-1], *sizes[:-1])))
        yield Fix(f"input: [{text}], channels first", (Edit(span_of(sizes), text),))


def integers(problem: Problem, context: Context) -> Iterator[Fix]:
    """An input that is looked up in a table and so has to be of integers."""
    sizes = context.declared(problem.call)
    if problem.code == "NS408" and problem.call.record.name in EMBEDDINGS and sizes:
        declared = context.spec.inputs[-1 - problem.call.inputs[0].node]
        if declared.at.span.column < sizes[0].span.column:
            text = f"{{shape: {text_of(declared.at)}, dtype: int64}}"
            yield Fix("dtype: int64", (Edit(declared.at.span, text),))


def repeated(call: Call, context: Context) -> Call | None:
    """The layer before a call, if it is the same layer with the same arguments."""
    before = context.ways.producer(call)
    same = before is not None and before.record is call.record and before.args == call.args
    return before if same else None


def too_often(problem: Problem, context: Context) -> Iterator[Fix]:
    """An embedding of what an embedding gives: once is enough, however often it was repeated."""
    call, before = problem.call, context.ways.producer(problem.call)
    if problem.code != "NS408" or before is None or before.record is not call.record:
        return
    again = [call]
    for later in context.later(call):
        if later.record is not call.record or later.inputs != (Ref(again[-1].id),):
            break
        again.append(later)
    removed = [remove_item(each, context.spec.sources) for each in again]
    if all(removed):
        what = f"this second {call.record.name}" if len(again) == 1 else f"the {len(again)} further {call.record.name}s"
        yield Fix(f"without {what}", tuple(edit for edit in removed if edit is not None))


def axis_of_one(problem: Problem, context: Context) -> Iterator[Fix]:
    """A sample with an axis too few: one of size 1 is put in, behind the channels where those are there."""
    call = problem.call
    match = _DIMENSIONED.match(call.record.name)
    if problem.code != "NS403" or match is None or not problem.inputs:
        return
    shape, written = problem.inputs[0].shape, call.args.get("in_channels", call.args.get("num_features"))
    if len(shape) != int(match[2]):
        return
    dim = 2 if len(shape) > 1 and written == shape[0] else 1
    inserted = insert_before(call, f"unsqueeze: {{dim: {dim}}}", context.spec.sources)
    if inserted is not None:
        yield Fix(f"unsqueeze before it: {show((*shape[: dim - 1], 1, *shape[dim - 1 :]))}", (inserted,))


def unrolled(problem: Problem, context: Context) -> Iterator[Fix]:
    """A picture that arrives as one long vector: the input is declared as the picture, or the vector is folded."""
    call = problem.call
    if problem.code != "NS403" or len(problem.inputs) != 1 or len(problem.inputs[0].shape) != 1:
        return
    readings = [sample.shape for other, sample in readings_of(call, problem.inputs[0]) if other.record is call.record]
    for shape in readings:
        if prod(shape) != problem.inputs[0].shape[0]:
            continue
        sizes = context.declared(call)
        if sizes:
            yield Fix(f"input: {written_shape(shape)}", (Edit(span_of(sizes), ", ".join(map(str, shape))),))
        line = f"Unflatten: {{dim: 1, unflattened_size: {written_shape(shape)}}}"
        inserted = insert_before(call, line, context.spec.sources)
        if inserted is not None:
            yield Fix(f"Unflatten before it: {show(shape)}", (inserted,))


def squeezed(problem: Problem, context: Context) -> Iterator[Fix]:
    """An axis too many where a squeeze upstream met more than 1: the mean over that axis takes it away."""
    if problem.code != "NS403" or not problem.inputs:
        return
    for before in context.ways.back(context.ways.producer(problem.call)):
        arriving, gives = context.ways.shapes(before)
        if before.record.name == "squeeze" and arriving == gives and isinstance(before.args.get("dim"), int):
            axis = f"{before.args['dim']}"
            yield Fix(f"mean over dim {axis} in place of {layer_label(before)}", (Edit(before.item.at.span, "mean"),))
            return
        if before.record.parameters is not no_parameters:
            return


def channel_norm(problem: Problem, context: Context) -> Iterator[Fix]:
    """A LayerNorm, which works on the last axes, on C×H×W: a GroupNorm of one group takes the channels first."""
    call = problem.call
    arriving = problem.inputs[0].shape if problem.inputs else ()
    node = call.item.argument_node
    if call.record.name == "LayerNorm" and len(arriving) == 3 and arriving[0] == problem.written and node is not None:
        yield Fix("GroupNorm: 1, over the channels", (Edit(call.item.at.span, "GroupNorm"), Edit(node.span, "1")))


RULES = (channel_norm, too_often, channels_first, sibling, unrolled, input_axes, axis_of_one, squeezed, integers)
