"""`repeat` → the parameters of each turn: a count, zipped lists, or a count under a name."""

from __future__ import annotations

from netspec.core.expressions import Value
from netspec.core.tree import Mapping, Node, Scalar, Sequence, describe
from netspec.expansion.scope import Place
from netspec.language.evaluate import FAILED
from netspec.layers.arguments import Int

MOST_TURNS = 20_000


class TooLarge(Exception):
    """The expansion has met a limit; the finding is made."""


def turns_of(node: Node, place: Place) -> list[dict[str, Value]]:
    """The parameters of each turn: `3` gives three times none, `{c: [8, 16]}` c=8 then c=16, `{i: 3}` i=0, 1, 2."""
    if isinstance(node, Scalar):
        return [{} for _ in range(_count(node, "repeat", place))]
    if not isinstance(node, Mapping) or not node.entries:
        place.error("NS202", f"repeat is a count or a mapping of names to lists, got {describe(node)}", node)
        return []
    columns: dict[str, list[Value]] = {}
    for key, values in node:
        if not key.text.isidentifier():
            place.error("NS207", f"{key.text!r} is no name of a parameter", key)
        column = _column(key, values, place)
        if column is None:
            return []
        columns[key.text] = column
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        counts = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        place.error("NS215", f"the lists of a repeat are zipped and need one length: {counts}", node)
    return [{name: column[turn] for name, column in columns.items()} for turn in range(min(lengths.values()))]


def _column(key: Scalar, values: Node, place: Place) -> list[Value] | None:
    """What one name is in each turn; None where that cannot be told."""
    if not isinstance(values, Sequence):
        return list(range(_count(values, f"repeat.{key.text}", place)))
    column: list[Value] = []
    for value in values.items:
        if not isinstance(value, Scalar):
            place.error("NS202", f"the lists of a repeat hold numbers or words, got {describe(value)}", value)
            return None
        result = place.scalar(value)
        if result is FAILED:
            return None
        column.append(result)  # type: ignore[arg-type]  # a scalar's value
    return column


def _count(node: Node, what: str, place: Place) -> int:
    count = place.argument(node, Int(0), what)
    if not isinstance(count, int):
        return 0
    if count > MOST_TURNS:
        place.error("NS211", f"{what} {count} is more than {MOST_TURNS} turns", node)
        raise TooLarge
    return count
