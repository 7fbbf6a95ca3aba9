"""Fixes that narrow the ranges of `sizes` to those sizes for which the network is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import gcd

from netspec.core.diagnostics import Edit, Fix
from netspec.core.tree import Scalar
from netspec.language.ranges import Range
from netspec.shapes.sizes.search import ValidSizes


def narrowed(found: Mapping[str, Range], result: ValidSizes, start: Mapping[str, int]) -> tuple[Fix, ...]:
    """The fix that changes all ranges at once to the box around the start; none where a range cannot express its sizes.

    Args:
        found: the ranges of the spec, by name.
        result: the right sizes.
        start: the declared sizes, by name.
    """
    box = next((each for each in result.boxes if all(start[name] in sizes for name, sizes in each.items())), None)
    if box is None:
        return ()
    edits: list[Edit] = []
    titles = []
    for name, each in found.items():
        sizes = box[name]
        if len(sizes) == len(result.examined[name]):
            continue
        changes = _changes(each.sizes, sizes, result.examined[name][-1])
        changed = changes and _edits(each, changes)
        if not changes or not changed:
            return ()
        edits += changed
        titles.append(f"{name}: {{{', '.join(f'{key}: {value}' for key, value in changes.items())}}}")
    return (Fix(", ".join(titles), tuple(edits)),) if edits else ()


def _changes(old: range, right: Sequence[int], last: int) -> dict[str, int] | None:
    """The changes of `min`, `max` and `multiple_of`, as few as possible; None where they cannot express the sizes.

    Args:
        old: the range as it stands.
        right: its right sizes, ascending, of those up to `last`.
    """
    step = right[0] if len(right) == 1 else gcd(*right)
    low, high = right[0], old[-1] if right[-1] + step > last else right[-1]
    if list(right) != [size for size in range(low, min(high, last) + 1) if size % step == 0]:
        return None
    changes: dict[str, int] = {}
    aligned = -(-old.start // step) * step
    if low != aligned or len(right) == 1:
        changes["min"] = low
    if high != old[-1] or len(right) == 1:
        changes["max"] = high
    if step != old.step and len(right) > 1:
        changes["multiple_of"] = step
    return changes or None


def _edits(each: Range, changes: Mapping[str, int]) -> list[Edit] | None:
    """The edits of a range's text, or None where one of its values is no scalar; a new key comes after the last one."""
    declared, edits = each.declared, []
    for key, value in changes.items():
        node = declared.keys.get(key)
        if node is not None:
            if not isinstance(node, Scalar):
                return None
            edits.append(Edit(node.span, str(value)))
            continue
        last = declared.node.entries[-1][1].span
        at = replace(last, line=last.end_line, column=last.end_column)
        indent = " " * (declared.node.entries[0][0].span.column - 1)
        edits.append(Edit(at, f", {key}: {value}" if declared.node.flow else f"\n{indent}{key}: {value}"))
    return edits
