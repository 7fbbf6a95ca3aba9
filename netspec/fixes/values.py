"""Nodes and values ↔ their text: the fix that writes another value."""

from __future__ import annotations

from dataclasses import replace

from netspec.core.diagnostics import Edit, Fix
from netspec.core.tree import Node, Scalar, Sequence, Span


def span_of(nodes: tuple[Node, ...]) -> Span:
    """The span from the first of several neighbouring nodes to the last."""
    return replace(nodes[0].span, end_line=nodes[-1].span.end_line, end_column=nodes[-1].span.end_column)


def yaml_text(value: object) -> str:
    """A value as YAML in flow style."""
    if isinstance(value, bool):
        return str(value).lower()
    return "[" + ", ".join(map(str, value)) + "]" if isinstance(value, tuple | list) else str(value)


def node_text(node: Node | None) -> str:
    """The source text of a node in flow style; empty for a mapping."""
    if isinstance(node, Sequence):
        return "[" + ", ".join(node_text(item) for item in node.items) + "]"
    return node.text if isinstance(node, Scalar) else ""


def replace_value(node: Node, text: str, title: str) -> Fix:
    """The fix that writes `text` instead of a node."""
    return Fix(title, (Edit(node.span, text),))


def set_value(node: Node, name: str, value: object) -> Fix:
    """The fix that gives the argument `name`, written at a node, another value."""
    return replace_value(node, yaml_text(value), f"{name}: {yaml_text(value)}")
