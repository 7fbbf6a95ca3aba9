"""Problem → fixes of channels that a shuffle divides, and of a norm's sizes that are written as a list."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.core.diagnostics import Edit, Fix
from netspec.fixes.context import FixContext
from netspec.fixes.edits import optional_fix, set_argument
from netspec.fixes.followers import with_argument, with_followers
from netspec.fixes.values import set_value
from netspec.shapes.apply import Problem
from netspec.shapes.provenance import layer_label


def shuffled(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """For channels that a shuffle cannot divide: as many times more, else the nearest number that it can divide."""
    call = problem.call
    if problem.argument not in ("upscale_factor", "groups") or not problem.inputs or problem.code != "NS404":
        return
    producer, factor = context.provenance.width_source(call), call.args.get(problem.argument)
    if producer is None or not isinstance(factor, int):
        return
    count, step = problem.inputs[0].shape[0], factor**2 if problem.argument == "upscale_factor" else factor
    up, down = -(-count // step) * step, count // step * step
    wanted = sorted({up, down} - {0}, key=lambda multiple: (abs(multiple - count), -multiple))
    if count < step and problem.argument == "upscale_factor":
        wanted.insert(0, count * step)  # the channels that come out were written
    for width in wanted:
        yield from _widened(problem, context, width)


def before_shuffle(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """A layer behind a PixelShuffle that expects the channels from before it: r² times as many channels before it."""
    if problem.kind != "size" or not isinstance(problem.written, int) or problem.argument != "in_channels":
        return
    for call in context.provenance.back(context.provenance.producer(problem.call)):
        arriving, factor = context.provenance.shapes(call)[0], call.args.get("upscale_factor")
        if call.record.name == "PixelShuffle" and arriving is not None and isinstance(factor, int):
            if arriving[0] == problem.written:
                yield from _widened(problem, context, problem.written * factor**2)
            return
        if "out_channels" in call.args or len(call.inputs) != 1:
            return


def _widened(problem: Problem, context: FixContext, width: int) -> Iterator[Fix]:
    """The fix of the layer upstream that decides the width, and of the sizes behind it."""
    producer = context.provenance.width_source(problem.call)
    if producer is None or "out_channels" not in producer.args:
        return
    title = f"out_channels: {width} in {layer_label(producer)}"
    for fix in optional_fix(title, set_argument(producer, "out_channels", str(width))):
        changed = with_argument(context.graph, producer, out_channels=width)
        yield with_followers(fix, changed, context, producer.id)


def normalized(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """A norm over the last axes whose sizes, a list, are not theirs."""
    call, name = problem.call, "normalized_shape"
    sizes, node = call.args.get(name), call.arg_nodes.get(name)
    arriving = problem.inputs[0].shape if problem.inputs else ()
    if problem.argument != name or not isinstance(sizes, tuple) or not sizes or node is None or problem.kind != "fact":
        return
    if call.record.name == "LayerNorm" and len(arriving) == 3 and sizes == arriving[:1]:
        argument = call.item.argument_node
        if argument is not None:
            edits = (Edit(call.item.at.span, "GroupNorm"), Edit(argument.span, "1"))
            yield Fix("GroupNorm: 1, over the channels", edits)
    last = arriving[-len(sizes) :]
    if last:
        yield set_value(node, name, last)


RULES = (shuffled, before_shuffle, normalized)
