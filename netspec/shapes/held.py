"""Layers that are made and not applied, and parameters as values: what inference knows of them. NS306, NS411."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from netspec.core.diagnostics import Diagnostic, Note
from netspec.core.names import closest, did_you_mean
from netspec.core.tree import Node
from netspec.expansion.graph import Call, Graph
from netspec.layers.samplewise import samplewise
from netspec.layers.state import state_of
from netspec.shapes.apply import Problem
from netspec.shapes.recovery import declared
from netspec.shapes.report import Inferred


def own_problems(call: Call, args: dict[str, Any]) -> list[Problem]:
    """What is wrong with the arguments of a layer that is not applied.

    Args:
        call: of the layer.
        args: all its arguments, as far as they are known.
    """
    record = call.record.held
    assert record is not None
    if call.broken or any(arg.name not in args for arg in record.args):
        return []
    return [replace(each, call=call) for each in declared(replace(call, record=record, args=args))[0]]


def with_shape(call: Call, calls: Sequence[Call], known: Sequence[Inferred]) -> tuple[Call, list[Problem]]:
    """A parameter as a value, with its shape; and what is wrong.

    Args:
        call: of the value.
        calls: of the graph.
        known: what is known of those before it.
    """
    assert call.weight is not None
    owner, name = calls[call.weight[0]], call.weight[1]
    args = known[owner.id].args
    if owner.broken or any(arg.name not in args for arg in owner.record.args):
        return replace(call, broken=True), []
    state = state_of(owner.record, args)
    if state is None:
        message = f"the parameters of {owner.record.name} are known by name only when it is made: it is a plugin's"
        return replace(call, broken=True), [Problem(call, "fact", "NS306", message, ())]
    if name not in state:
        has = f"it has {', '.join(state)}" if state else "it has none"
        message = (
            f"{owner.record.name} has no parameter {name or 'of that name'}{did_you_mean(closest(name, state))}; {has}"
        )
        return replace(call, broken=True), [Problem(call, "fact", "NS306", message, ())]
    return replace(call, args={**call.args, "shape": state[name]}), []


def with_shapes(graph: Graph, known: Sequence[Inferred]) -> Graph:
    """The graph with the shapes of parameters as values, which follow from the layers that have them.

    Args:
        graph: the graph.
        known: what is known of its calls.
    """
    if not any(call.weight for call in graph.calls):
        return graph
    calls = (
        replace(call, args={**call.args, "shape": made.args["shape"]}) if call.weight and "shape" in made.args else call
        for call, made in zip(graph.calls, known, strict=True)
    )
    return replace(graph, calls=tuple(calls))


def varying_weights(graph: Graph) -> Iterator[Diagnostic]:
    """NS411: a weight that is computed from an input, and so differs from sample to sample."""
    if not any(call.record.unbatched for call in graph.calls):
        return
    once: set[int] = set()
    for call in graph.calls:
        taken = [ref.node for ref in call.inputs]
        if call.record.constant or (taken and once.issuperset(taken) and samplewise(call.record)):
            once.add(call.id)
    for call in graph.calls:
        if not call.record.unbatched or call.broken:
            continue
        for index, ref in enumerate(call.inputs[: call.own]):
            if call.record.is_unbatched(index) and ref.node not in once:
                name = call.record.names[index]
                message = (
                    f"the {name} of {call.record.name} is one tensor for all samples, this one differs between them"
                )
                note = Note("note", "a parameter, a layer's name.weight, or what is computed from those alone is right")
                at = _reference(call, index).span
                yield Diagnostic("NS411", message, at, call.path, frames=call.frames, notes=(note,))


def _reference(call: Call, index: int) -> Node:
    """Where an input of a call stands in the spec."""
    item, name = call.item, call.record.names[index]
    if item.sources is not None and len(item.sources) == call.own:
        return item.sources[index]
    return next((reference for key, reference in item.wires if key.text == name), item.at)
