"""Steps of a scope → its runs of equal copies: what a picture folds to `×3`.

Copies are equal where their layers have the same types and written arguments and are connected in the same way;
shapes may differ, as in a dense block. Each copy takes the last value of the one before, and nothing but the last
value of the last copy is used behind them. Short copies are found first, and longer ones may be made of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from netspec.core.dataclass import dataclass
from netspec.expansion.graph import Local

LONGEST = 24  # pieces of one copy
LEAST_HIDDEN = 2  # layers that folding has to hide


@dataclass(frozen=True, slots=True)
class Signed:
    """A step as far as copies have to agree in it.

    Args:
        sign: equal for equal layers and scopes.
        size: how many layers it has in it.
        sources: the values that it takes.
        place: the line and column of its item.
    """

    sign: int
    size: int
    sources: tuple[Local, ...]
    place: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Piece:
    """A step, or a run of equal copies.

    Args:
        start, stop: the indexes of its first step, and behind its last one.
        sign: equal for equal pieces.
        size: how many layers it has in it.
        period: of a run: how many pieces make one copy.
        pieces: of a run: those of all copies.
    """

    start: int
    stop: int
    sign: object
    size: int
    period: int = 0
    pieces: tuple[Piece, ...] = ()


@lru_cache(maxsize=256)  # while a text is edited, most scopes stay as they were
def pieces_of(steps: tuple[Signed, ...], results: tuple[Local, ...]) -> tuple[Piece, ...]:
    """The steps of a scope, equal copies joined to runs.

    Args:
        steps: of the scope.
        results: the values that leave it.
    """
    last_use = [-1] * len(steps)  # the index of the last step that uses a step's value
    for index, step in enumerate(steps):
        for source in step.sources:
            if source.step >= 0:
                last_use[source.step] = index
    for result in results:
        if result.step >= 0:
            last_use[result.step] = len(steps)
    pieces = [Piece(index, index + 1, step.sign, step.size) for index, step in enumerate(steps)]
    period = 1
    while period <= min(LONGEST, len(pieces) // 2):
        joined = _joined(pieces, period, steps, last_use)
        period = period + 1 if len(joined) == len(pieces) else 1  # what was joined may be part of further copies
        pieces = joined
    return tuple(pieces)


def _joined(pieces: list[Piece], period: int, steps: Sequence[Signed], last_use: Sequence[int]) -> list[Piece]:
    """The pieces, with the runs of one period joined."""
    found: list[Piece] = []
    at = 0
    while at < len(pieces):
        first = pieces[at : at + period]
        times = 1
        while _follows(pieces, at, period, times, steps):
            times += 1
        while times > 1 and not _closed(last_use, pieces[at].start, pieces[at + times * period - 1].stop):
            times -= 1
        size = sum(piece.size for piece in first)
        early = all(steps[first[0].start].place <= steps[piece.start].place for piece in first)  # as the spec begins it
        if times > 1 and size * (times - 1) >= LEAST_HIDDEN and early:
            inner = tuple(pieces[at : at + times * period])
            sign = (times, *(piece.sign for piece in first))
            found.append(Piece(inner[0].start, inner[-1].stop, sign, size * times, period, inner))
            at += times * period
        else:
            found.append(pieces[at])
            at += 1
    return found


def _follows(pieces: Sequence[Piece], at: int, period: int, times: int, steps: Sequence[Signed]) -> bool:
    """Whether the pieces after `times` copies are one copy more, connected as the one before it is."""
    here = at + period * times
    if here + period > len(pieces):
        return False
    if any(pieces[here - period + k].sign != pieces[here + k].sign for k in range(period)):
        return False
    start, before, now = pieces[at].start, pieces[here - period].start, pieces[here].start
    length = now - before
    entries: set[Local] = set()  # what enters the first copy where the second takes the first one's value
    linked = False
    for index in range(now, pieces[here + period - 1].stop):
        for old, new in zip(steps[index - length].sources, steps[index].sources, strict=True):
            if new.step == now - 1:  # what the copy before gives
                linked = True
                if times == 1:
                    entries.add(old)
                elif old != Local(new.step - length, new.output):
                    return False
            elif old != (Local(new.step - length, new.output) if new.step >= now else new) or start <= new.step < now:
                return False
    return linked and (times > 1 or (len(entries) == 1 and entries.pop().step < start))


def _closed(last_use: Sequence[int], start: int, stop: int) -> bool:
    """Whether only the last of these steps is used behind them."""
    return all(use < stop for use in last_use[start : stop - 1])
