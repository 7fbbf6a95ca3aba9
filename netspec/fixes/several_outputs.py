"""Problem → fixes of a layer with several outputs where one is wanted: a sequence and its states, attention weights."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.core.diagnostics import Edit, Fix
from netspec.expansion.graph import Call
from netspec.fixes.context import FixContext
from netspec.fixes.edits import set_argument
from netspec.fixes.recurrent import RECURRENT
from netspec.fixes.wiring import free_name, name_item, reference, take_from
from netspec.shapes.apply import Problem
from netspec.shapes.provenance import layer_label

CELLS = frozenset(f"{name}Cell" for name in RECURRENT)
SEVERAL = RECURRENT | CELLS | {"MultiheadAttention"}


def _whole(call: Call, context: FixContext) -> Iterator[tuple[int, Call, int]]:
    """The inputs of a call that are all outputs of a layer: the index, the layer, and how many outputs it has."""
    for index, ref in enumerate(call.inputs):
        maker = context.provenance.maker(ref)
        if maker is not None and ref.output is None and maker.record.name in SEVERAL:
            outputs = context.inference.known[maker.id].outputs
            if outputs is not None and len(outputs) > 1:
                yield index, maker, len(outputs)


def one_of_several(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """All outputs of a layer where one is wanted: its first, or for a state the states."""
    call = problem.call
    if problem.code not in ("NS304", "NS405"):
        return
    for index, maker, count in _whole(call, context):
        node = reference(call, index)
        if node is not None:
            yield from _picked(call, index, node.text, count, Edit(node.span, f"{node.text}.0"))
        elif index == 0 and call.item.sources is None and not call.item.wires:
            yield from _of_the_item_before(call, maker, context)
        if maker.record.name == "MultiheadAttention":
            off = set_argument(maker, "need_weights", "false")
            if off is not None:
                yield Fix(f"need_weights: false in {layer_label(maker)}", (off,))


def _picked(call: Call, index: int, name: str, count: int, first: Edit) -> Iterator[Fix]:
    """The states for a recurrent layer's state, else the first output."""
    if index and call.record.name in RECURRENT | CELLS:
        wanted = 2 if call.record.name.startswith("LSTM") else 1
        offset = count - (2 if count == 3 or name.endswith("cell") else 1)
        picked = ", ".join(f"{name}.{offset + number}" for number in range(min(wanted, count - offset)))
        if call.item.sources is not None and len(call.item.sources) > 1:
            yield Fix(f"the state: {picked}", (Edit(first.span, picked),))
    yield Fix(f"the first of its {count} outputs: {first.text}", (first,))


def _of_the_item_before(call: Call, maker: Call, context: FixContext) -> Iterator[Fix]:
    """The first output of the item before, which gets a name for it where it has none."""
    if call.path.rpartition(".")[0] != maker.path.rpartition(".")[0]:
        return
    named = maker.item.name
    name = free_name(maker.record.name.lower(), context) if named is None else named.text
    edits = (*(() if named is not None else name_item(maker, name)), *take_from(call, f"{name}.0"))
    if edits:
        yield Fix(f"from: {name}.0, the first of its outputs", edits)


RULES = (one_of_several,)
