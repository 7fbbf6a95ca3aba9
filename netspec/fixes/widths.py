"""Problem → fixes of a written size that differs from the arriving one: of either size, or a missing Flatten."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from math import prod

from netspec.core.diagnostics import Edit, Fix
from netspec.core.tree import Scalar
from netspec.expansion.graph import Call
from netspec.fixes.context import FixContext
from netspec.fixes.edits import insert_after, optional_fix, remove_item, set_argument
from netspec.fixes.ranks import repeated
from netspec.fixes.values import replace_value, set_value, yaml_text
from netspec.fixes.wiring import before_it, insert_for_all, same_mistakes
from netspec.layers.record import no_parameters
from netspec.shapes.apply import Problem
from netspec.shapes.provenance import layer_label

_MULTIPLE = re.compile(r"([A-Za-z_]\w*)(?: *\* *(\d+))?")
_TURNING = frozenset({"transpose", "permute", "swapaxes", "movedim"})
MOST_LINKED = 500  # spans that one fix changes


def flatten(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """A Linear on several axes: a Flatten before it, and where that is not enough, the right size too."""
    call = problem.call
    if problem.kind != "size" or call.record.name != "Linear":
        return
    arriving = problem.inputs[0].shape
    yield from _late_flatten(call, context)
    if len(arriving) < 2:
        return
    inserted, where = insert_for_all(problem, "flat", ["Flatten"], context), before_it(problem, context)
    if not inserted:
        return
    product = "·".join(map(str, arriving))
    if prod(arriving) == problem.written:
        yield Fix(f"Flatten {where}: {problem.written} = {product}", inserted)
    elif len(arriving) == 3 and "in_features" in call.arg_nodes:
        text = "*".join(map(str, arriving))
        nodes = [each.arg_nodes["in_features"] for each in same_mistakes(problem, context)]
        sizes = {node.span: Edit(node.span, text) for node in nodes}
        yield Fix(f"Flatten {where}, and in_features: {text}", (*inserted, *sizes.values()))


def _late_flatten(call: Call, context: FixContext) -> Iterator[Fix]:
    """The fix of a Flatten upstream that leaves out some axes."""
    for before in context.provenance.back(context.provenance.producer(call)):
        for name, usual in (("start_dim", 1), ("end_dim", -1)):
            if before.record.name in ("Flatten", "flatten") and before.args.get(name, usual) != usual:
                title = f"{name}: {usual} in {layer_label(before)}"
                yield replace_value(before.arg_nodes[name], str(usual), title)
                return
        if before.record.parameters is not no_parameters:
            return


def swapped_axes(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """A sequence whose length and features are swapped: a transpose before the layer."""
    call, shape = problem.call, problem.inputs[0].shape if problem.inputs else ()
    swap = "transpose: {dim0: 1, dim1: 2}"
    channels = problem.argument in ("in_channels", "num_features", "num_channels")
    if problem.kind != "size" or len(shape) != 2 or shape[channels] != problem.written:
        return
    yield from _turned_upstream(call, context)
    before, after = insert_for_all(problem, "turned", [swap], context), insert_after(call, swap, context.spec.sources)
    where = before_it(problem, context)
    if after is not None and where == "before it" and problem.argument in ("num_features", "num_channels"):
        yield from optional_fix(f"transpose before and after it: {shape[1]}×{shape[0]}", *(before or (None,)), after)
    else:
        yield from optional_fix(f"transpose {where}: {shape[1]}×{shape[0]}", *before)


def _turned_upstream(call: Call, context: FixContext) -> Iterator[Fix]:
    """The fix of a transpose upstream, which a second one would only undo: without it."""
    for before in context.provenance.back(context.provenance.producer(call)):
        arriving, gives = context.provenance.shapes(before)
        if before.record.name in _TURNING and arriving is not None and gives == arriving[::-1]:
            removed = remove_item(before, context.spec.sources)
            yield from optional_fix(f"without {layer_label(before)} of line {before.item.at.span.line}", removed)
        if len(before.inputs) != 1 or before.record.parameters is not no_parameters or arriving != gives:
            return


def _roundness(value: object) -> int:
    """The largest power of two in a number: people choose 96 and 128, not 966."""
    return value & -value if isinstance(value, int) and value > 0 else 0


def size(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """The argument itself, its parameter, and the layer that decides the arriving size; the likeliest first."""
    call, argument = problem.call, str(problem.argument)
    if problem.kind != "size":
        return
    arriving = problem.inputs[0].shape
    if call.record.name == "Linear" and len(arriving) > 1 and prod(arriving) == problem.written:
        return  # the Flatten is missing: the last axis alone would be another network
    factors = context.provenance.factors(context.provenance.producer(call))
    text = "*".join(map(str, factors)) if factors else yaml_text(problem.actual)
    own: list[Fix] = []
    if argument in call.arg_nodes:
        node = call.arg_nodes[argument]
        own += _block_argument(call, node, problem.actual, context)
        own += _by_name(problem, context, factors)
        own.append(replace_value(node, text, f"{argument}: {text}"))
        own += _linked(problem, context, text)
        changed = _parameter(call, node, problem.actual, context)
        own = [*changed, *own] if changed and _only_use(node, context) else [*own, *changed]
    upstream: list[Fix] = []
    producer = context.provenance.width_source(call)
    if producer is not None and isinstance(problem.written, int) and not factors:
        name = "out_channels" if "out_channels" in producer.args else "out_features"
        where = f"{layer_label(producer)} of line {producer.item.at.span.line}"
        change = set_argument(producer, name, str(problem.written))
        upstream += optional_fix(f"{name}: {problem.written} in {where}", change)
    upstream += _color_channels(problem, context)
    if repeated(call, context) is not None:
        removed = remove_item(call, context.spec.sources)
        yield from optional_fix(f"without this second {layer_label(call)}", removed)
    rounder = _roundness(problem.written) >= 8 * _roundness(problem.actual)
    yield from (*upstream, *own) if rounder else (*own, *upstream)


def _by_name(problem: Problem, context: FixContext, factors: tuple[int, ...] | None) -> list[Fix]:
    """The size written with the parameter that already names its first factor, or the arriving width."""
    node, argument = problem.call.arg_nodes[str(problem.argument)], str(problem.argument)
    producer = context.provenance.width_source(problem.call)
    if factors:
        name, star, _ = getattr(node, "text", "").partition("*")
        text = "*".join((name.strip(), *map(str, factors[1:]))) if star else ""
    else:
        places = {} if producer is None or producer.frames != problem.call.frames else producer.arg_nodes
        name = text = getattr(places.get("out_channels") or places.get("out_features"), "text", "")
    return [replace_value(node, text, f"{argument}: {text}")] if text and name.strip().isidentifier() else []


def _color_channels(problem: Problem, context: FixContext) -> list[Fix]:
    """Grayscale images for a network of color images, or the other way round: another input."""
    sizes = context.declared(problem.call)
    swapped = problem.argument == "in_channels" and {problem.written, problem.actual} == {1, 3}
    if not swapped or len(sizes) != 3:
        return []
    title = "an input of one channel" if problem.written == 1 else f"an input of {problem.written} channels"
    return [replace_value(sizes[0], str(problem.written), title)]


def _block_argument(call: Call, node: object, size: object, context: FixContext) -> list[Fix]:
    """Where the size is a parameter of the block around it, or a multiple of one: the fix where the block is used."""
    match = _MULTIPLE.fullmatch(node.text) if isinstance(node, Scalar) and call.frames else None
    factor = int(match[2] or 1) if match is not None else 0
    if match is None or not isinstance(size, int) or not factor or size % factor:
        return []
    use = next((item for item in context.spec.every_item() if item.at.span == call.frames[0].span), None)
    given = {key.text: value for key, value in use.args} if use is not None and use.kind == "block" else {}
    argument, text = given.get(match[1]), str(size // factor)
    return [] if argument is None else [replace_value(argument, text, f"{match[1]}: {text} where the block is used")]


def _parameter(call: Call, node: object, size: object, context: FixContext) -> list[Fix]:
    """Where the size is a parameter of the spec, or a multiple of one: the fix of the parameter."""
    match = _MULTIPLE.fullmatch(node.text) if isinstance(node, Scalar) and not call.frames else None
    factor = int(match[2] or 1) if match is not None else 0
    declared = context.spec.params.get(match[1]) if match is not None else None
    if match is None or declared is None or not isinstance(size, int) or not factor or size % factor:
        return []
    return [set_value(declared, match[1], size // factor)]


def _only_use(node: object, context: FixContext) -> bool:
    """Whether a parameter that a node names is written nowhere else among the layers' arguments."""
    match = _MULTIPLE.fullmatch(node.text) if isinstance(node, Scalar) else None
    word = re.compile(rf"\b{match[1]}\b") if match is not None else None
    spans = {
        other.span
        for call in context.graph.calls
        for other in call.arg_nodes.values()
        if isinstance(other, Scalar) and word is not None and word.search(other.text)
    }
    return len(spans) == 1


def _linked(problem: Problem, context: FixContext, text: str) -> list[Fix]:
    """A size that several layers write: all of the later ones with the same text are changed too."""
    argument = str(problem.argument)
    node = problem.call.arg_nodes[argument]
    same = context.written_sizes.get(node.text, []) if isinstance(node, Scalar) else []
    start = bisect_right(same, problem.call.id, key=lambda each: each[0])
    if not 0 < len(same) - start <= MOST_LINKED:
        return []
    spans = dict.fromkeys([node.span, *(span for _, span in same[start:])])
    edits = tuple(Edit(span, text) for span in spans)
    return [Fix(f"{argument}: {text}, and where it is written again", edits)] if len(edits) > 1 else []


RULES = (flatten, swapped_axes, size)
