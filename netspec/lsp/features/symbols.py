"""The tree of a text → its outline, and what of it folds."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol import types
from lsprotocol.types import SymbolKind as Kind

from netspec.core.tree import Mapping, Node, Scalar, Sequence, Span, shorten
from netspec.language.layout import role_of
from netspec.lsp.analysis import Analysis
from netspec.lsp.shapes import made_of

MOST_SYMBOLS = 20_000
_KINDS = {
    "layers": Kind.Array,
    "blocks": Kind.Namespace,
    "params": Kind.Namespace,
    "data": Kind.Struct,
    "train": Kind.Struct,
}


def symbols(analysis: Analysis) -> list[types.DocumentSymbol]:
    """The outline: the sections, the parameters, the blocks, and the items with their shapes.

    Args:
        analysis: of the text.
    """
    return _Outline(analysis).section(analysis.tree)


class _Outline:
    def __init__(self, analysis: Analysis) -> None:
        self.analysis = analysis
        self.items = {item.at.span: item for item in analysis.items}
        self.left = MOST_SYMBOLS

    def section(self, root: Mapping) -> list[types.DocumentSymbol]:
        found = []
        for key, value in root:
            role = role_of("spec", key.text)
            inner = self.inside(value, role)
            if role == "section" and isinstance(value, Mapping):
                inner = [
                    self.made(each.text, Kind.Property, each.span, _end(each, node), _words(node))
                    for each, node in value
                ]
            found.append(
                self.made(
                    key.text, _KINDS.get(key.text, Kind.Property), key.span, _end(key, value), _words(value), inner
                )
            )
        return found

    def inside(self, node: Node, role: str) -> list[types.DocumentSymbol]:
        """The symbols of what a key holds."""
        if role == "layers":
            nodes = node.items if isinstance(node, Sequence) else (node,)
            return [each for item in nodes for each in self.item(item)]
        if role in ("blocks", "branches") and isinstance(node, Mapping):
            kind = Kind.Module if role == "blocks" else Kind.Namespace
            return [
                self.made(key.text, kind, key.span, _end(key, value), "", self.inside(value, role_of(role, key.text)))
                for key, value in node
            ]
        if role == "block" and isinstance(node, Mapping):
            return [
                each
                for key, value in node
                if role_of(role, key.text) == "layers"
                for each in self.inside(value, "layers")
            ]
        if role == "block":
            return self.inside(node, "layers")
        return []

    def item(self, node: Node) -> Iterator[types.DocumentSymbol]:
        if node.frames or not isinstance(node, Scalar | Mapping) or self.left <= 0:
            return
        spans = [node.span] if isinstance(node, Scalar) else [key.span for key, _ in node]
        item = next((self.items[span] for span in spans if span in self.items), None)
        if item is None:
            return
        name, made = item.name, made_of(self.analysis, item)
        inner = []
        for key, value in node if isinstance(node, Mapping) else ():
            if role_of("item", key.text) in ("layers", "branches"):
                inner += self.inside(value, role_of("item", key.text))
        title = item.at.text if name is None else name.text
        detail = [] if name is None else [item.at.text]
        detail += [] if made is None else [f"→ {made.words}"]
        kind = Kind.Function if item.record is not None and item.record.is_function else Kind.Class
        kind = kind if item.kind == "layer" else Kind.Module
        at = item.at.span if name is None else name.span
        yield self.made(title, kind, at, node.span, " ".join(detail), inner)

    def made(
        self, name: str, kind: Kind, at: Span, whole: Span, detail: str, inner: list[types.DocumentSymbol] | None = None
    ) -> types.DocumentSymbol:
        self.left -= 1
        positions = self.analysis.positions
        selected, around = positions.range(at), positions.range(whole)
        start = min(around.start, selected.start, key=_key)
        end = max(around.end, selected.end, key=_key)
        return types.DocumentSymbol(
            shorten(name or "''"),
            kind,
            types.Range(start, end),
            selected,
            detail=detail or None,
            children=inner or None,
        )


def _end(key: Scalar, value: Node) -> Span:
    """From a key to the end of its value."""
    first, last = key.span, value.span
    if value.frames or (last.end_line, last.end_column) < (first.end_line, first.end_column):
        return first
    return Span(first.path, first.line, first.column, last.end_line, last.end_column)


def _words(node: Node) -> str:
    if isinstance(node, Scalar):
        return shorten(node.text, 40)
    if isinstance(node, Sequence) and all(isinstance(item, Scalar) for item in node.items):
        return shorten("[" + ", ".join(getattr(item, "text", "") for item in node.items) + "]", 40)
    return ""


def _key(position: types.Position) -> tuple[int, int]:
    return position.line, position.character


def folds(analysis: Analysis) -> list[types.FoldingRange]:
    """What folds: whatever stands on several lines below a key or in an item, and comments of several lines.

    Args:
        analysis: of the text.
    """
    found: dict[int, types.FoldingRange] = {}
    waiting: list[Node] = [analysis.tree]
    positions = analysis.positions

    def line_of(line: int) -> int:
        return positions.position(positions.span_offset(line, 1)).line

    while waiting:
        node = waiting.pop()
        if node.frames or isinstance(node, Scalar):
            continue
        pairs = node.entries if isinstance(node, Mapping) else tuple((None, item) for item in node.items)
        for key, value in pairs:
            waiting.append(value)
            start = value.span.line if key is None else key.span.line
            first, last = line_of(start), line_of(value.span.end_line)
            if last > first and not value.frames:
                found.setdefault(first, types.FoldingRange(first, last))
    lines = [
        analysis.positions.line_text(line).lstrip().startswith("#") for line in range(len(analysis.positions.starts))
    ]
    begun: int | None = None
    for line, is_comment in enumerate([*lines, False]):
        if is_comment and begun is None:
            begun = line
        elif not is_comment and begun is not None:
            if line - begun > 1:
                found.setdefault(begun, types.FoldingRange(begun, line - 1, kind=types.FoldingRangeKind.Comment))
            begun = None
    return [found[line] for line in sorted(found)]
