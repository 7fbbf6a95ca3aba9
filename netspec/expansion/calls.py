"""Item → the parts of its call: evaluated arguments, the claimed shape, a condition, a block's parameters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from netspec.core.diagnostics import Edit, Fix
from netspec.core.tree import Node, Scalar, Sequence, describe
from netspec.expansion.context import Context
from netspec.expansion.scope import Flat
from netspec.expansion.sized_arguments import sized_argument, sizes_seen
from netspec.language.evaluate import FAILED
from netspec.language.spec import Item
from netspec.language.tensor_sizes import InputSizes, reads_sizes
from netspec.layers.arguments import Bool, Float, Int
from netspec.layers.record import Layer

# Booleans and floats that change a shape: where one of them fails, the shape is unknown.
SHAPING = frozenset({"ceil_mode", "keepdim", "scale_factor", "bidirectional", "batch_first"})


def arguments(
    item: Item, record: Layer, context: Context, path: str, sizes: InputSizes
) -> tuple[dict[str, Any], dict[str, Node], bool]:
    """The evaluated arguments of a layer, their nodes, and whether all are valid; `sizes` are the names of `sizes`."""
    args: dict[str, Any] = {}
    arg_nodes: dict[str, Node] = {}
    sizes = sizes and sizes_seen(sizes, context.scope)
    for key, node in item.args:
        arg = record.arg(key.text)
        assert arg is not None
        arg_nodes[arg.name] = node
        if reads_sizes(node, sizes if arg.sized else {name: None for name in sizes if name not in context.names}):
            value = sized_argument(arg, node, item, record, context, path, sizes)
        else:
            value = context.argument(node, arg.kind, f"{record.name}.{arg.name}", path)
        if value is not FAILED:
            args[arg.name] = value
        elif not arg.required and isinstance(arg.kind, Float | Bool) and arg.name not in SHAPING:
            args[arg.name] = arg.default  # the shape does not depend on it
    missing = [arg for arg in record.args if arg.required and arg.name not in arg_nodes]
    for arg in missing if item.whole else ():
        context.error("NS203", f"{record.name} needs {arg.name}: {arg.kind.wants}", item.at, layer=path)
    return args, arg_nodes, item.whole and not missing and len(args) == len(arg_nodes)


def flatten(flats: Iterable[Flat]) -> Flat:
    """Several values as one tuple of references; a single value stays as it is."""
    refs = tuple(ref for flat in flats for ref in (flat if isinstance(flat, tuple) else (flat,)))
    return refs[0] if len(refs) == 1 else refs


def condition_holds(when: Scalar, context: Context) -> bool:
    """Whether an item's condition holds; so does one that cannot be evaluated."""
    value = context.scalar(when)
    if not isinstance(value, bool) and value is not FAILED:
        text = f'{when.text} == "{value}"'
        fixes = [Fix(text, (Edit(when.span, text),))] if isinstance(value, str) and when.plain else []
        message = f"when has to be a condition such as stride > 1, got {value!r}"
        context.findings.add("NS202", message, when, frames=context.frames, fixes=fixes)
    return value is not False


def claim_of(item: Item, context: Context) -> tuple[int, ...] | None:
    """The sizes that an item's `shape` claims."""
    if item.claim is None:
        return None
    if not isinstance(item.claim, Sequence):
        context.error("NS202", f"shape has to be a list of sizes, got {describe(item.claim)}", item.claim)
        return None
    sizes = tuple(context.argument(node, Int(0), "a size of shape") for node in item.claim.items)
    return tuple(size for size in sizes if isinstance(size, int)) if FAILED not in sizes else None


def is_its_item(group: Item) -> bool:
    """Whether a named group is one item instead of a list, and can be replaced by that item."""
    if not group.single or len(group.items) != 1 or group.outputs:
        return False
    item = group.items[0]
    enters = item.sources is None or [reference.text for reference in item.sources] == ["input"]
    return enters and not item.wires and item.name is None and item.repeat is None


def only_item(group: Item) -> Item:
    """The single item of a named group, with the group's keys."""
    item = group.items[0]
    return replace(
        item,
        name=group.name,
        sources=group.sources,
        claim=group.claim or item.claim,
        tie=item.tie or group.tie,
        init=item.init or group.init,
    )


def with_claim(arg_nodes: dict[str, Node], item: Item) -> dict[str, Node]:
    """The nodes of the arguments and of the claimed `shape`."""
    return arg_nodes if item.claim is None else {**arg_nodes, "shape": item.claim}
