"""The view of a network → rectangles, lines and words at their places: what SVG and PNG draw.

Each box is laid out by itself, from the inside out, and is then one cell of the box around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from netspec.core.dataclass import dataclass
from netspec.render.pictures.cells import Cell, Link
from netspec.render.pictures.layout import Point, layout
from netspec.render.pictures.text_width import text_width
from netspec.render.pictures.tree import shown
from netspec.render.pictures.view import Line, View
from netspec.render.pictures.words import SIZES, Words, legend, node_words, title_words

PAD, SHADOW = 12.0, 4.0  # around the nodes in a box; how far further copies stick out behind the first
LABEL, BESIDE = 13.0, 5.0  # the height of a shape below its node; its distance from its line
MARGIN = 20.0  # around the picture


@dataclass(frozen=True, slots=True)
class Route:
    """A line of the picture.

    Args:
        line: what it stands for.
        points: where it goes; between the first and second, third and fourth, … it is vertical.
        label: the shapes beside its start.
    """

    line: Line
    points: tuple[Point, ...]
    label: str


@dataclass(frozen=True, slots=True)
class Placed:
    """A node at its place.

    Args:
        view: what is shown of it.
        width, height: of its rectangle.
        words: what is written in it, from its corner.
        x, y: its upper left corner, from that of the box around it.
        children: what is in it.
        routes: the lines between them, from its corner.
        entries, exits: where the lines of its inputs and outputs meet it, from its left edge.
    """

    view: View
    width: float
    height: float
    words: tuple[Words, ...]
    x: float = 0.0
    y: float = 0.0
    children: tuple[Placed, ...] = ()
    routes: tuple[Route, ...] = ()
    entries: tuple[float, ...] = ()
    exits: tuple[float, ...] = ()

    @property
    def shadows(self) -> int:
        """How many further copies stick out behind it."""
        return min(self.view.times - 1, 2)


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture.

    Args:
        width, height: its size.
        network: the placed network, whose rectangle is not drawn.
        most_params, most_macs: of the nodes that are not open: what shades and bars are relative to.
    """

    width: float
    height: float
    network: Placed
    most_params: int
    most_macs: int


def scene(view: View) -> Scene:
    """The picture of a network.

    Args:
        view: what is shown of it.
    """
    words = title_words(view)
    content = _content(view, words[-1].y + 8)
    foot = legend(view, content.height + 14)
    network = _widened(content, max([content.width, *(each.width for each in (*words, *foot))]))
    height = content.height + (20 if foot else 0)
    network = replace(network, x=MARGIN, y=MARGIN, words=(*words, *foot), height=height)
    closed = [each.whole for each in view.walk() if not each.is_open]
    most_params = max((node.params or 0 for node in closed), default=0)
    most_macs = max((node.macs or 0 for node in closed), default=0)
    return Scene(network.width + 2 * MARGIN, height + 2 * MARGIN, network, most_params, most_macs)


def _widened(box: Placed, width: float) -> Placed:
    """A box with what is in it in the middle of another width."""
    dx = (width - box.width) / 2
    return replace(
        box,
        width=width,
        children=tuple(replace(child, x=child.x + dx) for child in box.children),
        routes=tuple(replace(route, points=tuple((x + dx, y) for x, y in route.points)) for route in box.routes),
        entries=tuple(x + dx for x in box.entries) or (width / 2,),
        exits=tuple(x + dx for x in box.exits) or (width / 2,),
    )


def _placed(view: View, labels: dict[int, str], exits: int) -> Placed:
    """A node with what is in it.

    Args:
        view: the node.
        labels: the shapes that are written below it, by its outputs.
        exits: how many outputs it has lines from.
    """
    words, width, height = node_words(view)
    if view.is_open:
        box = _content(view, height)
        return replace(_widened(box, max(width, box.width + 2 * PAD)), words=words)
    widest = max((_reach(label) for label in labels.values()), default=0.0)
    width = max(width, (exits + 1) * widest)
    words = tuple(replace(row, x=width / 2) for row in words)
    ends = tuple(width * (index + 1) / (exits + 1) for index in range(exits))
    return Placed(view, width, height, words, entries=(width / 2,), exits=ends)


def _reach(label: str) -> float:
    return BESIDE + text_width(label, SIZES["small"]) + 4


def _content(view: View, top: float) -> Placed:
    """A box with what is in it, laid out below `top` and as narrow as it can be; without words of its own."""
    labels = _labels(view)
    most = [max((line.exit for line in view.lines if line.source == k), default=0) for k in range(len(view.children))]
    children = [_placed(*each) for each in zip(view.children, labels, (count + 1 for count in most), strict=True)]
    given = sorted({line.exit for line in view.lines if line.source is None})
    taken = sorted({line.entry for line in view.lines if line.target is None})
    cells = [*(Cell(0, 0, pin="first") for _ in given), *map(_cell, children, labels)]
    cells += [Cell(0, 0, pin="last") for _ in taken]
    links = _links(view, children, given, taken)
    found = layout(cells, list(links))
    above = top if given else top + PAD
    corners = [(x, y + above) for x, y in found.corners]
    first, last = len(given), len(given) + len(children)
    entering = {index: x for index, (x, _) in zip(given, corners[:first], strict=True)}
    placed = zip(children, corners[first:last], strict=True)
    return Placed(
        view,
        found.width,
        above + found.height + (0 if taken else PAD),
        (),
        children=tuple(replace(child, x=x, y=y) for child, (x, y) in placed),
        routes=_routes(links, found.lines, labels, above),
        entries=tuple(entering.get(index, found.width / 2) for index in range(max(given, default=-1) + 1)),
        exits=tuple(x for x, _ in corners[last:]),
    )


def _links(view: View, children: Sequence[Placed], given: Sequence[int], taken: Sequence[int]) -> dict[Link, Line]:
    """The lines of a box between its cells: what enters, its nodes, what leaves; several of one course are one."""
    found: dict[Link, Line] = {}
    for line in view.lines:
        source = given.index(line.exit) if line.source is None else len(given) + line.source
        target = len(given) + (len(children) + taken.index(line.entry) if line.target is None else line.target)
        exit = 0.0 if line.source is None else _port(children[line.source].exits, line.exit)
        entry = 0.0 if line.target is None else _port(children[line.target].entries, line.entry)
        found.setdefault(Link(source, target, exit, entry), line)
    return found


def _routes(
    links: dict[Link, Line], lines: Sequence[Sequence[Point]], labels: Sequence[dict[int, str]], above: float
) -> tuple[Route, ...]:
    """The lines at their places; the shapes of a value are written once, beside its first line."""
    found, told = [], set()
    for (link, line), points in zip(links.items(), lines, strict=True):
        label = ""
        if line.source is not None and (link.source, link.exit) not in told:
            label = labels[line.source].get(line.exit, "")
        told.add((link.source, link.exit))
        found.append(Route(line, tuple((x, y + above) for x, y in points), label))
    return tuple(found)


def _cell(child: Placed, labels: dict[int, str]) -> Cell:
    """The room that a node takes, with its shadows and the shapes below it."""
    behind = child.shadows * SHADOW
    reach = max((_port(child.exits, index) + _reach(label) for index, label in labels.items()), default=0.0)
    return Cell(max(child.width + behind, reach), child.height + behind, LABEL if labels else 0.0)


def _port(ports: Sequence[float], index: int) -> float:
    return ports[min(index, len(ports) - 1)]


def _labels(view: View) -> list[dict[int, str]]:
    """The shapes that are written below each node of a box, by its outputs; not those that a layer passes on as is."""
    found: list[dict[int, str]] = [{} for _ in view.children]
    arriving: list[set[str]] = [set() for _ in view.children]
    for line in view.lines:
        if line.target is not None:
            arriving[line.target].add(shown(line.values))
    for line in view.lines:
        if line.source is not None and line.target is not None:  # what leaves the box has its shape there
            child, text = view.children[line.source], shown(line.values)
            if child.node.is_box or child.times > 1 or arriving[line.source] != {text}:
                found[line.source].setdefault(line.exit, text)
    return found
