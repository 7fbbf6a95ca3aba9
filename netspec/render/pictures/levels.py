"""A box of a picture under construction: where the values in it come from, its nodes and edges so far."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import field
from typing import NamedTuple

from netspec.core.dataclass import dataclass
from netspec.expansion.graph import Local
from netspec.render.pictures.tree import Edge, Node, Values


class End(NamedTuple):
    """Where a value comes from: a node, or the box that it enters; which of its outputs; its sample tensors."""

    node: int
    output: int | None
    values: Values


@dataclass
class Level:
    """A box under construction; `outside` finds the values that enter it, `given` has those of its own steps."""

    outside: Callable[[Local], End]
    given: dict[int, tuple[int, Values]] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)

    def end(self, local: Local) -> End:
        """Where a value of the scope comes from, seen from this box."""
        if local.step not in self.given:
            return self.outside(local)
        node, values = self.given[local.step]
        return End(node, local.output, part(values, local.output))

    def connect(self, ends: Iterable[End], target: int) -> None:
        """Add the edges to a node, or to the box itself for what leaves it."""
        self.edges += [Edge(end.node, end.output, target, index, end.values) for index, end in enumerate(ends)]


def part(values: Values, output: int | None) -> Values:
    """One of several sample tensors.

    Args:
        values: all of them.
        output: which; None for all.
    """
    return values if output is None else values[output : output + 1] or (None,)
