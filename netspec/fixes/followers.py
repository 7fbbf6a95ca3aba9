"""A changed argument → the edits of the sizes behind it that were written for the old one: one linked fix."""

from __future__ import annotations

from dataclasses import replace

from netspec.core.diagnostics import Edit, Fix
from netspec.core.tree import Scalar, Span
from netspec.expansion.graph import Call
from netspec.fixes.context import FixContext, yaml_text
from netspec.shapes.apply import Problem
from netspec.shapes.infer import infer
from netspec.shapes.provenance import Provenance

MOST_CALLS = 2000  # of a graph that is inferred again for one fix
MOST_ROUNDS = 4  # an edit may show the next wrong size


def with_followers(fix: Fix, call: Call, changed: dict[str, object], context: FixContext) -> Fix:
    """A fix with the edits of the sizes that are wrong once it is made; as it is where nothing follows.

    Args:
        fix: changes arguments of one call.
        call: that call.
        changed: the arguments with their new values.
        context: the spec, its graph and its shapes.
    """
    graph = context.graph
    if len(graph.calls) > MOST_CALLS:
        return fix
    known = {(problem.call.id, problem.argument) for problem in context.inference.problems}
    calls = {each.id: each for each in graph.calls}
    for each in graph.calls:
        if each.item is call.item and each.record is call.record:  # a block that is used several times
            calls[each.id] = replace(each, args={**each.args, **changed})
    edits: dict[Span, str] = {}
    titles: list[str] = []
    for _ in range(MOST_ROUNDS):
        again = replace(graph, calls=tuple(calls.values()))
        inference = infer(again)
        later = (each for each in inference.problems if each.call.id > call.id and each.cause is None)
        wrong = [each for each in later if each.kind == "size" and (each.call.id, each.argument) not in known]
        found = False
        for problem in wrong:
            node = problem.call.arg_nodes.get(problem.argument or "")
            if isinstance(node, Scalar) and node.span not in edits and node.span.path == call.item.at.span.path:
                edits[node.span] = _size_text(problem, Provenance(again, inference))
                titles.append(f"{problem.argument}: {edits[node.span]}")
                found = True
            own = calls[problem.call.id]
            calls[own.id] = replace(own, args={**own.args, str(problem.argument): problem.actual})
        if not found:
            break
    if not edits:
        return fix
    behind = titles[0] if len(titles) == 1 else f"{titles[0]} and {len(titles) - 1} more"
    linked = tuple(Edit(span, text) for span, text in edits.items())
    return Fix(f"{fix.title}, and {behind} behind it", (*fix.edits, *linked))


def _size_text(problem: Problem, provenance: Provenance) -> str:
    """The arriving size as it would be written: with the factors that a flattening multiplied."""
    factors = provenance.factors(provenance.producer(problem.call))
    return "*".join(map(str, factors)) if factors else yaml_text(problem.actual)
