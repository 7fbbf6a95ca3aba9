"""What a layered layout places: cells and the links between them, and the slots that stand for both in its ranks."""

from __future__ import annotations

from dataclasses import field

from netspec.core.dataclass import dataclass


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
    a cell that takes nothing, as a learned tensor. `goal` is where a bend makes its link straight, once that is known.
    """

    rank: int
    width: float
    weight: float
    above: list[Joint] = field(default_factory=list)
    below: list[Joint] = field(default_factory=list)
    index: int = 0
    x: float = 0.0  # of its left edge
    goal: float | None = None


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
