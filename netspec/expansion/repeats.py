"""`repeat` of an item → the parameters of each turn."""

from __future__ import annotations

from dataclasses import replace

from netspec.core.diagnostics import Edit, Fix
from netspec.core.expressions import Value
from netspec.core.tree import Mapping, Node, Scalar, Sequence, describe
from netspec.expansion.block_values import given_value
from netspec.expansion.context import Context
from netspec.expansion.limits import TooLarge
from netspec.expansion.scope import ScopeBuilder
from netspec.language.evaluate import FAILED, param_value
from netspec.language.parameters import is_value
from netspec.language.spec import Item
from netspec.layers.arguments import Int

MOST_TURNS = 20_000


def turns_of(node: Node, context: Context) -> list[dict[str, Value]]:
    """The parameters of each turn: `3` gives three empty ones, `{c: [8, 16]}` c=8 then c=16, `{i: 3}` i=0, 1, 2.

    A list may be the value of a parameter.
    """
    if isinstance(node, Scalar):
        listed = _list_of(node, context)
        if listed is not None:
            count, zipped = f"len({node.text})", f"{{value: {node.text}}}"
            fixes = [Fix(text, (Edit(node.span, text),)) for text in (count, zipped)] if node.plain else []
            message = f"repeat is a count or a mapping of names to lists, got the list {node.text}"
            context.findings.add("NS202", message, node, frames=context.frames, fixes=fixes)
            return []
        return [{} for _ in range(_count(node, "repeat", context))]
    if not isinstance(node, Mapping) or not node.entries:
        context.error("NS202", f"repeat is a count or a mapping of names to lists, got {describe(node)}", node)
        return []
    columns: dict[str, list[Value]] = {}
    for key, values in node:
        if not key.text.isidentifier():
            context.error("NS207", f"{key.text!r} is no name of a parameter", key)
        column = _column(key, values, context)
        if column is None:
            return []
        columns[key.text] = column
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        counts = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        context.error("NS215", f"the lists of a repeat are zipped and need one length: {counts}", node)
    return [{name: column[turn] for name, column in columns.items()} for turn in range(min(lengths.values()))]


def filled_by(item: Item) -> Item:
    """The submodule that the copies of an item with a plain name fill: each is an item in it, a group's items are."""
    if item.kind == "group":
        return replace(item, single=False)
    copy = replace(item, name=None, when=None, sources=None, claim=None, outputs=())
    own = replace(item, tie=None, init=None, parametrize=None)
    return replace(own, kind="group", record=None, args=(), items=(copy,), single=False, copies=True)


def later_copy(item: Item, context: Context) -> Item:
    """A copy behind the first: it takes what the one before gives, unless the copies have names and each its `from`."""
    if item.name is not None and not item.outputs:
        return item
    return replace(item, sources=None, follows=True, hands_on=context.count(item))


def copy_of(filled: Item, number: int, scope: ScopeBuilder) -> Item:
    """One of the copies that fill a submodule.

    The first takes all that enters, each later one all that the one before gives. Where the submodule has `outputs`,
    the copies have their numbers for names.

    Args:
        filled: the submodule.
        number: of the copy, from 0.
        scope: the submodule's.
    """
    (copy,), at, count = filled.items, filled.at, scope.entering
    if filled.outputs:
        copy = replace(copy, name=Scalar(str(scope.position), at.span, str(scope.position)))
    if count == 1:
        return copy
    if number:
        return replace(copy, hands_on=count)
    return replace(copy, sources=tuple(Scalar(name, at.span, name) for name in list(scope.inputs)[:count]))


def _column(key: Scalar, values: Node, context: Context) -> list[Value] | None:
    """The value of one name in each turn; None where one cannot be evaluated."""
    listed = _list_of(values, context)
    if listed is not None:
        return _bounded_column([*listed], f"repeat.{key.text}", values, context)
    if not isinstance(values, Sequence):
        return list(range(_count(values, f"repeat.{key.text}", context)))
    column: list[Value] = []
    for value in values.items:
        if not is_value(key.text, value, context.findings):
            return None
        result = given_value(value, None, context)
        if result is FAILED:
            return None
        column.append(result)
    return column


def _list_of(node: Node, context: Context) -> tuple[Value, ...] | None:
    """The list that a text is, as the name of a parameter; None where it is no list."""
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        return None
    found = param_value(replace(node, plain=True), context.names)
    return found if isinstance(found, tuple) else None


def _bounded_column(column: list[Value], what: str, node: Node, context: Context) -> list[Value]:
    if len(column) > MOST_TURNS:
        context.error("NS211", f"{what} has more than {MOST_TURNS} turns", node)
        raise TooLarge
    return column


def _count(node: Node, what: str, context: Context) -> int:
    count = context.argument(node, Int(0), what)
    if not isinstance(count, int):
        return 0
    if count > MOST_TURNS:
        context.error("NS211", f"{what} {count} is more than {MOST_TURNS} turns", node)
        raise TooLarge
    return count
