"""Runs of items with one structure → `repeat`: a count, or the lists of the numbers in which the copies differ."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from netspec.importer.items import Item
from netspec.importer.naming import Parameters, parametrized
from netspec.importer.structure import Structures, cost, same

_NUMBERED = re.compile(r"(.*?)(0|[1-9]\d*)\Z")
MOST_LISTS = 5
LONGEST_LIST = 40
LONGEST_COUNT = 5


@dataclass(frozen=True, slots=True)
class Run:
    """Copies of some items in a row.

    Args:
        start: the index of the first item.
        period: how many items a copy has.
        count: how many copies there are.
        saved: how many lines a repeat saves.
        plain: the copies are equal, and hold no repeats: such runs come first, so that others may hold them.
        beside: the copies all take one value from before them, rather than each what the one before gives.
    """

    start: int
    period: int
    count: int
    saved: int
    plain: bool
    beside: bool = False


def compressed(items: list[Item], structures: Structures) -> list[Item]:
    """The items with their runs as repeats; short runs first, so that a run may hold others."""
    period = 1
    while period <= len(items) // 2:
        found = [run for start in range(len(items)) if (run := _run(items, start, period, structures)) is not None]
        if not found:
            period += 1
            continue
        best = max(found, key=lambda run: (run.plain, run.saved, -run.start))
        items = [*items[: best.start], _repeated(items, best, structures), *items[best.start + period * best.count :]]
        period = 1
    return items


def _run(items: Sequence[Item], start: int, period: int, structures: Structures) -> Run | None:
    """The longest run that starts at an item and is worth a repeat."""
    first = items[start : start + period]
    if len(first) < period or not all(map(_may_repeat, first)):
        return None
    if first[0].chained and (source := _source_of_next(items, start, period)) is not None:
        first[0].sources = (source,)  # what it takes is what the others name
        found = _run(items, start, period, structures)
        if found is None or not found.beside:
            first[0].sources = None
        return found if found is not None and found.beside else _run_in_row(items, start, period, structures)
    return _run_in_row(items, start, period, structures)


def _source_of_next(items: Sequence[Item], start: int, period: int) -> str | None:
    """What the second copy takes, where that is what the first one takes as the item before."""
    second = items[start + period] if start + period < len(items) else None
    if second is None or second.sources is None or len(second.sources) != 1:
        return None
    before = items[start - 1].name if start else "input"
    return before if second.sources == (before,) else None


def _run_in_row(items: Sequence[Item], start: int, period: int, structures: Structures) -> Run | None:
    """As `_run`, of copies as they are."""
    first = items[start : start + period]
    inside = {item.name for item in items[start:] if item.name is not None}
    if any({source.partition(".")[0] for source in item.sources or ()} & inside for item in first):
        return None
    beside = first[0].sources is not None
    if beside and any(item.name is None for item in first[:1]):
        return None
    base = structures.of(first, names=False)
    count = 1
    while True:
        copy = items[start + count * period : start + (count + 1) * period]
        if len(copy) < period or not all(map(_may_repeat, copy)) or not _named_alike(first, copy, count):
            break
        if structures.of(copy, names=False).key != base.key:
            break
        count += 1
    while count > 1:
        lists = _lists(items, start, period, count, structures)
        lines = cost(first)
        saved = count * lines - lines - (period > 1)
        most = MOST_LISTS if count > 2 else 2
        worth = saved >= 1 if not lists else saved >= 2 and lists <= most and count <= LONGEST_LIST
        if worth:
            plain = not lists and all(item.repeat is None and not item.items for item in first)
            return Run(start, period, count, saved, plain, beside)
        count -= 1
    return None


def _may_repeat(item: Item) -> bool:
    """Whether a copy of an item would take what the item itself takes."""
    named = item.name is None or _NUMBERED.match(item.name) is not None
    return named and not item.wires and item.type != "order" and not item.outputs


def _named_alike(first: Sequence[Item], copy: Sequence[Item], count: int) -> bool:
    """Whether the names count up from the first copy: layer1, layer2."""
    for one, other in zip(first, copy, strict=True):
        if (one.name is None) != (other.name is None):
            return False
        if one.name is not None and other.name is not None:
            start, now = _NUMBERED.match(one.name), _NUMBERED.match(other.name)
            if start is None or now is None or now[1] != start[1] or int(now[2]) != int(start[2]) + count:
                return False
    return True


def _lists(items: Sequence[Item], start: int, period: int, count: int, structures: Structures) -> int:
    """How many lists a repeat of a run has, about: the places whose numbers differ in other ways."""
    copies = [
        structures.of(items[start + turn * period : start + (turn + 1) * period], names=False) for turn in range(count)
    ]
    vectors = set()
    for places in zip(*(copy.places for copy in copies), strict=True):
        values = tuple(place.value for place in places)
        if not all(same(value, values[0]) for value in values):
            vectors.add(values)
    return len(vectors) + (items[start].name is not None)


def _repeated(items: Sequence[Item], run: Run, structures: Structures) -> Item:
    copies = [[*items[run.start + turn * run.period :][: run.period]] for turn in range(run.count)]
    first = copies[0]
    parameters = Parameters(names_in(first))
    named = next((item.name for item in first if item.name is not None), None)
    lists: dict[str, list[Any]] = {}
    if named is not None:
        index = next(letter for letter in ("i", "j", "k", "n") if letter not in parameters.taken)
        parameters.taken.add(index)
        lists[index] = _template(first, index, run.count)
    parametrized([structures.of(copy, names=False).places for copy in copies], parameters)
    lists |= {name: [*vector] for name, vector in parameters.vectors.items()}
    for item, *others in zip(*copies, strict=True):
        for other in others:
            item.shape = item.shape if item.shape == other.shape else ""
            forget_shapes(item, other)
    repeat: int | dict[str, Any] = {name: _counted(values) for name, values in lists.items()} or run.count
    if run.period == 1 and first[0].repeat is None:
        first[0].repeat = repeat
        return first[0]
    return Item("", items=first, repeat=repeat, spliced=True)


def _counted(values: list[Any]) -> Any:
    """A list that only counts from 0 as its length."""
    return len(values) if values == [*range(len(values))] and not isinstance(values[0], bool) else values


def _template(first: Sequence[Item], index: str, count: int) -> list[int]:
    """Put `{i}` into the names; returns the numbers that it stands for."""
    start: int | None = None
    first_number = 0
    for item in first:
        if item.name is None:
            continue
        match = _NUMBERED.match(item.name)
        assert match is not None
        number = int(match[2])
        start = number if start is None else start
        first_number = 0 if count > LONGEST_COUNT else start  # a long list is a number, and {i+1} in the names
        shift = number - first_number
        item.name = f"{match[1]}{{{index}{f'{shift:+d}' if shift else ''}}}"
    assert start is not None
    return [first_number + turn for turn in range(count)]


def names_in(items: Sequence[Item]) -> set[str]:
    """The words that expressions inside some items use already."""
    found: set[str] = set()
    for item in items:
        found |= names_in(item.items)
        if isinstance(item.repeat, dict):
            found |= {*item.repeat}
        if isinstance(item.when, str):
            found.add(item.when)
        for value in item.args.values():
            for each in value if isinstance(value, list) else [value]:
                if isinstance(each, str):
                    found |= {*re.findall(r"[A-Za-z_]\w*", each)}
    return found


def forget_shapes(item: Item, other: Item) -> None:
    """Keep the shapes inside an item only where a copy of it has the same."""
    for one, two in zip(item.items, other.items, strict=True):
        one.shape = one.shape if one.shape == two.shape else ""
        forget_shapes(one, two)
