"""Groups of one class of which some do more → one structure, with `when` at what only some of them do.

As the shifted windows of a Swin Transformer: some of its blocks roll their input, mask, and roll back. What is more has
to lie in series: one value enters, the one that leaves takes its place, and left out it is the identity.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace

from netspec.importer.items import Item
from netspec.importer.structure import Structures
from netspec.layers.table import TABLE

MOST_ITEMS, MOST_SEGMENTS, LONGEST = 60, 4, 24

Value = tuple[object, str]  # the index of an item, or `in`, and which of its outputs, or the name of what enters


@dataclass(frozen=True)
class _Segment:
    """Items from `start` to `end` that only the longer list has; `value` is what enters them."""

    start: int
    end: int
    value: Value


def aligned(
    shorter: Sequence[Item], longer: Sequence[Item], structures: Structures
) -> tuple[list[Item], list[Item]] | None:
    """Both lists with the structure of the longer one; None where what it has besides does not lie in series.

    Args:
        shorter, longer: the items of two groups; they are not changed.
        structures: of the blocks that they use.
    """
    if not len(shorter) < len(longer) <= MOST_ITEMS or not (_named(shorter) and _named(longer)):
        return None
    search = _Search(shorter, longer, structures)
    found = search.run(0, 0, {}, ())
    return None if found is None else _merged(shorter, longer, *found)


def _holds(item: Item) -> bool:
    """Whether an item is a module, or a tensor, of the module around it."""
    return item.type != "order" and not (item.type in TABLE and TABLE[item.type].is_function)


def _optional(item: Item) -> bool:
    """Whether an item may be left out: nothing of it is in the state_dict."""
    temporary = item.type == "buffer" and item.args.get("persistent") is False
    return (temporary or not _holds(item)) and item.repeat is None and not item.wires and item.type != "order"


def _named(items: Sequence[Item]) -> bool:
    """Whether no module has its number for a name, which further items would change."""
    return all(item.name is not None for item in items if _holds(item) and not _optional(item))


def _values(items: Sequence[Item]) -> list[list[Value]]:
    """The values that each item takes; none for one that only takes the size of the batch."""
    names = {item.name: index for index, item in enumerate(items) if item.name is not None}
    found: list[list[Value]] = []
    for index, item in enumerate(items):
        record = TABLE.get(item.type)
        if item.type == "order" or (record is not None and record.constant):
            found.append([])
            continue
        texts = [*item.wires.values()] if item.wires else item.sources
        if texts is None:
            found.append([(index - 1, "") if index else ("in", "input")])
            continue
        own: list[Value] = []
        for text in texts:
            name, _, output = text.partition(".")
            own.append((names[name], output) if name in names else ("in", text))
        found.append(own)
    return found


class _Search:
    def __init__(self, shorter: Sequence[Item], longer: Sequence[Item], structures: Structures) -> None:
        self.short, self.long = shorter, longer
        self.keys = [[structures.of([_bare(item)]).key for item in items] for items in (shorter, longer)]
        self.taken = [_values(shorter), _values(longer)]

    def run(
        self, i: int, j: int, mapped: dict[Value, Value], segments: tuple[_Segment, ...]
    ) -> tuple[dict[int, int], tuple[_Segment, ...]] | None:
        """The items of the longer list for those of the shorter one, from `i` and `j` on, and the segments."""
        if i == len(self.short) and j == len(self.long):
            return {}, segments
        if i < len(self.short) and j < len(self.long) and self.match(i, j, mapped):
            found = self.run(i + 1, j + 1, {**mapped, (i, ""): (j, "")}, segments)
            if found is not None:
                return {i: j, **found[0]}, found[1]
        if len(segments) == MOST_SEGMENTS or i == 0 == len(self.short):
            return None
        for end in range(j + 1, min(len(self.long), j + LONGEST) + 1):
            if not _optional(self.long[end - 1]):
                return None
            value = self.entering(j, end)
            if value is None or not self.in_series(j, end):
                continue
            ahead = {one: (end - 1, "") if other == value else other for one, other in mapped.items()}
            if value[0] == "in":
                ahead[value] = (end - 1, "")
            if end == len(self.long) and (i < len(self.short) or mapped.get((i - 1, "")) != value):
                continue
            found = self.run(i, end, ahead, (*segments, _Segment(j, end, value)))
            if found is not None:
                return found
        return None

    def match(self, i: int, j: int, mapped: dict[Value, Value]) -> bool:
        """Whether two items are the same, on the same values."""
        one, other = self.short[i], self.long[j]
        if self.keys[0][i] != self.keys[1][j] or (_holds(one) and one.name != other.name):
            return False
        return [_mapped(value, mapped) for value in self.taken[0][i]] == self.taken[1][j]

    def entering(self, start: int, end: int) -> Value | None:
        """The one value that enters some items of the longer list; None where there are several."""
        outside = {
            value
            for taken in self.taken[1][start:end]
            for value in taken
            if not (isinstance(value[0], int) and start <= value[0] < end)
        }
        return next(iter(outside)) if len(outside) == 1 else None

    def in_series(self, start: int, end: int) -> bool:
        """Whether only the last of some items is used behind them."""
        behind = (value[0] for taken in self.taken[1][end:] for value in taken)
        return not any(isinstance(index, int) and start <= index < end - 1 for index in behind)


def _bare(item: Item) -> Item:
    """An item without its name and what it takes."""
    return replace(item, name=None, sources=None, wires=dict.fromkeys(item.wires, ""))


def _mapped(value: Value, mapped: dict[Value, Value]) -> Value:
    """The value of the longer list for one of the shorter one."""
    if value in mapped:
        return mapped[value]
    place = mapped.get((value[0], ""))
    return value if place is None else (place[0], value[1])


def _merged(
    shorter: Sequence[Item], longer: Sequence[Item], pairs: dict[int, int], segments: tuple[_Segment, ...]
) -> tuple[list[Item], list[Item]]:
    """The two lists in the structure of the longer one; in the shorter one its segments are left out."""
    items = [replace(item) for item in longer]
    taken = {item.name for item in items}

    def unused(base: str) -> str:
        name, count = base, 1
        while name in taken:
            count += 1
            name = f"{base}_{count}"
        taken.add(name)
        return name

    option = f"with_{longer[segments[0].start].type}"
    partner = {j: shorter[i] for i, j in pairs.items()}
    starts = {segment.start: segment for segment in segments}
    renamed: dict[str, str] = {}
    lists: tuple[list[Item], list[Item]] = ([], [])
    index = 0
    for segment in segments:
        place = segment.value[0]
        if isinstance(place, int) and items[place].name is None:
            items[place].name = unused(items[place].type)
    while index < len(items):
        item = items[index]
        if item.sources is not None:
            item.sources = tuple(_renamed(text, renamed) for text in item.sources)
        item.wires = {key: _renamed(text, renamed) for key, text in item.wires.items()}
        begun = starts.get(index)
        if begun is None:
            lists[1].append(item)
            own = partner[index]
            name = own.name if _holds(item) else item.name
            lists[0].append(replace(own, name=name, sources=item.sources, wires=item.wires))
            index += 1
            continue
        place, output = begun.value
        entering = output if not isinstance(place, int) else ".".join(filter(None, (items[place].name, output)))
        entering = renamed.get(entering, entering)
        inside = items[begun.start : begun.end]
        if len(inside) == 1:
            made = replace(item, name=item.name or unused(item.type), sources=(entering,))
        else:
            last = inside[-1]
            made = Item(
                "", name=unused(f"{option}_{len(lists[1])}"), sources=(entering,), items=inside, shape=last.shape
            )
            for each in inside:
                if each.sources is not None:
                    each.sources = tuple("input" if text == entering else text for text in each.sources)
            if last.name is not None:
                renamed[last.name] = made.name or ""
                last.name = None
        made.option, made.when = option, True
        lists[1].append(made)
        absent = deepcopy(made)
        absent.when = False
        lists[0].append(absent)
        index = begun.end
    return lists


def _renamed(text: str, names: dict[str, str]) -> str:
    """A reference with another name for its item."""
    name, dot, rest = text.partition(".")
    return f"{names.get(name, name)}{dot}{rest}"
