"""The view of a network → DOT, the language of Graphviz (its page "DOT Language"): boxes are clusters."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.core.escapes import safe
from netspec.render.pictures.tree import Node, shown
from netspec.render.pictures.view import View, view_of
from netspec.render.pictures.wires import wires_of
from netspec.render.pictures.words import called, costs, details, names, problem_rows, shade_of

SHADES = ("#eef3fd", "#d5e2fb", "#b5ccf7", "#93b3f1")
_DEFAULTS = (
    'graph [fontname="Helvetica", fontsize=12, style="rounded", color="#aab3c0", labeljust="l"]',
    'node [fontname="Helvetica", fontsize=12, shape=box, style="rounded,filled", fillcolor="#ffffff", color="#7d8796"]',
    'edge [fontname="Helvetica", fontsize=10, color="#7d8796", fontcolor="#5b6675", arrowsize=0.6]',
)


def dot(network: Node, depth: int | None = None) -> str:
    """The text of a directed graph.

    Args:
        network: its tree.
        depth: how many levels of boxes are open.
    """
    view = view_of(network, depth)
    closed = [each.whole for each in view.walk() if not each.is_open]
    most = max((node.params or 0 for node in closed), default=0)
    head = f"digraph {quoted(view.node.name or 'network')} {{"
    edges = (
        f"    n{wire.source} -> n{wire.target} [label={quoted(' ' + shown(wire.values))}]" for wire in wires_of(view)
    )
    return "\n".join([head, *(f"    {line}" for line in _DEFAULTS), *_nodes(view, "    ", most), *edges, "}"]) + "\n"


def quoted(text: str) -> str:
    """A text of a spec as a quoted string; lines are separated by line feeds.

    Args:
        text: any text.
    """
    lines = (safe(line).replace("\\", "\\\\").replace('"', '\\"') for line in text.split("\n"))
    return '"' + "\\n".join(lines) + '"'


def _label(view: View) -> str:
    bold, plain = called(view)
    head = f"{bold} {plain}" if view.node.is_box and plain else f"{bold}{plain}"
    head += f" ×{view.times}" if view.times > 1 else ""
    small = "" if view.node.kind in ("input", "output") else " · ".join(filter(None, (names(view), costs(view.whole))))
    return "\n".join(filter(None, [head.strip(), small, *(text for text, _ in problem_rows(view.problems))]))


def _nodes(box: View, indent: str, most: int) -> Iterator[str]:
    for child in box.children:
        node = child.node
        wrong = ', color="#c8102e", penwidth=2' if any(each.severity == "error" for each in child.problems) else ""
        if child.is_open:
            yield f"{indent}subgraph cluster_{node.id} {{"
            yield f"{indent}    graph [label={quoted(_label(child))}{wrong}]"
            yield from _nodes(child, indent + "    ", most)
            yield f"{indent}}}"
        else:
            shade = shade_of(child.whole, most, len(SHADES))
            fill = f', fillcolor="{SHADES[shade]}"' if shade >= 0 else ""
            label, tooltip = quoted(_label(child)), quoted(details(node))
            yield f"{indent}n{node.id} [label={label}, tooltip={tooltip}{fill}{wrong}]"
