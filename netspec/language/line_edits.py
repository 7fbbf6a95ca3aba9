"""The tree of a text → that of the text with one other line, without the rest being read again.

Most changes of a text that somebody types are such: of one item that stands on one line, or of a comment. What cannot
be told from that line alone is left to the reading of the whole text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence as ListLike
from dataclasses import replace

from netspec.core.dataclass import dataclass
from netspec.core.files import split_lines
from netspec.core.tree import Mapping, Node, Scalar, Sequence
from netspec.language.source import compose

_NO_CONTENT = re.compile(r"[ ]*(#.*)?\Z")
_BLOCK_SCALAR = re.compile(r"[|>][-+0-9]*[ ]*(#.*)?\Z")
_ELSEWHERE = ("&", "<<", "\t")  # anchors and merges lead from one line to another, and a tab is no indentation


@dataclass(frozen=True, slots=True)
class LineEdit:
    """What the change of one line makes of a tree.

    Args:
        root: the new tree. What did not change is the same object in both.
        nodes: the nodes that it is another object for, outermost first: each before, and after. The last is the item
            of that line; there is none where only a comment changed.
    """

    root: Mapping
    nodes: tuple[tuple[Node, Node], ...] = ()


def edit_line(before: str, root: Mapping, after: str, path: str) -> LineEdit | None:
    """The tree of a text that differs from an earlier one in one line; None where the whole text has to be read.

    Args:
        before: the earlier text.
        root: its tree, in which nothing was wrong.
        after: the text.
        path: what spans call it.
    """
    old, new = split_lines(before), split_lines(after)
    if len(old) != len(new):
        return None
    at = next((index for index, (one, other) in enumerate(zip(old, new, strict=True)) if one != other), None)
    if at is None or old[at + 1 :] != new[at + 1 :] or any(sign in before or sign in new[at] for sign in _ELSEWHERE):
        return None
    trail, holds = _down_to(root, at + 1)
    if _NO_CONTENT.match(old[at]) and _NO_CONTENT.match(new[at]):
        return None if isinstance(holds, Scalar) else LineEdit(root)
    if not trail or _BLOCK_SCALAR.search(new[at]):
        return None
    (parent, _), item = trail[-1], holds
    if not isinstance(parent, Sequence) or parent.flow or item.span.line != item.span.end_line:
        return None
    again, wrong = compose("\n" * at + new[at], path)
    if wrong or not isinstance(again, Sequence) or again.flow or len(again.items) != 1:
        return None
    if again.span.column != parent.span.column or again.items[0].span.line != again.items[0].span.end_line:
        return None
    return _with_item(trail, again.items[0])


def _down_to(root: Mapping, line: int) -> tuple[list[tuple[Node, int]], Node]:
    """The way to the outermost item of a list that stands on a line alone, as the nodes around it, each with the index
    of what leads on; and the node at its end, which is the innermost one that the line lies in where there is no item.
    """
    trail: list[tuple[Node, int]] = []
    node: Node = root
    while not isinstance(node, Scalar):
        inside: ListLike[Node] = node.items if isinstance(node, Sequence) else [value for _, value in node.entries]
        index = next((i for i, each in enumerate(inside) if each.span.line <= line <= each.span.end_line), None)
        if index is None:
            break
        trail.append((node, index))
        alone = isinstance(node, Sequence) and not node.flow
        node = inside[index]
        if alone and node.span.line == node.span.end_line:
            break
    return trail, node


def _with_item(trail: ListLike[tuple[Node, int]], item: Node) -> LineEdit | None:
    """The tree with another item at the end of a way."""
    pairs: list[tuple[Node, Node]] = []
    last: Node = item
    for node, index in reversed(trail):
        if isinstance(node, Sequence):
            old: Node = node.items[index]
            made: Node = replace(node, items=(*node.items[:index], last, *node.items[index + 1 :]))
            ends = index == len(node.items) - 1
        elif isinstance(node, Mapping):
            key, old = node.entries[index]
            entries = (*node.entries[:index], (key, last), *node.entries[index + 1 :])
            made, ends = replace(node, entries=entries), index == len(node.entries) - 1
        else:
            return None
        pairs.append((old, last))
        if ends and not node.flow and old.span != last.span:  # it ends where its last part does
            made = replace(made, span=replace(node.span, end_line=last.span.end_line, end_column=last.span.end_column))
        last = made
    return LineEdit(last, tuple(reversed(pairs))) if isinstance(last, Mapping) else None
