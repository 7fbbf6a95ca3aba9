"""A check and one changed line → the Spec and the flat Graph of the text, without reading all of it again.

For the line of one layer whose name, inputs and keys stay as they are, and whose arguments are numbers, and for
comments. What else a change may do is left to a whole check; tests/lsp/test_edited.py compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping as Dict
from collections.abc import Sequence as ListLike
from dataclasses import fields, replace
from typing import Any

from netspec.core.diagnostics import Findings
from netspec.core.tree import Mapping, Node, Scalar, Sequence
from netspec.expansion.graph import Call, Graph
from netspec.language.evaluate import FAILED, Evaluator
from netspec.language.items import ItemParser
from netspec.language.line_edits import LineEdit, edit_line
from netspec.language.spec import Item, Spec
from netspec.shapes.report import Report

_OTHER_FILES = ("model", "include", "plugins")  # what they bring may change meanwhile
_MAY_DIFFER = {"node", "args", "argument_node"}
_SAME = tuple(field.name for field in fields(Item) if field.name not in _MAY_DIFFER)


def edited(report: Report, text: str) -> tuple[Spec, Graph] | None:
    """The spec of a changed text, and what it expands to; None where only a whole check tells.

    Args:
        report: of the text before.
        text: with the change.
    """
    spec, graph = report.spec, report.expanded
    before = spec.sources.get(spec.path)
    if before is None or graph is None or spec.settings or spec.origins or spec.sizes:
        return None
    if any(spec.document.get(key) is not None for key in _OTHER_FILES):
        return None
    edit = edit_line(before, spec.document, text, spec.path)
    if edit is None:
        return None
    again = replace(spec, document=edit.root, sources={**spec.sources, spec.path: text})
    return (again, graph) if not edit.nodes else _with_item(again, spec, graph, edit)


def _with_item(again: Spec, spec: Spec, graph: Graph, edit: LineEdit) -> tuple[Spec, Graph] | None:
    nodes = {id(old): new for old, new in edit.nodes}
    place = _place(spec, edit.nodes[-1][0])
    if place is None:
        return None
    block, trail = place
    item, around = trail[-1], trail[:-1]
    findings = Findings()
    parser = ItemParser(
        findings, spec.types, {name: dict(each.params) for name, each in spec.blocks.items()}, spec.params
    )
    names = {} if block is None else dict(spec.blocks[block].params)
    for outer in around:
        names |= {key.text: value for key, value in outer.repeat} if isinstance(outer.repeat, Mapping) else {}
    with parser.inside(names):
        new = parser.parse_item(edit.nodes[-1][1])
    if findings.list() or item.kind != "layer" or any(getattr(item, key) != getattr(new, key) for key in _SAME):
        return None
    values = _changed(item, new)
    calls = None if values is None else _calls(graph.calls, item, new, values)
    if calls is None:
        return None
    if block is None:
        again = replace(again, layers=_replaced(spec.layers, item, new, nodes))
    else:
        own = spec.blocks[block]
        own = replace(own, items=_replaced(own.items, item, new, nodes))
        again = replace(again, blocks={**spec.blocks, block: own})
    return again, replace(graph, calls=calls)


def _place(spec: Spec, node: Node) -> tuple[str | None, ListLike[Item]] | None:
    """The block that an item stands in, and the items around it with itself at the end; in no branch or merge."""
    for name, items in ((None, spec.layers), *((each.name, each.items) for each in spec.blocks.values())):
        waiting = [[item] for item in items]
        while waiting:
            trail = waiting.pop()
            if trail[-1].node is node:
                return name, trail
            if trail[-1].items and trail[-1].kind in ("group", "sequential") and not trail[-1].single:
                waiting += [[*trail, inner] for inner in trail[-1].items]
    return None


def _replaced(items: tuple[Item, ...], old: Item, new: Item, nodes: Dict[int, Node]) -> tuple[Item, ...]:
    """The items with one replaced, and with the new nodes of those around it."""

    def one(item: Item) -> Item:
        if item is old:
            return new
        node = nodes.get(id(item.node))
        return item if node is None else replace(item, node=node, items=tuple(map(one, item.items)))

    return tuple(map(one, items))


def _changed(old: Item, new: Item) -> dict[str, Any] | None:
    """The new values of the arguments that changed, by name; None where they are no plain values of the same form."""
    assert new.record is not None
    if [key.text for key, _ in old.args] != [key.text for key, _ in new.args] or not (old.whole and new.applied):
        return None
    found, findings = {}, Findings()
    for (key, before), (_, after) in zip(old.args, new.args, strict=True):
        if before == after or (_is_plain(before) and _is_plain(after) and _values(before) == _values(after)):
            continue
        arg = new.record.arg(key.text)
        if arg is None or not (_is_plain(before) and _is_plain(after)) or _form(before) != _form(after):
            return None
        value = Evaluator(findings).argument(after, arg.kind, {}, "", None, ())
        if value is FAILED or findings.list():
            return None
        found[arg.name] = value
    return found


def _is_plain(node: Node) -> bool:
    """Whether a node is a number, a truth value, or a list of such: no expression, and no word."""
    if isinstance(node, Sequence):
        return all(map(_is_plain, node.items))
    return isinstance(node, Scalar) and isinstance(node.value, int | float)


def _values(node: Node) -> object:
    return [_values(item) for item in node.items] if isinstance(node, Sequence) else repr(getattr(node, "value", None))


def _form(node: Node) -> object:
    return [_form(item) for item in node.items] if isinstance(node, Sequence) else None


def _calls(calls: tuple[Call, ...], old: Item, new: Item, values: dict[str, Any]) -> tuple[Call, ...] | None:
    """The calls with other arguments where they come from an item; None where more than these depends on them."""
    nodes = {key.text: node for key, node in new.args}
    items = {id(old): new}  # rules tell by identity which calls come from one item, which a repeat or a group changed
    found = list(calls)
    for call in calls:
        if call.tied or call.weight is not None or call.sized or call.each or call.broken:
            return None
        shared = None if call.shares is None else found[call.shares]
        own = call.item.at.span == old.at.span
        if own and (call.record is not old.record or call.further):
            return None
        if own or (shared is not None and shared is not calls[shared.id]):
            args = {**call.args, **values}
            if call.record.sets_forward(args) != call.record.sets_forward(call.args):
                return None
            item = call.item
            if own:
                made = replace(item, node=new.node, args=new.args, argument_node=new.argument_node)
                item = items.setdefault(id(item), made)
            found[call.id] = replace(call, args=args, arg_nodes={**call.arg_nodes, **nodes}, item=item)
    return tuple(found)
