"""A Difference between two networks → text: a line for each layer that differs, totals, settings and weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netspec.core.escapes import safe
from netspec.core.shapes import Tensor, show
from netspec.render.difference import Difference, LayerChange, LayerState
from netspec.render.tables import Table, table_text

MOST_NAMED = 5  # tensors that a line lists
SIGNS = {"added": "+", "removed": "-", "changed": "~", "renamed": ">"}


def difference_text(found: Difference, paths: tuple[str, str]) -> str:
    """A Difference for people: a line for each layer, then totals, settings and weights; empty where nothing differs.

    Args:
        found: the difference.
        paths: what the two networks are called.
    """
    if found.equal:
        return ""
    parts = [f"--- {safe(paths[0])}\n+++ {safe(paths[1])}"]
    if found.layers:
        rows = tuple(tuple(map(safe, _row(each))) for each in found.layers)
        parts.append(table_text(Table(("", "layer", "type", "output", "parameters", "what differs"), rows, 6)))
    parts.append(table_text(Table(("", "before", "after"), tuple(_totals(found)), 1)))
    if found.settings:
        rows = tuple((safe(name), *(safe(_shown(value)) for value in pair)) for name, pair in found.settings.items())
        parts.append(table_text(Table(("setting", "before", "after"), rows, 3)))
    parts.append("\n".join(map(safe, _weights(found))))
    return "\n\n".join(parts)


def _shown(value: Any) -> str:
    return "–" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _both(old: str, new: str) -> str:
    return old if old == new or not new else new if not old else f"{old} → {new}"


def _row(change: LayerChange) -> tuple[str, ...]:
    states = (change.before, change.after)
    path, kind, output, count = (
        _both(*("" if state is None else read(state) for state in states))
        for read in (_path, _type, _output, _count)
    )  # fmt: skip
    parts = [f"{name} {_shown(old)} → {_shown(new)}" for name, (old, new) in change.arguments.items() if name != "type"]
    return (
        SIGNS[change.kind],
        path,
        kind,
        output,
        count,
        ", ".join(parts) or ("renamed" if change.kind == "renamed" else ""),
    )


def _path(state: LayerState) -> str:
    return state.call.path


def _type(state: LayerState) -> str:
    return state.call.record.name


def _output(state: LayerState) -> str:
    return ", ".join(show(tensor.shape) for tensor in state.known.outputs or ())


def _count(state: LayerState) -> str:
    return "?" if state.known.parameters is None else f"{state.known.parameters:,}" if state.known.parameters else ""


def _totals(found: Difference) -> Iterator[tuple[str, ...]]:
    def ends(named: dict[str, Tensor | None]) -> str:
        return ", ".join("?" if tensor is None else show(tensor.shape) for tensor in named.values())

    both = (found.before, found.after)
    for name, values in (
        ("input", [ends(report.inputs) for report in both]),
        ("output", [ends(report.outputs) for report in both]),
        ("parameters", [f"{report.parameters:,}" for report in both]),
        ("MACs", [f"{report.macs:,}" for report in both]),
    ):
        yield (name, *values)


def _weights(found: Difference) -> Iterator[str]:
    """As a run says that starts from the weights of another one."""
    match = found.weights
    yield f"weights: {len(match.fitting)} of {found.tensors} tensors carry over, by name and shape"
    lines = {
        "of another shape": [f"{name} {[*old]} → {[*new]}" for name, (old, new) in found.mismatched.items()],
        "not there before": match.missing,
        "without a place afterwards": match.extra,
        "of layers whose tensors are not known": found.unknown,
    }
    for label, names in lines.items():
        if names:
            more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
            yield f"  {label}: {', '.join(names[:MOST_NAMED])}{more}"
