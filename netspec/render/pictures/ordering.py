"""The order of the slots in each rank of a layered layout: by barycentres, so that few lines cross."""

from __future__ import annotations

from bisect import bisect_left, insort

from netspec.render.pictures.cells import Joint, Slot

SWEEPS = 8


def ordered(rows: list[list[Slot]]) -> list[list[Slot]]:
    """The ranks in the best order that some sweeps find.

    Args:
        rows: the slots of each rank, with their joints.
    """
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
