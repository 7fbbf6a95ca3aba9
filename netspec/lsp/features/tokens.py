"""Names of a text → semantic tokens: what YAML's own colours do not tell apart, as types, parameters and items."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol import types

from netspec.core.tree import Span
from netspec.lsp.analysis import Analysis
from netspec.lsp.occurrences import BLOCK, INPUT, ITEM, PARAMETER
from netspec.lsp.positions import units

TYPES = ("class", "function", "struct", "parameter", "variable")  # in the order of their numbers
MODIFIERS = ("declaration",)
LEGEND = types.SemanticTokensLegend(list(TYPES), list(MODIFIERS))
_OF_KIND = {BLOCK: "struct", PARAMETER: "parameter", ITEM: "variable", INPUT: "variable"}


def tokens(analysis: Analysis) -> types.SemanticTokens:
    """The tokens of a text, as the protocol counts them: each from the one before.

    Args:
        analysis: of the text.
    """
    found: dict[Span, tuple[str, int]] = {}
    for item in analysis.items:
        if item.kind == "layer" and item.record is not None:
            found[item.at.span] = ("function" if item.record.is_function else "class", 0)
    for each in analysis.occurrences:
        if analysis.is_here(each.span):
            found[each.span] = (_OF_KIND[each.symbol.kind], int(each.defines))
    return types.SemanticTokens(list(_numbers(analysis, found)))


def _numbers(analysis: Analysis, found: dict[Span, tuple[str, int]]) -> Iterator[int]:
    positions, line, column = analysis.positions, 0, 0
    end = (0, 0)
    for span in sorted(found):
        if span.line != span.end_line or (span.line, span.column) < end:
            continue  # the protocol has no tokens over several lines, nor in each other
        end = (span.end_line, span.end_column)
        start = positions.position(positions.span_offset(span.line, span.column))
        text = positions.text[
            positions.span_offset(span.line, span.column) : positions.span_offset(span.line, span.end_column)
        ]
        if not text:
            continue
        kind, modifiers = found[span]
        yield from (start.line - line, start.character - (column if start.line == line else 0))
        yield from (units(text, positions.encoding), TYPES.index(kind), modifiers)
        line, column = start.line, start.character
