"""Problem → fixes of recurrent layers: states of another width, number of layers or direction; their several outputs.

torch.nn's states are (layers·directions)×hidden_size, the directions of a layer beside each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netspec.core.diagnostics import Edit, Fix
from netspec.core.shapes import Shape, show
from netspec.expansion.graph import Call
from netspec.fixes.consequences import changed
from netspec.fixes.context import FixContext
from netspec.fixes.edits import end_of
from netspec.fixes.values import replace_value
from netspec.fixes.wiring import insert_between, reference
from netspec.shapes.apply import Problem, with_defaults
from netspec.shapes.provenance import layer_label

RECURRENT = frozenset({"RNN", "GRU", "LSTM"})
MOST_LAYERS = 16  # a larger number is one of steps


def _arguments(call: Call) -> dict[str, Any]:
    return with_defaults(call.record, call.args)


def _directions(call: Call) -> int:
    return 2 if _arguments(call)["bidirectional"] else 1


def _wanted(call: Call) -> Shape:
    """The first state that a layer wants: layers·directions, and the size of what a step gives."""
    args = _arguments(call)
    return args["num_layers"] * _directions(call), args.get("proj_size") or args["hidden_size"]


def _encoder(call: Call, context: FixContext) -> Call | None:
    """The recurrent layer whose state a layer takes; None where something else makes the state."""
    ref = call.inputs[1]
    maker = context.provenance.maker(ref)
    return maker if maker is not None and _is_whole(maker) and ref.output else None


def _is_whole(call: Call) -> bool:
    """Whether a call is of a recurrent layer that says its size."""
    return call.record.name in RECURRENT and "hidden_size" in call.args


def _states(problem: Problem) -> tuple[Shape, ...]:
    """The states that reach a recurrent layer; none where the problem is not one of its states."""
    fits = problem.code in ("NS403", "NS405") and _is_whole(problem.call)
    shapes = tuple(tensor.shape for tensor in problem.inputs[1:])
    return shapes if fits and len(shapes) == len(problem.call.inputs) - 1 else ()


def states(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """States of another width, of another number of layers, or of both directions for one."""
    call, given = problem.call, _states(problem)
    outputs = 2 if call.record.name == "LSTM" else 1
    if len(given) != outputs or any(len(state) != 2 for state in given):
        return
    (count, width), (layers, size) = given[0], _wanted(call)
    encoder = _encoder(call, context)
    if encoder is not None and _directions(encoder) == 2 and _directions(call) == 1:
        yield from _both_directions(call, encoder, given, context)
    elif encoder is not None and _directions(encoder) == 1 and _directions(call) == 2 and count * 2 == layers:
        yield from changed(call, {"bidirectional": False}, context, "bidirectional: false")
        yield from changed(encoder, {"bidirectional": True}, context, f"bidirectional: true in {layer_label(encoder)}")
    else:
        yield from _as_given(call, given, context)
        if encoder is not None and _directions(encoder) == _directions(call):
            values = _values((layers, size), (layers, _arguments(call)["hidden_size"]), encoder)
            yield from changed(encoder, values, context, f"{_written(values)} in {layer_label(encoder)}")
        if count == layers and width != size:
            change = ("wide", [f"Linear: {size}"])
            edits = insert_between(call, dict.fromkeys(range(1, 1 + outputs), change), context)
            if edits:
                yield Fix(f"a Linear on the state: {size}", edits)


def _written(values: dict[str, object]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in values.items())


def _values(first: Shape, last: Shape, call: Call) -> dict[str, object]:
    """The arguments of a layer, as far as they are others, with which it has these states: h, and the LSTM's c."""
    args, directions = _arguments(call), _directions(call)
    wanted: dict[str, object] = {"hidden_size": last[1]}
    if first[0] % directions == 0 and first[0] // directions <= MOST_LAYERS:
        wanted["num_layers"] = first[0] // directions
    if call.record.name == "LSTM":
        wanted["proj_size"] = 0 if first[1] == last[1] else first[1]
    return {name: value for name, value in wanted.items() if args[name] != value}


def _as_given(call: Call, given: tuple[Shape, ...], context: FixContext) -> Iterator[Fix]:
    """The layer for the states that it is given."""
    values = _values(given[0], given[-1], call)
    if values and given[-1][1] > 0:
        yield from changed(call, values, context, _written(values))


def _both_directions(call: Call, encoder: Call, given: tuple[Shape, ...], context: FixContext) -> Iterator[Fix]:
    """Both directions of an encoder for a decoder in one: their sum, or both beside each other."""
    (count, width), (layers, size) = given[0], _wanted(call)
    if any(state != given[0] for state in given) or count % 2:
        return
    own, title = count // 2, "the sum of both directions"
    summed = ["sum: {dim: 1, keepdim: true}"] if own == 1 else [f"reshape: [{own}, 2, {width}]", "sum: {dim: 2}"]
    beside = [f"reshape: [{own}, {2 * width}]"]
    if own == layers and width == size:
        yield from _on_states(call, given, summed, title, context)
    elif own == layers and 2 * width == size:
        yield from _on_states(call, given, beside, "both directions beside each other", context)
    elif own == layers:
        bridge = [*beside, f"Linear: {size}"]
        yield from _on_states(call, given, bridge, f"both directions through a Linear: {size}", context)
    elif width == size:
        values: dict[str, object] = {"num_layers": own}
        inserted = _on_states(call, given, summed, title, context)
        for sum_of_both in inserted:
            for other in changed(call, values, context, f"{title}, and num_layers: {own}"):
                yield Fix(other.title, (*sum_of_both.edits, *other.edits))
    if width == size:
        one = f"bidirectional: false in {layer_label(encoder)}"
        yield from changed(encoder, {"bidirectional": False}, context, one)


def _on_states(
    call: Call, given: tuple[Shape, ...], layers: list[str], title: str, context: FixContext, suffix: str = "both"
) -> Iterator[Fix]:
    edits = insert_between(call, dict.fromkeys(range(1, 1 + len(given)), (suffix, layers)), context)
    if edits:
        yield Fix(title, edits)


def features_for_a_state(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """A vector for a state: an axis for the layers, and where its width is another a Linear."""
    call, given = problem.call, _states(problem)
    outputs = 2 if call.record.name == "LSTM" else 1
    if len(given) != outputs or {len(state) for state in given} != {1} or _arguments(call).get("proj_size"):
        return
    count, size = _wanted(call)
    axis = "unsqueeze: {dim: 1}" if count == 1 else f"reshape: [{count}, {size}]"
    layers = [axis] if set(given) == {(count * size,)} else [f"Linear: {count * size}", axis]
    title = f"{'a Linear and ' if len(layers) > 1 else ''}an axis for the layers: {count}×{size}"
    yield from _on_states(call, given, layers, title, context, "state")


def lacking_state(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """One state for an LSTM, which takes two: the encoder's cell state too, or a GRU for the state of a GRU."""
    call, given = problem.call, _states(problem)
    if call.record.name != "LSTM" or len(given) != 1:
        return
    encoder, node = _encoder(call, context), reference(call, 1)
    if encoder is None or node is None or call.item.wires:
        return
    if encoder.record.name == "LSTM" and node.text.endswith(".1"):
        second = f"{node.text.removesuffix('.1')}.2"
        yield Fix(f"{second} too, the cell state", (Edit(end_of(node.span), f", {second}"),))
    elif encoder.record.name == "GRU" and not _arguments(call)["proj_size"]:
        yield Fix("GRU in place of LSTM", (Edit(call.item.at.span, "GRU"),))


def projection(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """A projection that does not make the state smaller: both sizes exchanged, or none."""
    call = problem.call
    if problem.code != "NS407" or problem.argument != "proj_size":
        return
    hidden, size = call.args.get("hidden_size"), call.args.get("proj_size")
    if isinstance(hidden, int) and isinstance(size, int) and size > hidden:
        title = f"hidden_size: {size} and proj_size: {hidden}"
        yield from changed(call, {"hidden_size": size, "proj_size": hidden}, context, title)
    yield from changed(call, {"proj_size": 0}, context, "proj_size: 0, no projection")


def batch_first(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """Samples lie along the first axis."""
    node = problem.call.arg_nodes.get("batch_first")
    if problem.code == "NS406" and problem.argument == "batch_first" and node is not None:
        yield replace_value(node, "true", "batch_first: true")


def sequence_for_a_cell(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """A whole sequence for a cell, which takes one step: the layer of the same name."""
    call = problem.call
    name = call.record.name.removesuffix("Cell")
    alone = len(problem.inputs) == 1 and len(problem.inputs[0].shape) == 2
    if problem.code == "NS403" and name in RECURRENT and call.record.name != name and alone:
        yield Fix(f"{name}, which takes {show(problem.inputs[0].shape)}", (Edit(call.item.at.span, name),))


def state_of_a_cell(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """A cell's state of another width: the cell as wide, or a Linear on the state."""
    call, states = problem.call, problem.inputs[1:]
    cell = call.record.name.endswith("Cell") and call.record.name.removesuffix("Cell") in RECURRENT
    shapes = {tensor.shape for tensor in states}
    if not cell or problem.code != "NS405" or len(shapes) != 1 or len(call.inputs) != len(problem.inputs):
        return
    ((width,),) = shapes
    size = call.args.get("hidden_size")
    if width != size:
        yield from changed(call, {"hidden_size": width}, context, f"hidden_size: {width}")
        edits = insert_between(call, dict.fromkeys(range(1, 1 + len(states)), ("wide", [f"Linear: {size}"])), context)
        if edits:
            yield Fix(f"a Linear on the state: {size}", edits)


RULES = (states, state_of_a_cell, features_for_a_state, lacking_state, projection, batch_first, sequence_for_a_cell)
