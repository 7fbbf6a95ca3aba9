"""A reshape that writes the batch, as torch's `view(-1, n)` does: its sizes without it."""

from __future__ import annotations

from math import prod

from netspec.core.diagnostics import Edit, Fix
from netspec.core.shapes import Shape
from netspec.core.tree import Sequence
from netspec.expansion.graph import Call
from netspec.fixes.values import node_text, span_of

NO_BATCH = "the batch axis is not written"


def without_batch(call: Call, arriving: Shape) -> Shape | None:
    """The sizes of a reshape that begins with -1 for the batch, without it; None where another reading is likelier.

    Args:
        call: of the reshape.
        arriving: the sample.
    """
    sizes = call.args.get("shape")
    if call.record.name != "reshape" or not isinstance(sizes, tuple) or len(sizes) < 2 or sizes[0] != -1:
        return None
    rest = sizes[1:]
    return rest if -1 not in rest and prod(rest) == prod(arriving) else None


def drop_batch(call: Call, sizes: Shape) -> Fix | None:
    """The fix that writes a reshape without its first size.

    Args:
        call: of the reshape.
        sizes: those that stay.
    """
    node = call.arg_nodes.get("shape")
    if not isinstance(node, Sequence) or len(node.items) != len(sizes) + 1:
        return None
    text = ", ".join(map(node_text, node.items[1:]))
    return Fix(f"shape: [{text}], {NO_BATCH}", (Edit(span_of(node.items), text),))
