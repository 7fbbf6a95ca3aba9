"""Items → fewer items: modules of equal structure become one block, and runs of equal items a repeat."""

from __future__ import annotations

from netspec.importer.items import Item
from netspec.importer.text import Block


def folded(network: Item) -> tuple[Item, dict[str, Block]]:
    """The network with blocks and repeats, and the blocks by name, each after those that it uses."""
    blocks: dict[str, Block] = {}

    def walk(item: Item) -> None:
        for each in item.items:
            walk(each)
            if each.is_group and (each.name is None or each.outputs):
                name = each.title
                count = 1
                while name in blocks:
                    count += 1
                    name = f"{each.title}{count}"
                blocks[name] = Block(name, each.items, outputs=each.outputs)
                each.type, each.items, each.outputs = name, [], ()

    walk(network)
    return network, blocks
