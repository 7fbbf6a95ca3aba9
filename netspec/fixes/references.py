"""Fixes of references to parameters: the names that the layer has."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.core.diagnostics import Edit, Fix
from netspec.core.names import closest
from netspec.fixes.context import FixContext
from netspec.layers.state import state_of
from netspec.shapes.apply import Problem


def known_parameter(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """A parameter of a similar name, in place of one that the layer does not have."""
    call = problem.call
    if problem.code != "NS306" or call.weight is None:
        return
    owner, name = context.graph.calls[call.weight[0]], call.weight[1]
    state = state_of(owner.record, context.inference.known[owner.id].args) or {}
    for match in closest(name, state) or state:
        text = call.item.at.text.removesuffix(name) + match
        yield Fix(text, (Edit(call.item.at.span, text),))


RULES = (known_parameter,)
