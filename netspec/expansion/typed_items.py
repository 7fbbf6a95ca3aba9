"""An item whose type is the value of a parameter → the item with its layer or block, and all its arguments."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import replace

from netspec.core.diagnostics import Findings
from netspec.core.expressions import LayerValue
from netspec.core.tree import Node, Scalar
from netspec.expansion.block_values import type_value
from netspec.expansion.context import Context
from netspec.language.argument_syntax import NO_NAMES, block_args, layer_args
from netspec.language.evaluate import FAILED
from netspec.language.spec import Block, Item
from netspec.layers.record import Layer

Types = Dict[str, Layer | Block]


class TypedItems:
    """Gives such items their types; the same item with the same value is the same object, as without a parameter."""

    def __init__(self, types: Types, params: Dict[str, Node]) -> None:
        self.types = types
        self.params = params
        self.made: dict[tuple[int, str, int], tuple[Item, Node | None, Item | None]] = {}

    def __call__(self, item: Item, context: Context) -> Item | None:
        """The item with its type; None, with a finding, where the value of the parameter is no type."""
        name = item.at.text
        value = context.names.get(name)
        if name not in self.types or isinstance(value, LayerValue) or value in self.types:
            declared = self.params.get(name) if not context.frames else None
            value = type_value(name, value, declared or item.at, context)
            if value is FAILED:
                return None
        word = value.type.text if isinstance(value, LayerValue) else value if isinstance(value, str) else name
        word = word if word in self.types else name
        bound = value.argument if isinstance(value, LayerValue) else None
        key = (id(item), word, id(bound))
        if key not in self.made:
            self.made[key] = (item, bound, self._with_type(item, word, bound, context))
        return self.made[key][2]

    def _with_type(self, item: Item, word: str, bound: Node | None, context: Context) -> Item | None:
        at = Scalar(word, item.at.span, word, frames=item.at.frames)
        kind, found = self.types[word], Findings()
        if isinstance(kind, Block):
            if item.wires:
                context.error("NS202", NO_NAMES, item.wires[0][0])
                return None
            first, _ = block_args(at, bound, dict(kind.params), Findings())  # has its findings where it is written
            args, whole = block_args(at, item.argument_node, dict(kind.params), found)
            item = replace(item, kind="block")
        else:
            first, _ = layer_args(kind, bound, Findings())
            args, whole = layer_args(kind, item.argument_node, found)
            item = replace(item, record=kind)
        framed = (replace(each, frames=(*each.frames, *context.frames)) for each in found.list())
        context.findings.extend(framed)
        given = {name.text for name, _ in args}
        kept = tuple((name, node) for name, node in first if name.text not in given)
        return replace(item, at=at, args=(*kept, *args), whole=whole)
