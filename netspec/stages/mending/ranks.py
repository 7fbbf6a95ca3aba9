"""Layers for another number of axes, or another kind of number, than what arrives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from netspec.ground.diagnostics import Edit, Fix
from netspec.layers.table import TABLE
from netspec.stages.apply import Problem
from netspec.stages.mending.context import Context, text_of, whole
from netspec.stages.mending.edits import remove_item
from netspec.stages.spec import Call

_DIMENSIONED = re.compile(r"(.*)([123])d\Z")
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
    if problem.kind != "size" or problem.argument != "in_channels" or len(sizes) < 2:
        return
    if problem.inputs[0].shape[-1] == problem.written:
        text = ", ".join(map(text_of, (sizes[-1], *sizes[:-1])))
        yield Fix(f"input: [{text}], channels first", (Edit(whole(sizes), text),))


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
    """An embedding of what an embedding gives: once is enough."""
    before = context.ways.producer(problem.call)
    if problem.code == "NS408" and before is not None and before.record is problem.call.record:
        removed = remove_item(problem.call, context.spec.sources)
        if removed is not None:
            yield Fix(f"without this second {problem.call.record.name}", (removed,))


def channel_norm(problem: Problem, context: Context) -> Iterator[Fix]:
    """A LayerNorm, which works on the last axes, on C×H×W: a GroupNorm of one group takes the channels first."""
    call = problem.call
    arriving = problem.inputs[0].shape if problem.inputs else ()
    node = call.item.argument_node
    if call.record.name == "LayerNorm" and len(arriving) == 3 and arriving[0] == problem.written and node is not None:
        yield Fix("GroupNorm: 1, over the channels", (Edit(call.item.at.span, "GroupNorm"), Edit(node.span, "1")))


RULES = (channel_norm, too_often, channels_first, sibling, input_axes, integers)
