"""The tree of a network, to a depth → what is shown of it: which boxes are open, and one copy of each repeat."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from netspec.core.dataclass import dataclass
from netspec.render.pictures.tree import Edge, Node, Problem, Values

MOST_SHOWN = 100  # nodes of a picture whose depth nobody gave


@dataclass(frozen=True, slots=True)
class Line:
    """A value between two nodes that are shown in one box.

    Args:
        source: the index of the node that gives it; None where it enters the box.
        exit: which of the source's outputs, or of the box's inputs.
        target: the index of the node that takes it; None where it leaves the box.
        entry: which of the target's inputs, or of the box's outputs.
        values: the sample tensors.
    """

    source: int | None
    exit: int
    target: int | None
    entry: int
    values: Values


@dataclass(frozen=True, slots=True)
class View:
    """A node as it is shown.

    Args:
        node: the node; of a repeat whose copies are one node each, the first copy.
        whole: the node, or the repeat that it stands for.
        times: how many equal copies it stands for.
        children: what is shown in it; empty where it is closed.
        lines: between them.
    """

    node: Node
    whole: Node
    times: int = 1
    children: tuple[View, ...] = ()
    lines: tuple[Line, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether what is in it is shown."""
        return bool(self.children)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with it, and with what is in it and not shown."""
        whole = self.whole
        hidden = (whole,) if not self.is_open else whole.children[whole.period :] if whole.period else ()
        own = self.node.problems if self.is_open else ()
        return (*own, *(problem for each in hidden for node in each.walk() for problem in node.problems))

    def walk(self) -> Iterator[View]:
        """This view and all in it, the outer ones first."""
        yield self
        for child in self.children:
            yield from child.walk()


def view_of(network: Node, depth: int | None = None) -> View:
    """What is shown of a network.

    Args:
        network: its tree.
        depth: how many levels of boxes: 1 shows the network's own items. Where left out, as many as make a picture of
            about a hundred nodes.
    """
    return _view(network, _depth(network) if depth is None else depth)


def opened(network: Node, depth: int | None = None) -> list[int]:
    """The ids of the boxes that are shown open, the outer ones first; what `view_of` would make of them is not made.

    Args:
        network, depth: as of `view_of`.
    """
    return [node.id for node, is_open in _shown(network, _depth(network) if depth is None else depth) if is_open]


def _depth(network: Node) -> int:
    """How many levels of boxes make a picture of about a hundred nodes."""
    levels = _levels(network)
    while levels > 1 and len(_shown(network, levels)) > MOST_SHOWN:
        levels -= 1
    return levels


def _shown(network: Node, depth: int) -> list[tuple[Node, bool]]:
    """The nodes of the views that `_view` makes, and whether these are open."""
    found: list[tuple[Node, bool]] = []
    waiting = [(network, depth)]
    while waiting:
        node, levels = waiting.pop()
        if node.kind == "repeat" and node.period == 1:
            waiting.append((node.children[0], levels))
            continue
        repeats = node.kind == "repeat"
        is_open = repeats or (bool(node.children) and levels > 0)
        found.append((node, is_open))
        if is_open:
            inside = node.children[: node.period] if repeats else node.children
            waiting += [(child, levels if repeats else levels - 1) for child in reversed(inside)]
    return found


def _levels(node: Node) -> int:
    """How many levels of boxes there are; the copies of a repeat are on its own level."""
    inner = max((_levels(child) for child in node.children), default=0)
    return inner + int(node.is_box and node.kind != "repeat")


def _view(node: Node, depth: int) -> View:
    if node.kind == "repeat":
        if node.period == 1:
            first = _view(node.children[0], depth)
            return replace(first, whole=node, times=first.times * node.times)
        return _opened(node, node.children[: node.period], depth)
    if not node.children or depth < 1:
        return View(node, node)
    return _opened(node, node.children, depth - 1)


def _opened(box: Node, nodes: tuple[Node, ...], depth: int) -> View:
    """A box with some of its nodes: all, or those of the first copy."""
    places: dict[int, int | None] = {box.id: None, **{node.id: index for index, node in enumerate(nodes)}}
    last = box.children[-1].id  # of a repeat: what leaves its last copy is shown at the first
    lines = []
    for edge in box.edges:
        source = len(nodes) - 1 if edge.target == box.id and box.period and edge.source == last else edge.source
        if edge.target not in places or (source == edge.source and edge.source not in places):
            continue
        target = places[edge.target]
        start = source if source != edge.source else places[edge.source]
        entry = edge.input if target is None else _entry(nodes[target], edge)
        lines.append(Line(start, edge.output or 0, target, entry, edge.values))
    children = tuple(_view(node, depth) for node in nodes)
    return View(box, box, box.times, children, tuple(lines))


def _entry(node: Node, edge: Edge) -> int:
    """Which input of a shown node an edge arrives at: of a repeat, that of its first copy."""
    entry = edge.input
    while node.kind == "repeat" and node.period == 1:
        first = node.children[0]
        inside = (each for each in node.edges if each.source == node.id and each.output == entry)
        entry = next((each.input for each in inside if each.target == first.id), 0)
        node = first
    return entry
