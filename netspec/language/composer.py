"""YAML events → located tree.

Only events are taken from PyYAML: the scalars are resolved by the YAML 1.2 core schema here (`no` is a string,
`1e-3` a number, `0123` and `12:30` are text), duplicate keys are errors, tags are refused, and aliases are copied
within a budget, so that no text can make the tree much larger than itself.
"""

from __future__ import annotations

import re
from dataclasses import field, replace
from typing import Any

import yaml

from netspec.core.dataclass import dataclass
from netspec.core.diagnostics import Diagnostic, Note
from netspec.core.files import split_lines
from netspec.core.interruption import checkpoint
from netspec.core.tree import Atom, Frame, Mapping, Node, Scalar, Sequence, Span

DEEPEST = 64
MOST_NODES = 400_000
MOST_COPIES = 50_000
LONGEST_NUMBER = 40

_WORDS: dict[str, Atom] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_PROPERTIES = re.compile(r"(?:[&!][^\s,\[\]{}]*[ \t]+)+")
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_RADIX = re.compile(r"0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")


def scalar_value(text: str) -> Atom:
    """A plain scalar's value by the YAML 1.2 core schema; a number with a leading zero stays text."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789" or len(text) > LONGEST_NUMBER:
        return text
    if _INT.match(text):
        return int(text)
    if _FLOAT.match(text):
        return float(text)
    return int(text, 0) if _RADIX.match(text) else text


class Stop(Exception):
    """A fault after which nothing more can be read."""

    def __init__(self, code: str, message: str, span: Span) -> None:
        super().__init__(message)
        self.diagnostic = Diagnostic(code, message, span)


@dataclass
class _Open:
    """A collection whose end event is still to come."""

    span: Span
    flow: bool
    anchor: str | None
    mapping: bool
    items: list[Node] = field(default_factory=list)
    entries: list[tuple[Scalar, Node]] = field(default_factory=list)
    seen: dict[str, Span] = field(default_factory=dict)
    key: Scalar | None = None
    merges: list[Node] = field(default_factory=list)


class Composer:
    """Builds the tree of one text from its events."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.lines = split_lines(text)
        self.diagnostics: list[Diagnostic] = []
        self.stack: list[_Open] = []
        self.anchors: dict[str, Node | None] = {}
        self.nodes = self.copies = 0
        self.root: Node | None = None

    def span(self, start: Any, end: Any) -> Span:
        return Span(self.path, start.line + 1, start.column + 1, end.line + 1, end.column + 1)

    def own(self, span: Span, event: Any) -> Span:
        """The span of an event without its anchor and tag on the same line."""
        if event.anchor is None and event.tag is None:
            return span
        line = self.lines[span.line - 1]
        match = _PROPERTIES.match(line, span.column - 1)
        return span if match is None or match.end() >= len(line) else replace(span, column=match.end() + 1)

    def feed(self, event: yaml.Event) -> None:
        """Take one event, in the order of the text."""
        if isinstance(event, yaml.ScalarEvent):
            self.open_node(event)
            plain = not event.style
            value = scalar_value(event.value) if plain else event.value
            span = self.span(event.start_mark, event.end_mark)
            node = Scalar(value, self.own(span, event), event.value, plain)
            if event.anchor:
                self.anchors[event.anchor] = node
            self.add(node)
        elif isinstance(event, yaml.CollectionStartEvent):
            self.open_node(event)
            if len(self.stack) >= DEEPEST:
                raise Stop("NS103", f"nested more than {DEEPEST} deep", self.span(event.start_mark, event.end_mark))
            if event.anchor:
                self.anchors[event.anchor] = None
            span = self.span(event.start_mark, event.end_mark)
            mapping = isinstance(event, yaml.MappingStartEvent)
            span = self.own(span, event) if event.flow_style else span
            self.stack.append(_Open(span, bool(event.flow_style), event.anchor, mapping))
        elif isinstance(event, yaml.CollectionEndEvent):
            self.close(self.span(event.start_mark, event.end_mark))
        elif isinstance(event, yaml.AliasEvent):
            self.alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            span = self.span(event.start_mark, event.end_mark)
            if self.root is not None:
                raise Stop("NS102", "a second document; a spec is one", span)
            if event.tags:
                raise Stop("NS102", "a %TAG directive; netspec uses no tags", span)

    def open_node(self, event: Any) -> None:
        self.nodes += 1
        checkpoint()
        span = self.span(event.start_mark, event.end_mark)
        if self.nodes > MOST_NODES:
            raise Stop("NS103", f"more than {MOST_NODES} values", span)
        if event.tag is not None:
            self.diagnostics.append(Diagnostic("NS102", f"the tag {event.tag}; netspec uses no tags", span))

    def alias(self, event: yaml.AliasEvent) -> None:
        span = self.span(event.start_mark, event.end_mark)
        if event.anchor not in self.anchors:
            raise Stop("NS104", f"the alias *{event.anchor} has no anchor &{event.anchor} before it", span)
        target = self.anchors[event.anchor]
        if target is None:
            raise Stop("NS104", f"the alias *{event.anchor} stands inside its own anchor", span)
        self.add(self.copy(target, Frame(f"the alias *{event.anchor}", span), 0))

    def copy(self, node: Node, frame: Frame, depth: int) -> Node:
        self.copies += 1
        if self.copies > MOST_COPIES or depth > DEEPEST:
            raise Stop("NS103", f"aliases multiply to more than {MOST_COPIES} values", frame.span)
        frames = (*node.frames, frame)
        if isinstance(node, Scalar):
            return replace(node, frames=frames)
        if isinstance(node, Sequence):
            return replace(node, frames=frames, items=tuple(self.copy(item, frame, depth + 1) for item in node.items))
        entries = tuple((replace(key, frames=frames), self.copy(value, frame, depth + 1)) for key, value in node)
        return replace(node, frames=frames, entries=entries)

    def add(self, node: Node) -> None:
        """Add a finished node to the innermost open collection."""
        if not self.stack:
            self.root = node
            return
        top = self.stack[-1]
        if not top.mapping:
            top.items.append(node)
        elif top.key is None:
            top.key = self.as_key(node)
        else:
            key, top.key = top.key, None
            if key.value is None:
                return  # as_key added the finding
            if key.text == "<<" and key.plain:
                top.merges.append(node)
            elif key.text in top.seen:
                first = Note("note", f"first at line {top.seen[key.text].line}")
                self.diagnostics.append(
                    Diagnostic("NS101", f"the key {key.text!r} stands twice", key.span, notes=(first,))
                )
            else:
                top.seen[key.text] = key.span
                top.entries.append((key, node))

    def as_key(self, node: Node) -> Scalar:
        if isinstance(node, Scalar):
            return replace(node, value=node.text)
        self.diagnostics.append(Diagnostic("NS202", "a key has to be a word, not a list or mapping", node.span))
        return Scalar(None, node.span)

    def close(self, end: Span) -> None:
        top = self.stack.pop()
        if top.flow:
            last = (end.end_line, end.end_column)
        elif top.mapping and top.entries:
            last = max((top.entries[-1][1].span.end_line, top.entries[-1][1].span.end_column), _end(top.entries[-1][0]))
        else:
            last = _end(top.items[-1]) if top.items else (top.span.end_line, top.span.end_column)
        span = Span(self.path, top.span.line, top.span.column, *last)
        node: Node
        if top.mapping:
            entries = list(top.entries)
            for merge in top.merges:
                entries += self.merged(merge, {key.text for key, _ in entries})
            node = Mapping(tuple(entries), span, top.flow)
        else:
            node = Sequence(tuple(top.items), span, top.flow)
        if top.anchor:
            self.anchors[top.anchor] = node
        self.add(node)

    def merged(self, node: Node, taken: set[str]) -> list[tuple[Scalar, Node]]:
        """The entries that `<<: node` adds: those of earlier mappings win."""
        sources = node.items if isinstance(node, Sequence) else (node,)
        entries: list[tuple[Scalar, Node]] = []
        for source in sources:
            if not isinstance(source, Mapping):
                self.diagnostics.append(Diagnostic("NS202", "<< merges mappings, not lists or values", source.span))
                continue
            for key, value in source:
                if key.text not in taken:
                    taken.add(key.text)
                    entries.append((key, value))
        return entries


def _end(node: Node) -> tuple[int, int]:
    return node.span.end_line, node.span.end_column
