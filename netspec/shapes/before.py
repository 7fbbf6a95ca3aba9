"""An earlier inference and a call → what was known of it, where that still holds, as of most of an edited text."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.expansion.graph import Call, Graph
from netspec.shapes.apply import Outputs
from netspec.shapes.report import Inferred

Before = tuple[Graph, Sequence[Inferred]]  # an earlier graph and what is known of its calls, where that was steady


def kept(call: Call, before: Before | None, arriving: Sequence[Sequence[Outputs]]) -> Inferred | None:
    """What was known of a call that is the one before, takes the same and depends on nothing else.

    Args:
        call: of the graph now.
        before: the earlier inference.
        arriving: the candidates of each of its inputs.
    """
    if before is None or call.shares is not None or call.weight is not None or call.each:
        return None
    graph, known = before
    if call.id >= len(graph.calls) or graph.calls[call.id] is not call or any(len(each) != 1 for each in arriving):
        return None
    found = known[call.id]
    inputs = tuple(tensor for candidates in arriving for tensor in candidates[0])
    return found if inputs == found.inputs else None
