"""The view of a network → its lines from node to node, through the borders of open boxes: what Mermaid and DOT need."""

from __future__ import annotations

from collections import defaultdict

from netspec.core.dataclass import dataclass
from netspec.render.pictures.tree import Values
from netspec.render.pictures.view import Line, View

_Place = tuple[int, str, int]  # the id of a node; `in`, `out` of an open box or `node`; which input or output


@dataclass(frozen=True, slots=True)
class Wire:
    """A value between two nodes that are not open.

    Args:
        source, target: their ids.
        values: the sample tensors.
    """

    source: int
    target: int
    values: Values


def wires_of(network: View) -> list[Wire]:
    """The lines between the nodes that are not open, each once, in the order of the nodes that give the values.

    Args:
        network: what is shown of it.
    """
    after: defaultdict[_Place, list[tuple[_Place, Values]]] = defaultdict(list)
    sources: list[_Place] = []
    for box in network.walk():
        for line in box.lines:
            source = _source(box, line)
            if source[1] == "node":
                sources.append(source)
            after[source].append((_target(box, line), line.values))
    found: dict[Wire, None] = {}
    for source in sorted(dict.fromkeys(sources)):
        for place, values in after[source]:
            waiting = [place]
            while waiting:
                here = waiting.pop()
                if here[1] == "node":
                    found[Wire(source[0], here[0], values)] = None
                else:
                    waiting += [following for following, _ in reversed(after[here])]
    return list(found)


def _source(box: View, line: Line) -> _Place:
    if line.source is None:
        return box.node.id, "in", line.exit
    giver = box.children[line.source]
    if not giver.is_open:
        return giver.node.id, "node", 0
    ways = 1 + max((each.entry for each in giver.lines if each.target is None), default=0)
    return giver.node.id, "out", min(line.exit, ways - 1)  # one way out may carry several outputs


def _target(box: View, line: Line) -> _Place:
    if line.target is None:
        return box.node.id, "out", line.entry
    taker = box.children[line.target]
    return (taker.node.id, "in", line.entry) if taker.is_open else (taker.node.id, "node", 0)
