"""Problem → fixes of which output of a recurrent layer is taken: its steps or its states, of all layers or the last."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.core.diagnostics import Edit, Fix
from netspec.expansion.graph import Call
from netspec.fixes.consequences import changed
from netspec.fixes.context import FixContext
from netspec.fixes.recurrent import RECURRENT
from netspec.fixes.wiring import insert_between, reference
from netspec.shapes.apply import Problem, with_defaults
from netspec.shapes.provenance import layer_label

FURTHEST = 20  # layers between a state and where it does not fit


def steps_for_a_state(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """What an encoder gives for each step, where a decoder takes a state: the encoder's state."""
    call = problem.call
    if call.record.name not in RECURRENT or problem.code not in ("NS403", "NS405") or call.item.wires:
        return
    nodes = [reference(call, index) for index in range(1, len(call.inputs))]
    makers = [context.provenance.maker(ref) for ref in call.inputs[1:]]
    steps = all(ref.output == 0 for ref in call.inputs[1:])
    encoder, first = (makers[0], nodes[0]) if nodes else (None, None)
    if not steps or encoder is None or first is None or encoder.record.name not in RECURRENT:
        return
    if None in nodes or any(maker is not encoder for maker in makers) or not first.text.endswith(".0"):
        return
    name = first.text.removesuffix(".0")
    wanted = 2 if call.record.name == "LSTM" else 1
    states = [f"{name}.{number}" for number in range(1, 1 + wanted)]
    if len(nodes) == wanted:
        edits = [Edit(node.span, state) for node, state in zip(nodes, states, strict=True) if node is not None]
        yield Fix(f"the state: {', '.join(states)}", tuple(edits))
    elif len(nodes) == 1:
        yield Fix(f"the state: {', '.join(states)}", (Edit(first.span, ", ".join(states)),))


def state_of_all_layers(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """The state of several layers where it meets one of another length: that of the last layer, or one layer."""
    if problem.code != "NS405" or problem.call.record.name in RECURRENT:
        return
    for index in range(len(problem.call.inputs)):
        found = _state_user(problem.call, index, context)
        if found is None:
            continue
        user, at, encoder = found
        args = with_defaults(encoder.record, encoder.args)
        if args["num_layers"] > 1 and not args["bidirectional"]:
            edits = insert_between(user, {at: ("last", ["slice: {dim: 1, start: -1}"])}, context)
            if edits:
                yield Fix(f"the state of the last layer of {layer_label(encoder)}", edits)
            yield from changed(encoder, {"num_layers": 1}, context, f"num_layers: 1 in {layer_label(encoder)}")


def _state_user(call: Call, index: int, context: FixContext) -> tuple[Call, int, Call] | None:
    """The layer that takes a state of a recurrent layer, upstream of an input whose first axis is the layers still."""
    provenance = context.provenance
    for _ in range(FURTHEST):
        ref = call.inputs[index]
        before = provenance.maker(ref)
        if before is None:
            return None
        if before.record.name in RECURRENT:
            return (call, index, before) if ref.output else None
        arriving, gives = provenance.shapes(before)
        if len(before.inputs) != 1 or arriving is None or gives is None or arriving[:1] != gives[:1]:
            return None
        call, index = before, 0
    return None


RULES = (steps_for_a_state, state_of_all_layers)
