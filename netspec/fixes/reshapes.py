"""Problem → fixes of a reshape to another number of values, or one that writes the batch as torch's `view` does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isqrt, prod

from netspec.core.diagnostics import Edit, Fix
from netspec.core.shapes import Shape
from netspec.core.tree import Sequence
from netspec.expansion.graph import Call
from netspec.fixes.consequences import parameter
from netspec.fixes.context import FixContext, outputs_with
from netspec.fixes.edits import set_argument
from netspec.fixes.followers import with_argument, with_followers
from netspec.fixes.values import node_text, set_value
from netspec.fixes.views import drop_batch, without_batch
from netspec.layers.record import no_parameters
from netspec.shapes.apply import Problem
from netspec.shapes.provenance import layer_label

_QUOTIENT = re.compile(r"(\w+) *// *([A-Za-z_]\w*)")
MOST_DIVISORS = 2


def batch_upstream(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """A layer that gets an axis too many from a reshape that writes the batch."""
    if problem.code not in ("NS401", "NS403", "NS405"):
        return
    for call in context.provenance.back(context.provenance.producer(problem.call)):
        arriving = context.provenance.shapes(call)[0]
        sizes = None if arriving is None else without_batch(call, arriving)
        fix = None if sizes is None else drop_batch(call, sizes)
        if fix is not None:
            yield with_followers(fix, with_argument(context.graph, call, shape=sizes), context, call.id)
        if call.record.name == "reshape" or (problem.code == "NS403" and call.record.parameters is not no_parameters):
            return


def counts(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """Sizes that hold another number of values: the one free size, with the sizes behind it that follow from it."""
    call, name = problem.call, problem.argument or ""
    node, sizes = call.arg_nodes.get(name), call.args.get(name)
    if call.record.name not in ("reshape", "Unflatten", "unflatten") or node is None or not isinstance(sizes, tuple):
        return
    if not problem.inputs or problem.code != "NS404":
        return
    arriving = problem.inputs[0].shape
    if call.record.name == "reshape":
        total = prod(arriving)
    else:
        axis = call.args.get("dim", 1) - 1
        total = arriving[axis] if 0 <= axis < len(arriving) else 0
    for candidate in dict.fromkeys(_candidates(sizes, arriving, total)):
        if outputs_with(call, problem.inputs, **{name: candidate}) is not None:
            flat = len(candidate) == 1 and len(arriving) > 1
            text = "*".join(map(str, arriving)) if flat else ", ".join(map(str, candidate))
            fix = Fix(f"{name}: [{text}]", (Edit(node.span, f"[{text}]"),))
            yield with_followers(fix, with_argument(context.graph, call, **{name: candidate}), context, call.id)
    yield from _enough(call, total, prod(sizes), context)


def heads(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """A width that is cut into `dim//heads` parts and no multiple of them: the nearest numbers that divide it."""
    call, node = problem.call, problem.call.arg_nodes.get("shape")
    if call.record.name != "reshape" or problem.code != "NS404" or not isinstance(node, Sequence):
        return
    for item in node.items:
        match = _QUOTIENT.fullmatch(node_text(item))
        number = None if match is None else parameter(call, match[2], context)
        width = None if match is None else _value(match[1], call, context)
        count = getattr(number, "value", None)
        if (
            match is None
            or number is None
            or not isinstance(count, int)
            or count < 1
            or not width
            or width % count == 0
        ):
            continue
        divisors = [size for size in range(1, min(width, 4 * count) + 1) if width % size == 0]
        for size in sorted(divisors, key=lambda size: (abs(size - count), -size))[:MOST_DIVISORS]:
            yield set_value(number, match[2], size)
        return


def _value(word: str, call: Call, context: FixContext) -> int | None:
    """The number of a word in an expression: itself, or a parameter's."""
    if word.isdecimal():
        return int(word)
    value = getattr(parameter(call, word, context), "value", None)
    return value if isinstance(value, int) else None


def _candidates(sizes: Shape, arriving: Shape, total: int) -> Iterator[Shape]:
    """Sizes that hold `total` values, the likeliest first."""
    if -1 in sizes:
        if sizes[0] == -1 and len(sizes) == 2:  # x.view(-1, n), with another n
            yield (total,)
        elif sizes[0] == -1 and len(sizes) > 2:
            yield from _candidates(sizes[1:], arriving, total)
        return
    if len(sizes) == 1:
        yield (total,)
        return
    side = isqrt(total // sizes[0]) if len(sizes) == 3 and sizes[1] == sizes[2] and sizes[0] else 0
    if side and sizes[0] * side * side == total:
        yield (sizes[0], side, side)
    for free in range(len(sizes)):
        others = prod(sizes[:free] + sizes[free + 1 :])
        if others and total % others == 0 and total:
            yield (*sizes[:free], total // others, *sizes[free + 1 :])


def _enough(call: Call, total: int, wanted: int, context: FixContext) -> Iterator[Fix]:
    """The Linear before the reshape, with as many features as the reshape holds."""
    producer = context.provenance.width_source(call)
    if producer is None or wanted < 1 or producer.args.get("out_features") != total:
        return
    edit = set_argument(producer, "out_features", str(wanted))
    if edit is not None:
        fix = Fix(f"out_features: {wanted} in {layer_label(producer)} of line {producer.item.at.span.line}", (edit,))
        yield with_followers(fix, with_argument(context.graph, producer, out_features=wanted), context, producer.id)


RULES = (batch_upstream, heads, counts)
