"""Problem → fixes of attention and transformers: keys, values and memories of another width; causal masks."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.core.diagnostics import Edit, Fix
from netspec.core.shapes import Shape
from netspec.expansion.graph import Call
from netspec.fixes.consequences import changed
from netspec.fixes.context import FixContext
from netspec.fixes.values import replace_value
from netspec.fixes.wiring import insert_between, reference, set_arguments
from netspec.layers.record import no_parameters
from netspec.shapes.apply import Problem, with_defaults
from netspec.shapes.provenance import layer_label

MADE_WIDTHS = {"Embedding": "embedding_dim", "Linear": "out_features"}
_SELF_ATTENTION = frozenset({"MultiheadAttention", "TransformerEncoderLayer", "TransformerEncoder"})
_PRODUCT = "scaled_dot_product_attention"


def _own_shapes(problem: Problem) -> list[Shape]:
    return [tensor.shape for tensor in problem.inputs[: problem.call.own]]


def keys_and_values(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """Keys and values of another width: their own kdim and vdim, or a Linear that brings them to embed_dim."""
    call, shapes = problem.call, _own_shapes(problem)
    if call.record.name != "MultiheadAttention" or problem.argument not in ("kdim", "vdim") or len(shapes) < 2:
        return
    args = with_defaults(call.record, call.args)
    width = shapes[0][1]
    widths = {"kdim": shapes[1][1], "vdim": shapes[-1][1]}
    wrong = {name: size for name, size in widths.items() if size != (args[name] or width)}
    edits = set_arguments(call, {name: str(size) for name, size in wrong.items()})
    if edits:
        yield Fix(", ".join(f"{name}: {size}" for name, size in wrong.items()), edits)
    if args["kdim"] is None and args["vdim"] is None:
        others = [index for index, shape in enumerate(shapes) if index and shape[1] != width]
        yield from _upstream(call, others, width, context)
        yield from _through_linear(call, others, width, context)


def memories(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """An input of a Transformer that is not d_model wide: a Linear on it, or the layer that makes it."""
    call, shapes = problem.call, _own_shapes(problem)
    width = call.args.get("d_model", shapes[0][1] if shapes and len(shapes[0]) == 2 else None)
    wanted = call.record.name.startswith("Transformer") and problem.code == "NS404" and problem.argument is None
    if not wanted or not isinstance(width, int) or len(shapes) < 2:
        return
    others = [index for index, shape in enumerate(shapes) if shape[1] != width]
    tables = [*_upstream(call, others, width, context)]
    made = [context.provenance.maker(call.inputs[index]) for index in others]
    if any(maker is not None and maker.record.name in MADE_WIDTHS for maker in made):
        yield from tables
    yield from _through_linear(call, others, width, context)
    yield from tables


def products(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """Queries and keys of different width in a product of both: a Linear on the keys."""
    call, shapes = problem.call, _own_shapes(problem)
    if call.record.name == _PRODUCT and problem.code == "NS405" and shapes[0][-1] != shapes[1][-1]:
        yield from _upstream(call, [1], shapes[0][-1], context)
        yield from _through_linear(call, [1], shapes[0][-1], context)


def embedded(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """Raw features, of another width than attention's: a Linear before it."""
    call = problem.call
    name = "embed_dim" if call.record.name == "MultiheadAttention" else "d_model"
    width = call.args.get(name)
    alone = len(set(call.inputs[: call.own])) == 1 and not call.item.wires
    if call.record.name not in _SELF_ATTENTION or problem.code not in ("NS401", "NS404") or not alone:
        return
    shapes = _own_shapes(problem)
    if not isinstance(width, int) or not shapes or len(shapes[0]) != 2 or shapes[0][1] == width:
        return
    back = context.provenance.back(context.provenance.maker(call.inputs[0]))
    if any(before.record.parameters is not no_parameters for before in back):
        return  # a layer makes the width: that one, or attention's own, is changed
    edits = insert_between(call, {0: ("embedded", [f"Linear: {width}"])}, context)
    nodes = [reference(call, index) for index in range(1, call.own)]
    if edits and None not in nodes:
        others = [Edit(node.span, edits[1].text) for node in nodes if node is not None]
        yield Fix(f"a Linear before it: {width}", (*edits, *others))


def _through_linear(call: Call, indexes: list[int], width: int, context: FixContext) -> Iterator[Fix]:
    """A Linear between some inputs and the call; one for inputs that are the same value."""
    change = ("wide", [f"Linear: {width}"])
    edits = insert_between(call, dict.fromkeys(indexes, change), context)
    values = {call.inputs[index] for index in indexes}
    if edits and len(values) == len(indexes):
        names = " and ".join(node.text for index in indexes if (node := reference(call, index)) is not None)
        yield Fix(f"a Linear on {names}: {width}", edits)


def _upstream(call: Call, indexes: list[int], width: int, context: FixContext) -> Iterator[Fix]:
    """Another width of the layer that makes the inputs, where it is an Embedding or a Linear."""
    values = {call.inputs[index] for index in indexes}
    maker = width_maker(call, indexes[0], context) if len(values) == 1 else None
    if maker is not None:
        name = MADE_WIDTHS[maker.record.name]
        title = f"{name}: {width} in {layer_label(maker)}"
        yield from changed(maker, {name: width}, context, title)


def width_maker(call: Call, index: int, context: FixContext) -> Call | None:
    """The Embedding or Linear that decides the last axis of an input, through layers that keep the shape."""
    for before in context.provenance.back(context.provenance.maker(call.inputs[index])):
        if before.record.name in MADE_WIDTHS:
            return before
        arriving, gives = context.provenance.shapes(before)
        if not before.inputs or arriving is None or gives is None or arriving[-1:] != gives[-1:]:
            return None
    return None


def causal(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """A causal mask where none can be: for other keys than queries, or beside another mask."""
    name = problem.argument or ""
    node = problem.call.arg_nodes.get(name)
    if name.endswith("is_causal") and problem.code in ("NS404", "NS407") and node is not None:
        yield replace_value(node, "false", f"{name}: false")


RULES = (embedded, keys_and_values, memories, products, causal)
