"""Another value of an argument → the edits for it, and for what is written behind it and follows from it."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Dict
from dataclasses import replace

from netspec.core.diagnostics import Edit, Fix
from netspec.core.tree import Node, Scalar
from netspec.expansion.graph import Call
from netspec.fixes.context import FixContext
from netspec.fixes.values import yaml_text
from netspec.fixes.wiring import set_arguments
from netspec.shapes.apply import Problem
from netspec.shapes.infer import infer

LARGEST = 400  # calls of a graph whose shapes are inferred again
MOST_ROUNDS = 8  # sizes in a row that follow from each other
Values = Dict[str, object]


def origin(call: Call, name: str, context: FixContext) -> Node | None:
    """Where the value of an argument is written, if only a name stands at the layer.

    That is the parameter of the spec, or the argument where the block around the layer is used. None where the layer
    itself has the value.
    """
    node = call.arg_nodes.get(name)
    word = node.value if isinstance(node, Scalar) else None
    return parameter(call, word, context) if isinstance(word, str) else None


def parameter(call: Call, word: str, context: FixContext) -> Node | None:
    """Where a parameter that a layer's arguments name has its value; None where the layer itself has it.

    Args:
        call: the layer.
        word: the name of a parameter of the spec, or of the block around the layer.
        context: the spec, its graph and its shapes.
    """
    if not call.frames:
        return context.spec.params.get(word)
    use = next((item for item in context.spec.every_item() if item.at.span == call.frames[0].span), None)
    given = {key.text: value for key, value in use.args} if use is not None and use.kind == "block" else {}
    return given.get(word)


def changed(call: Call, values: Values, context: FixContext, title: str) -> Iterator[Fix]:
    """The fixes that give arguments of a layer other values, with all sizes behind it that are written and follow.

    Where an argument is the name of a parameter, the first fix changes the parameter, the second the layer.

    Args:
        call: the layer.
        values: the new values, by argument.
        context: the spec, its graph and its shapes.
        title: of the fix.
    """
    following = tuple(_following(call, values, context))
    names = {name: origin(call, name, context) for name in values}
    origins = {name: node for name, node in names.items() if node is not None}
    if origins:
        there = [Edit(node.span, yaml_text(values[name])) for name, node in origins.items()]
        rest = {name: yaml_text(value) for name, value in values.items() if name not in origins}
        here = set_arguments(call, rest)
        words = ", ".join(
            f"{getattr(call.arg_nodes[name], 'text', name)}: {yaml_text(values[name])}" for name in origins
        )
        if len(here) or not rest:
            yield Fix(words, (*there, *here))
    own = set_arguments(call, {name: yaml_text(value) for name, value in values.items()})
    if own and following:
        yield Fix(f"{title}, and what follows from it", (*own, *following))
    elif own:
        yield Fix(title, own)


def _following(call: Call, values: Values, context: FixContext) -> Iterator[Edit]:
    """The edits of the sizes that are written behind a layer and were right for its old arguments."""
    graph = context.graph
    if len(graph.calls) > LARGEST:
        return
    calls = list(graph.calls)
    for other in graph.calls:
        if other.item is call.item:
            calls[other.id] = replace(other, args={**other.args, **values})
    known = {_key(problem) for problem in context.inference.problems}
    done: set[object] = set()
    for _ in range(MOST_ROUNDS):
        problems = infer(replace(graph, calls=tuple(calls))).problems
        fresh = [each for each in problems if each.kind in ("size", "shape") and _key(each) not in known]
        fresh = [each for each in fresh if each.argument in each.call.arg_nodes and each.call.item is not call.item]
        if not fresh:
            return
        for problem in fresh:
            known.add(_key(problem))
            own, name = calls[problem.call.id], str(problem.argument)
            if problem.kind == "shape":
                calls[own.id] = replace(own, claim=problem.actual)
            else:
                calls[own.id] = replace(own, args={**own.args, name: problem.actual})
            span = own.arg_nodes[name].span
            if span not in done:
                done.add(span)
                yield Edit(span, yaml_text(problem.actual))


def _key(problem: Problem) -> tuple[int, str, str | None]:
    return problem.call.id, problem.kind, problem.argument
