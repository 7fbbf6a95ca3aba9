"""Problem → fixes of a layer with several outputs where one is wanted: a sequence and its states, attention weights."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.core.diagnostics import Edit, Fix
from netspec.core.tree import Scalar, Span
from netspec.expansion.graph import Call
from netspec.fixes.context import FixContext
from netspec.fixes.edits import set_argument
from netspec.fixes.recurrent import RECURRENT
from netspec.fixes.wiring import add_keys, free_name, reference
from netspec.shapes.apply import Problem
from netspec.shapes.provenance import layer_label

CELLS = frozenset(f"{name}Cell" for name in RECURRENT)
MOST_LINKED = 200  # calls behind the first that one fix changes
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
    if problem.code not in ("NS303", "NS304", "NS403", "NS405"):
        return
    for index, maker, count in _whole(call, context):
        node = reference(call, index)
        if node is not None and index and len(call.item.sources or ()) > 1:
            yield from _states(call, node, count)
        yield from _first_outputs(call, index, context)
        if maker.record.name == "MultiheadAttention":
            off = set_argument(maker, "need_weights", "false")
            if off is not None:
                yield Fix(f"need_weights: false in {layer_label(maker)}", (off,))


def _states(call: Call, node: Scalar, count: int) -> Iterator[Fix]:
    """All states of an encoder for those of a decoder."""
    wanted = 2 if call.record.name.startswith("LSTM") else 1
    first = count - 2 if count == 3 else count - 1
    if call.record.name in RECURRENT and first + wanted <= count:
        picked = ", ".join(f"{node.text}.{first + number}" for number in range(wanted))
        yield Fix(f"the state: {picked}", (Edit(node.span, picked),))


def _first_outputs(call: Call, index: int, context: FixContext) -> Iterator[Fix]:
    """The first output for a call, and for the calls behind it that make the same mistake."""
    names: dict[int, str] = {}  # those that items get
    keys: dict[int, dict[str, str]] = {}  # the keys that items get, by the id of the call
    renamed: list[Edit] = []
    taken: set[Span] = set()
    others = [other for other in context.later(call) if other.record.inputs[1] == 1 or other.record.name in RECURRENT]
    for each, at in ((call, index), *((other, 0) for other in others[:MOST_LINKED])):
        maker = context.provenance.maker(each.inputs[at]) if len(each.inputs) > at else None
        if maker is None or each.inputs[at].output is not None or each.item.node.span in taken:
            continue
        if maker.record.name not in (RECURRENT if each is not call else SEVERAL):
            continue
        node = reference(each, at)
        taken.add(each.item.node.span)
        if node is not None:
            renamed.append(Edit(node.span, f"{node.text}.0"))
            continue
        if each.item.sources is not None or each.item.wires or _list(each) != _list(maker):
            continue
        name = maker.item.name.text if maker.item.name is not None else names.get(maker.id, "")
        if not name:
            name = names[maker.id] = free_name(maker.record.name.lower(), context, names.values())
            keys.setdefault(maker.id, {})["name"] = name
        keys.setdefault(each.id, {})["source"] = f"{name}.0"
    added = [add_keys(context.graph.calls[id], **texts) for id, texts in keys.items()]
    own = keys.get(call.id, {}).get("source") or (renamed[0].text if call.item.node.span in taken and renamed else "")
    if own and all(added):
        more = len(renamed) + sum("source" in texts for texts in keys.values()) > 1
        title = f"from: {own}, the first of its outputs" + (", and so behind it" if more else "")
        yield Fix(title, (*renamed, *(edit for edits in added for edit in edits)))


def _list(call: Call) -> str:
    """The path of the list that a call stands in."""
    return call.path.rpartition(".")[0]


RULES = (one_of_several,)
