"""What is the same in two items and what may differ: their structure, and the places of their numbers.

Two items of one structure differ only in numbers, true and false: these become parameters of a block or the lists of a
repeat.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from netspec.importer.formulas import Formula
from netspec.importer.items import Item
from netspec.importer.text import Block
from netspec.layers.record import REQUIRED
from netspec.layers.table import TABLE

COUNT = "repeat"  # the place of a repeat's count


@dataclass(frozen=True)
class Place:
    """One number of an item: where it stands, what it is now, and what it is where nothing is written.

    Args:
        item: the item.
        name: the argument, or `repeat`.
        index: of a list, the number in it.
        value: the number, or true or false.
        usual: the default; None where there is none.
    """

    item: Item
    name: str
    index: int | None
    value: Any
    usual: Any

    def write(self, value: Any) -> None:
        """Put a value, or an expression, at this place; a default is left out."""
        if self.name == self.item.option:
            self.item.when = value
        elif self.name == COUNT and self.item.repeat is not None:
            self.item.repeat = value
        elif isinstance(formula := self.item.args.get(self.name), Formula) and self.index is not None:
            parts = [value if place == self.index else part for place, part in enumerate(formula.parts)]
            self.item.args[self.name] = Formula(tuple(parts))
        elif self.index is not None:
            self.item.args[self.name] = [*self.item.args[self.name]]
            self.item.args[self.name][self.index] = value
        elif self.usual is not None and type(value) is not str and same(value, self.usual):
            self.item.args.pop(self.name, None)
        else:
            self.item.args[self.name] = value


@dataclass
class Structure:
    """The structure of some items, equal for equal ones, and the places of their numbers in order."""

    key: Hashable = ()
    places: list[Place] = field(default_factory=list)


def same(one: object, other: object) -> bool:
    """Whether two numbers are the same, and of the same kind."""
    return type(one) is type(other) and one == other


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)


class Structures:
    """Finds structures; `blocks` are those that the items use."""

    def __init__(self, blocks: Mapping[str, Block]) -> None:
        self.blocks = blocks

    def of(self, items: Sequence[Item], *, names: bool = True) -> Structure:
        """The structure of a list of items; without `names`, their own names do not count."""
        found = Structure()
        found.key = tuple(self._key(item, found.places, names) for item in items)
        return found

    def _key(self, item: Item, places: list[Place], names: bool) -> Hashable:
        wires = tuple(item.wires.items())
        own = (item.type, item.name if names else None, item.outputs, item.applied)
        head = (*own, item.each, item.sources, wires, tuple(item.tie.items()), repr(item.parametrize))
        repeat: Hashable = item.option
        if item.when is not None:
            places.append(Place(item, item.option, None, item.when, None))
        if isinstance(item.repeat, int):
            places.append(Place(item, COUNT, None, item.repeat, None))
            repeat = "count"
        elif item.repeat is not None:
            repeat = repr(item.repeat)
        if item.is_group:
            return (*head, repeat, tuple(self._key(each, places, True) for each in item.items))
        return (*head, repeat, self._arguments(item, places))

    def _arguments(self, item: Item, places: list[Place]) -> Hashable:
        if item.type in ("share", "order"):
            return str(item.args[item.type])
        if item.type in self.blocks:
            known = dict(self.blocks[item.type].params)
        else:
            known = {arg.name: None if arg.default is REQUIRED else arg.default for arg in TABLE[item.type].args}
        key: list[Hashable] = []
        for name, usual in known.items():
            value = item.args.get(name, usual)
            if isinstance(value, list | tuple) and all(map(_is_number, value)) and name in item.args:
                places += [Place(item, name, index, each, None) for index, each in enumerate(value)]
                key.append((name, len(value)))
            elif isinstance(value, Formula):
                numbers = [index for index, part in enumerate(value.parts) if index % 2 and isinstance(part, int)]
                places += [Place(item, name, index, value.parts[index], None) for index in numbers]
                key.append((name, tuple(None if index in numbers else part for index, part in enumerate(value.parts))))
            elif _is_number(value):
                places.append(Place(item, name, None, value, usual))
                key.append((name, type(value) is bool))
            else:
                key.append((name, repr(value)))
        return tuple(key)


def cost(items: Sequence[Item]) -> int:
    """About how many lines some items take."""
    total = 0
    for item in items:
        inner = cost(item.items) if item.is_group else 0
        nested = any(each.is_group for each in item.items)
        total += 1 if inner <= 3 and not nested else 1 + inner
    return total
