"""Layers in a row that all take one more value, as a mask → a `repeat` whose copies hand it on.

`for layer in self.layers: x = layer(x, mask)` is `{name: layers, repeat: 6, Layer: {}, from: [x, mask]}`, where the
block Layer gives the mask too: `outputs: [norm2, input.1]`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from netspec.importer.items import Item
from netspec.importer.text import Block


@dataclass(frozen=True)
class _Row:
    """A group whose items use one block in a row.

    Args:
        group: the group.
        owner: the items among which it stands.
        outputs: what the group or block of these gives by name.
        place: which of the values is what the block computes.
    """

    group: Item
    owner: list[Item]
    outputs: tuple[str, ...]
    place: int


def carried(network: Item, blocks: dict[str, Block], results: Sequence[str]) -> None:
    """Make repeats of the rows whose items hand on what they all take.

    Args:
        network: the group of all items; it is changed.
        blocks: by name; those of such rows give more.
        results: the references of the network's outputs.
    """
    lists = [(network.items, tuple(results)), *((block.items, block.outputs) for block in blocks.values())]
    rows: dict[str, list[_Row]] = {}
    for items, outputs in lists:
        for row in _rows(items, outputs, blocks):
            rows.setdefault(row.group.items[0].type, []).append(row)
    for name, found in rows.items():
        uses = sum(item.type == name for items, _ in lists for item in _every(items))
        if uses == sum(len(row.group.items) for row in found) and len({row.place for row in found}) == 1:
            _hand_on(blocks[name], found)


def _rows(items: list[Item], outputs: tuple[str, ...], blocks: dict[str, Block]) -> Iterator[_Row]:
    for item in items:
        if not item.is_group:
            continue
        place = _place(item, blocks)
        referred = any(each.partition(".")[0] == item.name for each in outputs)
        if place is not None and item.name is not None and not referred and item is not items[-1]:
            yield _Row(item, items, outputs, place)
        yield from _rows(item.items, item.outputs, blocks)


def _place(group: Item, blocks: dict[str, Block]) -> int | None:
    """Which of the values of a row is handed from one item to the next; None where the group is no such row."""
    if len(group.items) < 2:
        return None
    first, *others = group.items
    block = blocks.get(first.type)
    if block is None or block.outputs or group.outputs or group.repeat is not None or first.sources is None:
        return None
    if first.sources != tuple(f"input.{number}" for number in range(len(first.sources))) or len(first.sources) < 2:
        return None
    for before, item in zip(group.items, others, strict=False):
        if (item.type, item.args, item.each) != (first.type, first.args, first.each) or item.tie:
            return None
        changed = [at for at, each in enumerate(item.sources or ()) if each != first.sources[at]]
        if len(item.sources or ()) != len(first.sources) or len(changed) != 1:
            return None
        if (item.sources or ())[changed[0]] != before.name:
            return None
    names = [item.name for item in group.items]
    if any(name not in (None, str(number)) for number, name in enumerate(names)):
        return None
    return next(at for at, each in enumerate(others[0].sources or ()) if each != first.sources[at])


def _hand_on(block: Block, rows: Sequence[_Row]) -> None:
    """Let a block give what it takes, and the rows be repeats of it."""
    last, place = block.items[-1], rows[0].place
    if last.name is None:
        taken = {item.name for item in block.items}
        last.name = next(name for name in (last.type.lower() or "last", "out", "given", "result") if name not in taken)
    count = len(rows[0].group.items[0].sources or ())
    block.outputs = tuple(last.name if at == place else f"input.{at}" for at in range(count))
    for row in rows:
        group, first = row.group, row.group.items[0]
        group.repeat, group.type, group.args = len(group.items), first.type, first.args
        group.items, group.title = [], ""
        old, new = group.name, f"{group.name}.{place}"
        for item in row.owner:
            if item.sources is not None:
                item.sources = tuple(new if each == old else each for each in item.sources)
            item.wires = {name: new if each == old else each for name, each in item.wires.items()}
        following = row.owner[row.owner.index(group) + 1]
        if following.chained:
            following.sources = (new,)


def _every(items: Sequence[Item]) -> Iterator[Item]:
    """All items of a list, and those inside them."""
    for item in items:
        yield item
        yield from _every(item.items)
