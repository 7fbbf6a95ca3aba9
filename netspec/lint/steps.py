"""An answer for each step or place, where a target is one: the last step or the mean over all, as fixes."""

from __future__ import annotations

from dataclasses import replace

from netspec.core.diagnostics import Edit, Fix
from netspec.core.shapes import Tensor
from netspec.expansion.graph import Call
from netspec.fixes.edits import optional_fix
from netspec.lint.class_axis import KEEPS, classes_last
from netspec.lint.context import Head, LintContext
from netspec.lint.endings import at_the_end, last_linear

_RECURRENT = frozenset({"LSTM", "GRU", "RNN"})
_LAST, _MEAN = "select: {dim: 1, index: -1}", "mean: {dim: 1}"


def one_answer(context: LintContext, head: Head, count: int | None) -> tuple[Fix, ...]:
    """The fixes of an output for each step, or of a Flatten of them, where a target is of one.

    Args:
        context: the network.
        head: the output.
        count: of the numbers that are wanted; None for as many as there are.
    """
    flat = _flatten(context, head)
    steps = head if flat is None else _before(context, head, flat)
    shape = steps.tensor.shape if steps is not None else ()
    if steps is None or len(shape) != 2 or not classes_last(context, steps):
        return ()
    linear = last_linear(context, head)
    resized: tuple[Edit, ...] = ()
    if count not in (None, shape[-1]):
        if linear is None or linear[1].args.get("out_features") != shape[-1]:
            return ()
        resized = (Edit(linear[0].span, str(count)),)
    recurrent = context.producer(steps.ref, KEEPS | {"Linear"})
    one_way = recurrent is not None and recurrent.record.name in _RECURRENT
    one_way = one_way and recurrent is not None and not context.known(recurrent).args.get("bidirectional")
    more = f", and out_features: {count}" if resized else ""
    fixes: tuple[Fix, ...] = ()
    for layer, what in ((_LAST, "the last step"), (_MEAN, "the mean over the steps")):
        if layer == _MEAN or one_way:  # the last step of the other direction has seen one step
            edits = at_the_end(context, head, layer) if flat is None else _in_place_of(flat, layer)
            where = " at the end" if flat is None else f" in place of {flat.record.name}"
            fixes = (*fixes, *optional_fix(f"{what}{where}{more}", *edits, *resized))
    return fixes


def _flatten(context: LintContext, head: Head) -> Call | None:
    """The Flatten that gives an output."""
    last = context.graph.calls[head.ref.node] if head.ref.node >= 0 else None
    return last if last is not None and last.record.name in ("Flatten", "flatten") else None


def _before(context: LintContext, head: Head, call: Call) -> Head | None:
    """What a call takes, as an output."""
    shape = context.arriving(call)
    return None if shape is None else replace(head, ref=call.inputs[0], tensor=Tensor(shape, head.tensor.dtype))


def _in_place_of(call: Call, layer: str) -> tuple[Edit | None, ...]:
    """The edits that write another function for the item of a call, which keeps its name."""
    name, _, arguments = layer.partition(": ")
    written = call.item.argument_node
    if call.item.kind != "layer":
        return (None,)
    if written is None:
        return (Edit(call.item.at.span, layer),)
    return Edit(call.item.at.span, name), Edit(written.span, arguments)


def one_class_a_sample(context: LintContext, head: Head) -> tuple[Fix, ...]:
    """The fixes of an output for each step or place, where a target is one class.

    Args:
        context: the network.
        head: the output, of two axes or more.
    """
    output, count = head.tensor.shape, head.samples.classes if head.samples is not None else None
    if len(output) == 2:
        return one_answer(context, head, count)
    last = context.producer(head.ref, KEEPS)
    if last is not None and last.record.name == "Conv2d" and count == output[0] and len(output) == 3:
        return optional_fix("the mean over the places at the end", *at_the_end(context, head, "mean: {dim: [2, 3]}"))
    return ()
