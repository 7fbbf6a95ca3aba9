"""A changed graph → the edits of the sizes that were written for the old one: they belong to the same fix."""

from __future__ import annotations

from dataclasses import replace

from netspec.core.diagnostics import Edit, Fix
from netspec.core.tree import Scalar, Span
from netspec.expansion.graph import Call, Graph
from netspec.fixes.context import FixContext
from netspec.fixes.values import yaml_text
from netspec.layers.table import TABLE
from netspec.shapes.apply import Problem
from netspec.shapes.infer import infer
from netspec.shapes.provenance import Provenance

MOST_CALLS = 2000  # of a graph that is inferred again for one fix
MOST_ROUNDS = 4  # an edit may show the next wrong size


def with_argument(graph: Graph, call: Call, **changed: object) -> Graph:
    """The graph with arguments of a call changed, wherever its item is used.

    Args:
        graph: the network.
        call: one of its calls.
        changed: the new values.
    """
    same = (each for each in graph.calls if each.item is call.item and each.record is call.record)
    return with_calls(graph, *(replace(each, args={**each.args, **changed}) for each in same))


def without(graph: Graph, call: Call) -> Graph:
    """The graph with a call that hands on its input, also where its module is applied again.

    Args:
        graph: the network.
        call: of one input.
    """
    same = [each for each in graph.calls if each.id == call.id or each.shares == call.id]
    return with_calls(graph, *(replace(each, record=TABLE["Identity"], args={}, arg_nodes={}) for each in same))


def with_calls(graph: Graph, *calls: Call) -> Graph:
    """The graph with some of its calls replaced.

    Args:
        graph: the network.
        calls: the new ones, which keep their numbers.
    """
    changed = {call.id: call for call in calls}
    return replace(graph, calls=tuple(changed.get(each.id, each) for each in graph.calls))


def with_followers(fix: Fix, changed: Graph, context: FixContext, after: int = -1) -> Fix:
    """A fix with the edits of the written sizes that are wrong once it is made; as it is where nothing follows.

    Args:
        fix: a change of the network.
        changed: the graph as it is with that change.
        context: the spec, its graph and its shapes.
        after: the number of the last call that is not looked at.
    """
    if len(changed.calls) > MOST_CALLS:
        return fix
    known = {(problem.call.id, problem.argument) for problem in context.inference.problems}
    edits: dict[Span, str] = {}
    titles: list[str] = []
    for _ in range(MOST_ROUNDS):
        inference = infer(changed)
        later = (each for each in inference.problems if each.call.id > after and each.cause is None)
        wrong = [each for each in later if each.kind == "size" and (each.call.id, each.argument) not in known]
        provenance, count = Provenance(changed, inference), len(edits)
        for problem in wrong:
            node, name = problem.call.arg_nodes.get(problem.argument or ""), str(problem.argument)
            if isinstance(node, Scalar) and node.span not in edits:
                edits[node.span] = _size_text(problem, provenance)
                titles.append(f"{name}: {edits[node.span]}")
            own = changed.calls[problem.call.id]
            changed = with_calls(changed, replace(own, args={**own.args, name: problem.actual}))
        if len(edits) == count:
            break
    if not edits:
        return fix
    linked = tuple(Edit(span, text) for span, text in edits.items())
    more = "" if len(titles) == 1 else f" and {len(titles) - 1} more"
    return Fix(f"{fix.title}, with {titles[0]}{more} behind it", (*fix.edits, *linked))


def _size_text(problem: Problem, provenance: Provenance) -> str:
    """The arriving size as it would be written: with the factors that a flattening multiplied."""
    factors = provenance.factors(provenance.producer(problem.call))
    return "*".join(map(str, factors)) if factors else yaml_text(problem.actual)
