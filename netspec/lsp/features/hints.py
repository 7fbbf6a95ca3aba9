"""Shapes → inlay hints: after each item the shape that leaves it, and its trainable parameters."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol import types

from netspec.core.tree import Mapping
from netspec.language.spec import Item
from netspec.lsp.analysis import Analysis
from netspec.lsp.recovery import without_comment
from netspec.lsp.shapes import Made, made_of


def hints(analysis: Analysis, place: types.Range | None = None) -> list[types.InlayHint]:
    """The hints of a part of a text.

    Args:
        analysis: of the text.
        place: the part; all of it where left out.
    """
    first, last = (1, len(analysis.positions.starts)) if place is None else (place.start.line + 1, place.end.line + 1)
    return list(_hints(analysis, first, last))


def _hints(analysis: Analysis, first: int, last: int) -> Iterator[types.InlayHint]:
    for item in analysis.items:
        if not first <= item.at.span.line <= last:
            continue
        made = made_of(analysis, item)
        if made is not None:
            yield types.InlayHint(
                position_of(analysis, item), f"→ {made.words}", tooltip=_tooltip(made), padding_left=True
            )


def position_of(analysis: Analysis, item: Item) -> types.Position:
    """Where the hint of an item stands: behind it, or behind the first line of what is written over several.

    Args:
        analysis: of its text.
        item: of the text.
    """
    span = item.node.span
    if span.line == span.end_line:
        return analysis.positions.position(analysis.positions.span_offset(span.end_line, span.end_column))
    line = item.at.span.line if isinstance(item.node, Mapping) else span.line
    start = analysis.positions.span_offset(line, 1)
    text = analysis.positions.line_text(analysis.positions.position(start).line)
    return analysis.positions.position(start + len(without_comment(text)))


def _tooltip(made: Made) -> str:
    params = "unknown" if made.params is None else f"{made.params:,}"
    macs = "unknown" if made.macs is None else f"{made.macs:,}"
    shared = "; its weights are those of an earlier item" if made.shared else ""
    copies = f"; {made.times} copies" if made.times > 1 else ""
    return f"output {made.shape}; {params} parameters, {macs} multiply-accumulates a sample{copies}{shared}"
