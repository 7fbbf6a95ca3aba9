"""Cells and links → positions and lines, from top to bottom: a layered layout.

Across, each rank is placed by least squares: cells come as near to their neighbours as the others let them, which
the pool-adjacent-violators algorithm solves exactly for one rank. A line from cell to cell is kept straight rather
than one with bends, so that the main path of a network is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netspec.core.dataclass import dataclass
from netspec.render.pictures.cells import Cell, Joint, Layers, Link, Slot
from netspec.render.pictures.layering import layers_of

APART = 18.0  # between cells of a rank
GAP = 16.0  # between ranks
MOST_GAP = 44.0
SLOPE = 0.12  # of the widest step of a line, by which a gap grows
SWEEPS, STRAIGHT = 12, 4  # all, and the last ones, which make bends straight

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything is; the leftmost cell begins at 0, the first rank too.

    Args:
        corners: the upper left corner of each cell.
        lines: the points of each link; between the first and second, third and fourth, … it is vertical.
        width, height: of the whole.
    """

    corners: list[Point]
    lines: list[list[Point]]
    width: float
    height: float


def layout(cells: Sequence[Cell], links: Sequence[Link]) -> Layout:
    """Place cells so that none overlap and the lines between them pass none.

    Args:
        cells: in an order in which links only lead forward.
        links: between them.
    """
    layers = layers_of(cells, links)
    _place_across(layers)
    tops, bottoms = _heights(cells, layers)
    left = min((slot.x for row in layers.ranks for slot in row), default=0.0)
    right = max((slot.x + slot.width for row in layers.ranks for slot in row), default=0.0)
    corners = [(slot.x - left, tops[slot.rank]) for slot in layers.slots]
    lines = []
    for link, chain in zip(links, layers.chains, strict=True):
        points: list[Point] = []
        for slot in chain:
            end = link.exit if slot is chain[0] else link.entry if slot is chain[-1] else slot.width / 2
            x = slot.x - left + end
            top = tops[slot.rank] if slot is not chain[0] else tops[slot.rank] + cells[link.source].height
            bottom = tops[slot.rank] if slot is chain[-1] else bottoms[slot.rank]
            points += [(x, top), (x, bottom)]
        lines.append(points)
    return Layout(corners, lines, right - left, bottoms[-1] if bottoms else 0.0)


def strokes(points: Sequence[Point]) -> Iterator[tuple[Point, ...]]:
    """The parts of a line from its first point on: one point ends a straight part, three are those of a Bézier curve.

    Args:
        points: of a line of a Layout.
    """
    (x, y), *rest = points
    for to_x, to_y in rest:
        if abs(to_x - x) < 0.5:
            if to_y != y:
                yield ((to_x, to_y),)
        else:
            middle = (y + to_y) / 2
            yield (x, middle), (to_x, middle), (to_x, to_y)
        x, y = to_x, to_y


def _heights(cells: Sequence[Cell], layers: Layers) -> tuple[list[float], list[float]]:
    """Where each rank begins and ends; a gap is higher where lines step far to the side."""
    heights = [0.0] * len(layers.ranks)
    for cell, slot in zip(cells, layers.slots, strict=True):
        heights[slot.rank] = max(heights[slot.rank], cell.height + cell.below)
    tops, bottoms, y = [], [], 0.0
    for row, height in zip(layers.ranks, heights, strict=True):
        tops.append(y)
        bottoms.append(y + height)
        steps = [abs(slot.x + joint.here - joint.slot.x - joint.there) for slot in row for joint in slot.below]
        y += height + min(MOST_GAP, GAP + SLOPE * max(steps, default=0.0))
    return tops, bottoms


def _place_across(layers: Layers) -> None:
    """Set the x of every slot."""
    for row in layers.ranks:
        x = 0.0
        for slot in row:
            slot.x = x
            x += slot.width + APART
    for sweep in range(SWEEPS):
        down = sweep % 2 == 1  # the last one is: what is below follows what is above
        if sweep >= SWEEPS - STRAIGHT:
            for chain in layers.chains:
                _straighten(chain)
        for row in layers.ranks if down else reversed(layers.ranks):
            _place_row(row, down)


def _place_row(row: list[Slot], down: bool) -> None:
    """Place one rank beside the one above or below it.

    Pool-adjacent-violators: slots that want to be nearer to each other than they may are pooled, and a pool lies where
    its slots want to be on average.
    """
    pools: list[tuple[float, float, int]] = []  # the wanted left edge, less what comes before it; weight; count
    before = [0.0]
    for slot in row:
        joints = (slot.above if down else slot.below) or (slot.below if down else slot.above)
        wanted = _wanted(slot, joints) if slot.goal is None else slot.goal
        pool = (wanted - before[-1], slot.weight, 1)
        before.append(before[-1] + slot.width + APART)
        while pools and pools[-1][0] > pool[0]:
            x, weight, count = pools.pop()
            together = weight + pool[1]
            pool = ((x * weight + pool[0] * pool[1]) / together, together, count + pool[2])
        pools.append(pool)
    edges = [x for x, _, count in pools for _ in range(count)]
    for slot, x, shift in zip(row, edges, before, strict=False):
        slot.x = x + shift


def _wanted(slot: Slot, joints: Sequence[Joint]) -> float:
    """The left edge that a slot would have, were it alone; where it was, if nothing pulls it."""
    if not joints:
        return slot.x
    weights = [joint.slot.weight for joint in joints]
    pulls = (joint.slot.x + joint.there - joint.here for joint in joints)
    return sum(weight * pull for weight, pull in zip(weights, pulls, strict=True)) / sum(weights)


def _straighten(chain: Sequence[Slot]) -> None:
    """Let all bends of a link go where they have room: beside all that it passes, on the side on which it passes it."""
    bends = chain[1:-1]
    if not bends:
        return
    places = [slot.x for slot in bends]
    ends = chain[0].x + chain[0].width / 2 + chain[-1].x + chain[-1].width / 2
    goal = max(places) if 2 * sum(places) / len(places) >= ends else min(places)
    for slot in bends:
        slot.goal = goal
