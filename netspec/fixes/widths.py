"""Written sizes that differ from what arrives: a missing Flatten, the argument, its parameter, or the layer before."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from math import isqrt, prod

from netspec.core.diagnostics import Edit, Fix
from netspec.core.tree import Node, Scalar
from netspec.expansion.graph import Call
from netspec.fixes.context import Context, edit, written
from netspec.fixes.edits import insert_after, insert_before, remove_item, set_argument
from netspec.fixes.ranks import repeated
from netspec.layers.record import no_parameters
from netspec.shapes.apply import Problem
from netspec.shapes.provenance import layer_label

MOST_LINKED = 500  # places that one fix changes


def flatten(problem: Problem, context: Context) -> Iterator[Fix]:
    """A Linear on a picture: a Flatten before it, and where that is not enough, the right size too."""
    call = problem.call
    if problem.kind != "size" or call.record.name != "Linear":
        return
    arriving = problem.inputs[0].shape
    started = _late_flatten(call, context)
    if started is not None:
        yield started
    if len(arriving) < 2:
        return
    inserted = insert_before(call, "Flatten", context.spec.sources)
    if inserted is None:
        return
    product = "·".join(map(str, arriving))
    if prod(arriving) == problem.written:
        yield Fix(f"Flatten before it: {problem.written} = {product}", (inserted,))
    elif len(arriving) == 3 and "in_features" in call.arg_nodes:
        size = Edit(call.arg_nodes["in_features"].span, "*".join(map(str, arriving)))
        yield Fix(f"Flatten before it, and in_features: {size.text}", (inserted, size))


def _late_flatten(call: Call, context: Context) -> Fix | None:
    """The fix of a flattening upstream that leaves out the first axes."""
    for before in context.ways.back(context.ways.producer(call)):
        for name, usual in (("start_dim", 1), ("end_dim", -1)):
            if before.record.name in ("Flatten", "flatten") and before.args.get(name, usual) != usual:
                return edit(before.arg_nodes[name], str(usual), f"{name}: {usual} in {layer_label(before)}")
        if before.record.parameters is not no_parameters:
            return None
    return None


def swapped_axes(problem: Problem, context: Context) -> Iterator[Fix]:
    """A sequence whose length and features are in the other order: a transpose before the layer."""
    call, shape = problem.call, problem.inputs[0].shape if problem.inputs else ()
    swap = "transpose: {dim0: 1, dim1: 2}"
    channels = problem.argument in ("in_channels", "num_features", "num_channels")
    if problem.kind != "size" or len(shape) != 2 or shape[channels] != problem.written:
        return
    inserted, back = (insert(call, swap, context.spec.sources) for insert in (insert_before, insert_after))
    if inserted is not None and back is not None and problem.argument in ("num_features", "num_channels"):
        yield Fix(f"transpose before and after it: {shape[1]}×{shape[0]}", (inserted, back))
    elif inserted is not None:
        yield Fix(f"transpose before it: {shape[1]}×{shape[0]}", (inserted,))


def _roundness(value: object) -> int:
    """The largest power of two in a number: people choose 96 and 128, not 966."""
    return value & -value if isinstance(value, int) and value > 0 else 0


def size(problem: Problem, context: Context) -> Iterator[Fix]:
    """The argument itself, the parameter it is, and the layer that decides what arrives; the likeliest first."""
    call, argument = problem.call, str(problem.argument)
    if problem.kind != "size":
        return
    arriving = problem.inputs[0].shape
    if call.record.name == "Linear" and len(arriving) > 1 and prod(arriving) == problem.written:
        return  # the Flatten is missing: the last axis alone would be another network
    factors = context.ways.factors(context.ways.producer(call))
    text = "*".join(map(str, factors)) if factors else written(problem.actual)
    own: list[Fix] = []
    if argument in call.arg_nodes:
        node = call.arg_nodes[argument]
        parameter = _block_argument(call, node, str(problem.actual), context)
        own += [parameter] if parameter else []
        own += _in_own_terms(problem, context, factors)
        own.append(Fix(f"{argument}: {text}", (Edit(node.span, text),)))
        linked = _linked(problem, context, text)
        own += [linked] if linked else []
    upstream: list[Fix] = []
    producer = context.ways.width_source(call)
    if producer is not None and isinstance(problem.written, int) and not factors:
        name = "out_channels" if "out_channels" in producer.args else "out_features"
        change = set_argument(producer, name, str(problem.written))
        where = f"{layer_label(producer)} of line {producer.item.at.span.line}"
        upstream += [Fix(f"{name}: {problem.written} in {where}", (change,))] if change else []
    upstream += _other_colours(problem, context)
    if repeated(call, context) is not None:
        removed = remove_item(call, context.spec.sources)
        if removed is not None:
            yield Fix(f"without this second {layer_label(call)}", (removed,))
    rounder = _roundness(problem.written) >= 8 * _roundness(problem.actual)
    yield from (*upstream, *own) if rounder else (*own, *upstream)


def _in_own_terms(problem: Problem, context: Context, factors: tuple[int, ...] | None) -> list[Fix]:
    """The size with the name that the spec has for it: of its own first factor, or of the width that arrives."""
    node, argument = problem.call.arg_nodes[str(problem.argument)], str(problem.argument)
    producer = context.ways.width_source(problem.call)
    if factors:
        name, star, _ = getattr(node, "text", "").partition("*")
        text = "*".join((name.strip(), *map(str, factors[1:]))) if star else ""
    else:
        places = {} if producer is None or producer.frames != problem.call.frames else producer.arg_nodes
        name = text = getattr(places.get("out_channels") or places.get("out_features"), "text", "")
    return [Fix(f"{argument}: {text}", (Edit(node.span, text),))] if text and name.strip().isidentifier() else []


def _other_colours(problem: Problem, context: Context) -> list[Fix]:
    """Grey pictures for a network of coloured ones, or the other way round: the input may be what is wrong."""
    sizes = context.declared(problem.call)
    colours = problem.argument == "in_channels" and {problem.written, problem.actual} == {1, 3}
    if not colours or len(sizes) != 3:
        return []
    title = "an input of one channel" if problem.written == 1 else f"an input of {problem.written} channels"
    return [edit(sizes[0], str(problem.written), title)]


def _block_argument(call: Call, node: object, text: str, context: Context) -> Fix | None:
    """Where the size is a parameter of the block around it: the fix at the block's use."""
    if not isinstance(node, Scalar) or not isinstance(node.value, str) or not call.frames:
        return None
    use = next((item for item in context.spec.every_item() if item.at.span == call.frames[0].span), None)
    given = {key.text: value for key, value in use.args} if use is not None and use.kind == "block" else {}
    place = given.get(node.value)
    return None if place is None else edit(place, text, f"{node.value}: {text} where the block is used")


def _linked(problem: Problem, context: Context, text: str) -> Fix | None:
    """One width that several layers write: all of those that follow with the same text."""
    argument = str(problem.argument)
    node = problem.call.arg_nodes[argument]
    same = context.written_sizes.get(node.text, []) if isinstance(node, Scalar) else []
    start = bisect_right(same, problem.call.id, key=lambda each: each[0])
    if not 0 < len(same) - start <= MOST_LINKED:
        return None
    spans = dict.fromkeys([node.span, *(span for _, span in same[start:])])
    edits = tuple(Edit(span, text) for span in spans)
    return Fix(f"{argument}: {text}, and where it is written again", edits) if len(edits) > 1 else None


def reshape(problem: Problem, context: Context) -> Iterator[Fix]:
    """A reshape to another number of values: the right sizes, and the in_features that follows from them."""
    call, name = problem.call, problem.argument
    node = call.arg_nodes.get(name or "")
    sizes = call.args.get(name or "")
    if call.record.name not in ("reshape", "Unflatten") or node is None or not isinstance(sizes, tuple) or -1 in sizes:
        return
    arriving = problem.inputs[0].shape
    if call.record.name == "reshape" and len(sizes) == 1:
        text = "*".join(map(str, arriving))
        edits = [Edit(node.span, f"[{text}]")]
        for later in context.later(call):
            if later.args.get("in_features") == sizes[0] and "in_features" in later.arg_nodes:
                edits.append(Edit(later.arg_nodes["in_features"].span, text))
                break
        yield Fix(f"{name}: [{text}]", tuple(edits))
    elif len(sizes) > 1:
        axis = call.args.get("dim", 1) - 1 if call.record.name == "Unflatten" else None
        total = prod(arriving) if axis is None else arriving[axis] if 0 <= axis < len(arriving) else 0
        yield from _square(node, name, sizes, total)
        first, rest = divmod(total, prod(sizes[1:]) or 1)
        if not rest and first:
            text = written((first, *sizes[1:]))
            yield edit(node, text, f"{name}: {text}")


def _square(node: Node, name: str | None, sizes: tuple[int, ...], total: int) -> Iterator[Fix]:
    """Channels that stay as they are, and square pictures of the size that comes."""
    side = isqrt(total // sizes[0]) if len(sizes) == 3 and sizes[1] == sizes[2] and sizes[0] else 0
    if side and sizes[0] * side * side == total:
        text = written((sizes[0], side, side))
        yield edit(node, text, f"{name}: {text}")


RULES = (flatten, swapped_axes, reshape, size)
