"""Items → fewer items: modules of one structure become a block with parameters, runs of items a repeat.

It works from the innermost modules outwards, so that a block may use others.
"""

from __future__ import annotations

import itertools
import keyword
import re
from collections.abc import Hashable, Sequence

from netspec.core.names import NAME
from netspec.importer.carried import carried
from netspec.importer.inline import inlined
from netspec.importer.items import Item
from netspec.importer.naming import Parameters, parametrized
from netspec.importer.options import aligned
from netspec.importer.repeats import compressed, forget_shapes, names_in
from netspec.importer.structure import Structure, Structures, cost, same
from netspec.importer.text import Block
from netspec.layers.table import TABLE

CONTAINERS = ("Sequential", "ModuleList", "ModuleDict")


def folded(network: Item, results: Sequence[str] = ()) -> tuple[Item, dict[str, Block]]:
    """The network with blocks and repeats, and the blocks by name, each after those that it uses.

    Args:
        network: the group of all items; it is changed.
        results: the references of its outputs.
    """
    blocks: dict[str, Block] = {}
    structures = Structures(blocks)
    for groups in _by_height(network):
        alike: dict[Hashable, list[tuple[Item, Structure]]] = {}
        for group in groups:
            group.items = compressed(group.items, structures)
            structure = structures.of(group.items)
            alike.setdefault((group.title, group.outputs, structure.key), []).append((group, structure))
        _with_options(alike, structures)
        for members in alike.values():
            if _worth(members):
                _block(members, blocks)
    network.items = compressed(network.items, structures)
    carried(network, blocks, results)
    inlined(network, blocks)
    network.items = _filled(network.items)
    for block in blocks.values():
        block.items = _filled(block.items)
    return network, blocks


def _with_options(alike: dict[Hashable, list[tuple[Item, Structure]]], structures: Structures) -> None:
    """Let groups of one class share a structure where some only do more than others.

    Args:
        alike: the groups of one height by their class, outputs and structure; it is changed.
        structures: of the blocks that they use.
    """
    keys = sorted(alike, key=lambda key: -len(alike[key][0][0].items))
    for key, other in itertools.combinations(keys, 2):
        longer, shorter = alike.get(key, []), alike.get(other, [])
        if not longer or not shorter or longer[0][0].title != shorter[0][0].title or longer[0][0].title in CONTAINERS:
            continue
        if longer[0][0].outputs or shorter[0][0].outputs:
            continue

        def partner(members: Sequence[tuple[Item, Structure]], at: int) -> list[Item]:
            return members[min(at, len(members) - 1)][0].items

        less = [aligned(group.items, partner(longer, at), structures) for at, (group, _) in enumerate(shorter)]
        more = [aligned(partner(shorter, at), group.items, structures) for at, (group, _) in enumerate(longer)]
        if None in less or None in more:
            continue
        for members, found, side in ((shorter, less, 0), (longer, more, 1)):
            for (group, _), pair in zip(members, found, strict=True):
                group.items = pair[side] if pair is not None else group.items
        del alike[key], alike[other]
        for group, _ in (*longer, *shorter):
            structure = structures.of(group.items)
            alike.setdefault((group.title, group.outputs, structure.key), []).append((group, structure))


def _by_height(network: Item) -> list[list[Item]]:
    """The groups below the network, the innermost first."""
    levels: list[list[Item]] = []

    def height(item: Item) -> int:
        level = 1 + max((height(each) for each in item.items if each.is_group), default=-1)
        if item is not network:
            levels.extend([] for _ in range(level + 1 - len(levels)))
            levels[level].append(item)
        return level

    height(network)
    return levels


def _worth(members: Sequence[tuple[Item, Structure]]) -> bool:
    """Whether a block makes the text shorter, or is the only form: of a group with outputs."""
    first = members[0][0]
    if first.outputs:
        return True
    lines, count = cost(first.items), len(members)
    if first.title not in CONTAINERS and first.title and lines > 2:
        return count * lines > lines + count + 1
    return count * lines > lines + count + 3 and (lines > 2 or first.title not in CONTAINERS)


def _block(members: Sequence[tuple[Item, Structure]], blocks: dict[str, Block]) -> None:
    """Make one block of groups with one structure, and uses of it of them."""
    first = members[0][0]
    name = _unused(first, blocks)
    parameters = Parameters(names_in(first.items))
    parametrized([structure.places for _, structure in members], parameters)
    for group, _ in members[1:]:
        forget_shapes(first, group)
    defaults = {key: parameters.default(key) for key in parameters.vectors}
    params = {key: default for key, default in defaults.items() if default is None}
    params |= {key: default for key, default in defaults.items() if default is not None}
    blocks[name] = Block(name, first.items, params, first.outputs)
    for turn, (group, _) in enumerate(members):
        values = {key: parameters.vectors[key][turn] for key in params}
        group.args = {key: value for key, value in values.items() if not same(value, params[key])}
        group.type, group.items, group.outputs = name, [], ()


def _unused(group: Item, blocks: dict[str, Block]) -> str:
    """A name for the block of a group: its class, unless that says nothing."""
    base = group.title
    if base in CONTAINERS:
        words = re.findall(r"[A-Za-z]+", group.name or "stage")
        base = "".join(word.capitalize() for word in words) or "Stage"
    base = base.lstrip("_") if NAME.match(base.lstrip("_")) else "Stage"
    base = f"{base}Block" if base in TABLE or keyword.iskeyword(base) else base
    name, count = base, 1
    while name in blocks or name in TABLE:
        count += 1
        name = f"{base}{count}"
    return name


def _filled(items: list[Item]) -> list[Item]:
    """A group that holds only a repeat takes it over: `{name: layer1, repeat: 3, Bottleneck: {}}`."""
    found = []
    for item in items:
        item.items = _filled(item.items)
        only = item.items[0] if len(item.items) == 1 else None
        plain = (
            item.is_group
            and not item.spliced
            and item.name is not None
            and "{" not in item.name
            and item.repeat is None
            and item.when is None
        )
        fills = only is not None and only.repeat is not None and (only.spliced or not only.is_group)
        if plain and fills and only is not None and only.name is None and only.chained:
            only.name, only.sources, only.shape = item.name, item.sources, item.shape
            item = only
        found.append(item)
    return found
