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
    """The fix that changes all ranges at once to the box around the start; none where a range can't say its sizes."""
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
        written = None if changes is None else _edits(each, changes)
        if changes is None or written is None:
            return ()
        edits += written
        titles.append(f"{name}: {{{', '.join(f'{key}: {value}' for key, value in changes.items())}}}")
    return (Fix(", ".join(titles), tuple(edits)),) if edits else ()


def _changes(old: range, right: Sequence[int], last: int) -> dict[str, int] | None:
    """What to write for `min`, `max` and `multiple_of`, as little as will do; None where they can't say it.

    Args:
        old: the range as it stands.
        right: its right sizes, ascending, of those up to `last`.
    """
    step = right[0] if len(right) == 1 else gcd(*right)
    low, high = right[0], old[-1] if right[-1] + step > last else right[-1]
    if list(right) != [size for size in range(low, min(high, last) + 1) if size % step == 0]:
        return None
    found: dict[str, int] = {}
    if step != old.step and len(right) > 1:
        found["multiple_of"] = step
    aligned = -(-old.start // step) * step
    if low != aligned or len(right) == 1:
        found["min"] = low
    if high != old[-1] or len(right) == 1:
        found["max"] = high
    return dict(sorted(found.items(), key=lambda pair: ("min", "max", "multiple_of").index(pair[0]))) or None


def _edits(each: Range, changes: Mapping[str, int]) -> list[Edit] | None:
    """The edits of a range's text; a key that is not there yet comes behind the last one."""
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
