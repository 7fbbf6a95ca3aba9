"""Shapes → inlay hints: after each item the shape that leaves it, and its trainable parameters."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol import types

from netspec.core.tree import Mapping
from netspec.language.spec import Item
from netspec.lsp.analysis import Analysis
from netspec.lsp.recovery import same_lines, without_comment
from netspec.lsp.shapes import Made, made_of
from netspec.translation.languages import translate


def hints(
    analysis: Analysis, place: types.Range | None = None, earlier: Analysis | None = None
) -> list[types.InlayHint]:
    """The hints of a part of a text.

    Args:
        analysis: of the text.
        place: the part; all of it where left out.
        earlier: of the last version without errors: while something is being typed, lines that are as they were keep
            the shapes that are not known any more.
    """
    last_line = len(analysis.positions.starts)
    first, last = (1, last_line) if place is None else (place.start.line + 1, place.end.line + 1)
    found = list(_hints(analysis, first, last))
    if earlier is None or (analysis.report is not None and analysis.report.sound and analysis.is_whole):
        return found
    told = {hint.position.line for hint in found}
    moved = same_lines(earlier.document.text, analysis.document.text)
    for hint in _hints(earlier, 1, len(earlier.positions.starts)):
        line = moved(hint.position.line)
        if line is not None and first <= line + 1 <= last and line not in told:
            position = types.Position(line, hint.position.character)
            tooltip = f"{translate('before the change:', analysis.lang)} {hint.tooltip}"
            found.append(types.InlayHint(position, hint.label, tooltip=tooltip, padding_left=True))
    return sorted(found, key=lambda hint: (hint.position.line, hint.position.character))


def _hints(analysis: Analysis, first: int, last: int) -> Iterator[types.InlayHint]:
    for item in analysis.items:
        if not first <= item.at.span.line <= last:
            continue
        made = made_of(analysis, item)
        if made is not None and made.is_known:
            yield types.InlayHint(
                position_of(analysis, item), f"→ {made.words}", tooltip=_tooltip(made, analysis.lang), padding_left=True
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


def _tooltip(made: Made, lang: str) -> str:
    params = "?" if made.params is None else f"{made.params:,}"
    macs = "?" if made.macs is None else f"{made.macs:,}"
    told = [f"output {made.shape}", f"{params} parameters, {macs} multiply-accumulates a sample"]
    told += [f"{made.times} copies in all"] if made.times > 1 else []
    told += ["its weights are those of an earlier item"] if made.shared else []
    return translate("; ", lang).join(translate(each, lang) for each in told)
