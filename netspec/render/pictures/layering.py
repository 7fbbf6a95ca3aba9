"""Cells and links → ranks: the first half of a layered layout.

After Sugiyama, Tagawa and Toda, "Methods for Visual Understanding of Hierarchical System Structures" (1981): the rank
of a cell by the longest path to it, a bend of a link in each rank that it passes, and an order of each rank by
barycentres that lets few links cross.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

SWEEPS = 8
MOST_BENDS = 20_000  # further links pass behind the cells
MOST_CELLS = 3_000  # in which shortcuts are told from other links
BEND = 12.0  # the width that a bend takes
WEAK = 1e-6  # the weight of a shortcut's bend


@dataclass(frozen=True, slots=True)
class Cell:
    """A rectangle that is to be placed.

    Args:
        width, height: its size.
        below: the height of what is written below it, beside the lines that leave it.
        pin: `first` or `last` for what belongs into the first or last rank, nothing for others.
    """

    width: float
    height: float
    below: float = 0.0
    pin: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A line from the lower edge of a cell to the upper edge of a later one.

    Args:
        source, target: the indexes of the cells; the target comes after the source.
        exit, entry: where it leaves and arrives, from the left edge of the cell.
    """

    source: int
    target: int
    exit: float
    entry: float


@dataclass(slots=True, eq=False)
class Slot:
    """A place in a rank, for a cell or for the bend of a link; `above` and `below` are the lines to the next ranks.

    `weight` says how much of a line's straightness it decides: next to nothing where it is the bend of a shortcut, or
    a cell that takes nothing, as a learned tensor. `chain` are all slots of a bend's link.
    """

    rank: int
    width: float
    weight: float
    above: list[Joint] = field(default_factory=list)
    below: list[Joint] = field(default_factory=list)
    index: int = 0
    x: float = 0.0  # of its left edge
    chain: list[Slot] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Joint:
    """One end of a line between two ranks, seen from the other end.

    Args:
        slot: where the line leads.
        there, here: where it meets that slot and this one, from their left edges.
    """

    slot: Slot
    there: float
    here: float


@dataclass(frozen=True, slots=True)
class Layers:
    """What is to be placed, in ranks.

    Args:
        ranks: the slots of each rank from left to right.
        slots: that of each cell.
        chains: of each link its slots from the source to the target.
    """

    ranks: list[list[Slot]]
    slots: list[Slot]
    chains: list[list[Slot]]


def layers_of(cells: Sequence[Cell], links: Sequence[Link]) -> Layers:
    """The ranks of a graph.

    Args:
        cells: in an order in which links only lead forward.
        links: between them.
    """
    ranks = _ranks(cells, links)
    fed = {link.target for link in links}
    slots = [
        Slot(rank, cell.width, 1.0 if index in fed or cell.pin else WEAK)
        for index, (cell, rank) in enumerate(zip(cells, ranks, strict=True))
    ]
    rows: list[list[Slot]] = [[] for _ in range(max(ranks, default=-1) + 1)]
    for slot in slots:
        rows[slot.rank].append(slot)
    chains, bends = [], 0
    shortcuts = _shortcuts(len(cells), links)
    for link in links:
        first, last = slots[link.source], slots[link.target]
        bends += last.rank - first.rank - 1
        if bends > MOST_BENDS:
            chains.append([first, last])
            continue
        weight = WEAK if link in shortcuts else 1.0
        chain = [first, *(Slot(rank, BEND, weight) for rank in range(first.rank + 1, last.rank)), last]
        for slot in chain[1:-1]:
            slot.chain = chain
            rows[slot.rank].append(slot)
        for above, below in pairwise(chain):
            exit = link.exit if above is first else BEND / 2
            entry = link.entry if below is last else BEND / 2
            above.below.append(Joint(below, entry, exit))
            below.above.append(Joint(above, exit, entry))
        chains.append(chain)
    return Layers(_ordered(rows), slots, chains)


def _ranks(cells: Sequence[Cell], links: Sequence[Link]) -> list[int]:
    """One more than the ranks of all that a cell takes; what takes nothing comes just above the first that takes it."""
    least = int(any(cell.pin == "first" for cell in cells))
    ranks = [0 if cell.pin == "first" else least for cell in cells]
    takes, gives = [False] * len(cells), [len(cells)] * len(cells)
    for link in sorted(links, key=lambda link: link.target):
        ranks[link.target] = max(ranks[link.target], ranks[link.source] + 1)
        takes[link.target] = True
    for link in links:
        gives[link.source] = min(gives[link.source], ranks[link.target])
    for index, cell in enumerate(cells):
        if not takes[index] and not cell.pin and gives[index] < len(cells):
            ranks[index] = max(least, gives[index] - 1)
    last = max((rank for cell, rank in zip(cells, ranks, strict=True) if cell.pin != "last"), default=-1) + 1
    return [last if cell.pin == "last" else rank for cell, rank in zip(cells, ranks, strict=True)]


def _shortcuts(count: int, links: Sequence[Link]) -> set[Link]:
    """The links beside which there is another way, as around a residual block; of a huge graph all."""
    if count > MOST_CELLS:
        return set(links)
    behind = [0] * count  # the cells that are reached from each, as bits
    after: list[list[Link]] = [[] for _ in range(count)]
    for link in links:
        after[link.source].append(link)
    found = set()
    for source in reversed(range(count)):
        reached = 0
        for link in after[source]:
            reached |= behind[link.target]
        found |= {link for link in after[source] if reached >> link.target & 1}
        for link in after[source]:
            reached |= 1 << link.target
        behind[source] = reached
    return found


def _ordered(rows: list[list[Slot]]) -> list[list[Slot]]:
    """The ranks in the best order that some sweeps find."""
    _number(rows)
    if all(len(row) < 2 for row in rows):
        return rows
    best, fewest = [*map(list, rows)], _crossings(rows)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for row in rows if down else reversed(rows):
            row.sort(key=lambda slot: _barycentre(slot, slot.above if down else slot.below))
            for index, slot in enumerate(row):
                slot.index = index
        crossings = _crossings(rows)
        if crossings < fewest:
            best, fewest = [*map(list, rows)], crossings
        if not fewest:
            break
    _number(best)
    return best


def _number(rows: list[list[Slot]]) -> None:
    for row in rows:
        for index, slot in enumerate(row):
            slot.index = index


def _place(joint: Joint) -> float:
    """The place of a line's end in its rank; ends at one slot are told apart by where they meet it."""
    return joint.slot.index + joint.there / (joint.slot.width + 1)


def _barycentre(slot: Slot, joints: list[Joint]) -> float:
    return sum(map(_place, joints)) / len(joints) if joints else slot.index


def _crossings(rows: list[list[Slot]]) -> int:
    """How many pairs of lines cross: inversions of their ends below, sorted by their ends above."""
    total = 0
    for row in rows:
        ends = []
        for slot in row:
            ends += [(slot.index + joint.here / (slot.width + 1), _place(joint)) for joint in slot.below]
        ends.sort()
        seen: list[float] = []
        for _, below in ends:
            total += len(seen) - bisect_left(seen, below + 1e-9)
            insort(seen, below)
    return total
