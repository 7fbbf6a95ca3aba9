"""Cells and links → ranks: the first half of a layered layout.

After Sugiyama, Tagawa and Toda, "Methods for Visual Understanding of Hierarchical System Structures" (1981): the rank
of a cell by the longest path to it, and a bend of a link in each rank that it passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from netspec.render.pictures.cells import Cell, Joint, Layers, Link, Slot
from netspec.render.pictures.ordering import ordered

MOST_BENDS = 20_000  # further links pass behind the cells
MOST_CELLS = 3_000  # in which shortcuts are told from other links
BEND = 12.0  # the width that a bend takes
WEAK = 1e-6  # the weight of a shortcut's bend


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
        passed = last.rank - first.rank - 1
        if passed and bends + passed > MOST_BENDS:
            chains.append([first, last])
            continue
        bends += passed
        weight = WEAK if link in shortcuts else 1.0
        chain = [first, *(Slot(rank, BEND, weight) for rank in range(first.rank + 1, last.rank)), last]
        for slot in chain[1:-1]:
            rows[slot.rank].append(slot)
        for above, below in pairwise(chain):
            exit = link.exit if above is first else BEND / 2
            entry = link.entry if below is last else BEND / 2
            above.below.append(Joint(below, entry, exit))
            below.above.append(Joint(above, exit, entry))
        chains.append(chain)
    return Layers(ordered(rows), slots, chains)


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
