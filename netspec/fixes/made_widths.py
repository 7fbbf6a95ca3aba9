"""Problem → fixes of a width that an Embedding or a recurrent layer makes: by its name, or there."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.core.diagnostics import Fix
from netspec.core.tree import Scalar
from netspec.expansion.graph import Call
from netspec.fixes.attention import width_maker
from netspec.fixes.consequences import changed
from netspec.fixes.context import FixContext
from netspec.fixes.recurrent import RECURRENT
from netspec.fixes.values import replace_value
from netspec.shapes.apply import Problem, with_defaults
from netspec.shapes.provenance import layer_label


def _maker(call: Call, context: FixContext) -> tuple[Call, str, int] | None:
    """The layer whose argument decides the width that reaches a call, the argument, and how often it counts."""
    if not call.inputs:
        return None
    value = call.inputs[0]
    for before in context.provenance.back(context.provenance.maker(value)):
        if before.record.name in RECURRENT:
            args = with_defaults(before.record, before.args)
            name = "proj_size" if args.get("proj_size") else "hidden_size"
            return before, name, 2 if args["bidirectional"] and not value.output else 1
        if before.record.name == "Embedding":
            return before, "embedding_dim", 1
        arriving, gives = context.provenance.shapes(before)
        if not before.inputs or "out_features" in before.args or arriving != gives:
            return None
        value = before.inputs[0]
    return None


def by_name(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """The arriving width in the words of the layer that makes it: `2*hidden` of both directions."""
    call, argument = problem.call, str(problem.argument)
    made = _maker(call, context) if problem.kind == "size" and argument in call.arg_nodes else None
    if made is None or made[0].frames != call.frames:
        return
    maker, name, times = made
    node = maker.arg_nodes.get(name)
    word = node.text if isinstance(node, Scalar) else ""
    value = maker.args.get(name)
    if word.isidentifier() and isinstance(value, int) and times * value == problem.actual:
        text = word if times == 1 else f"{times}*{word}"
        yield replace_value(call.arg_nodes[argument], text, f"{argument}: {text}")


def at_the_maker(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """The width changed where it is made; of both directions one, if that is what the written width is."""
    made = _maker(problem.call, context) if problem.kind == "size" and isinstance(problem.written, int) else None
    if made is None:
        return
    maker, name, times = made
    if times == 2 and problem.written == maker.args.get(name):
        title = f"bidirectional: false in {layer_label(maker)}"
        yield from changed(maker, {"bidirectional": False}, context, title)
    if problem.written % times == 0 and problem.written:
        size = problem.written // times
        yield from changed(maker, {name: size}, context, f"{name}: {size} in {layer_label(maker)}")


def added(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """Sequences of different width that are added: the Embedding as wide as the other."""
    shapes = [tensor.shape for tensor in problem.inputs]
    if problem.code != "NS405" or problem.call.record.name != "add" or len(shapes) != 2 or problem.call.own != 2:
        return
    if {len(shape) for shape in shapes} != {2} or (shapes[0][0] not in (1, shapes[1][0]) and shapes[1][0] != 1):
        return
    for index, other in ((0, 1), (1, 0)):
        maker = width_maker(problem.call, index, context)
        if maker is not None and maker.record.name == "Embedding":
            width = shapes[other][1]
            title = f"embedding_dim: {width} in {layer_label(maker)}"
            yield from changed(maker, {"embedding_dim": width}, context, title)


FIRST_RULES = (by_name,)
RULES = (added, at_the_maker)
