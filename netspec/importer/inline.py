"""Blocks that are used at one place only → groups at that place, with their parameters' values written in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from netspec.importer.formulas import Formula
from netspec.importer.items import Item
from netspec.importer.text import Block

_WORD = re.compile(r"[A-Za-z_]\w*")


def inlined(network: Item, blocks: dict[str, Block]) -> None:
    """Write each block that one item uses into that item; blocks with outputs stay.

    Args:
        network: the group of all items; it is changed.
        blocks: by name; those that are written in are removed.
    """
    for name in [*blocks]:
        block = blocks[name]
        lists = [network.items, *(other.items for other in blocks.values() if other is not block)]
        uses = [item for items in lists for item in _every(items) if item.type == name]
        if len(uses) != 1 or block.outputs or uses[0].repeat is not None:
            continue
        values = {**block.params, **uses[0].args}
        if _bound(block.items) & {word for value in values.values() for word in _words(value)}:
            continue
        for item in _every(block.items):
            if item.type not in ("share", "order"):
                item.args = {key: _written(value, values) for key, value in item.args.items()}
            item.repeat = _written(item.repeat, values)
            item.when = _written(item.when, values)
        uses[0].type, uses[0].args, uses[0].items, uses[0].title = "", {}, block.items, name
        del blocks[name]


def _every(items: Sequence[Item]) -> Iterator[Item]:
    """All items of a list, and those inside them."""
    for item in items:
        yield item
        yield from _every(item.items)


def _bound(items: Sequence[Item]) -> set[str]:
    """The names that repeats inside some items give values to."""
    return {name for item in _every(items) if isinstance(item.repeat, dict) for name in item.repeat}


def _words(value: Any) -> list[str]:
    if isinstance(value, list):
        return [word for each in value for word in _words(each)]
    return _WORD.findall(value) if isinstance(value, str) else []


def _written(value: Any, values: Mapping[str, Any]) -> Any:
    """A value with the values of parameters in place of their names."""
    if isinstance(value, list):
        return [_written(each, values) for each in value]
    if isinstance(value, dict):
        return {key: _written(each, values) for key, each in value.items()}
    if isinstance(value, Formula):
        return Formula(tuple(_written(part, values) if place % 2 else part for place, part in enumerate(value.parts)))
    if not isinstance(value, str):
        return value
    if value in values:
        return values[value]

    def said(found: re.Match[str]) -> str:
        if found[0] not in values:
            return found[0]
        text = str(values[found[0]])
        return text if text.isidentifier() or text.isdecimal() else f"({text})"

    return _WORD.sub(said, value)
