"""The view of a network → Mermaid's flowchart, which a README on GitHub shows as a picture.

Its syntax is that of Mermaid's page "Flowcharts"; texts stand in quotes, with entities for what would end or mark them.
"""

from __future__ import annotations

from collections.abc import Iterator

from netspec.core.escapes import safe
from netspec.render.pictures.tree import Node, shown
from netspec.render.pictures.view import View, view_of
from netspec.render.pictures.wires import wires_of
from netspec.render.pictures.words import called, costs, names, problem_rows, shade_of

_SHAPES = {"input": ('(["', '"])'), "output": ('(["', '"])'), "function": ('("', '")')}
SHADES = ("#eef3fd", "#d5e2fb", "#b5ccf7", "#93b3f1")
INK = "#1c2430"


def mermaid(network: Node, depth: int | None = None) -> str:
    """The text of a flowchart.

    Args:
        network: its tree.
        depth: how many levels of boxes are open.
    """
    view = view_of(network, depth)
    lines = ["flowchart TD", *_nodes(view, "    ")]
    lines += [f'    n{wire.source} -->|"{escaped(shown(wire.values))}"| n{wire.target}' for wire in wires_of(view)]
    return "\n".join([*lines, *_classes(view)]) + "\n"


def escaped(text: str) -> str:
    """A text of a spec between Mermaid's quotes: letters, digits and plain signs stay, others are entities.

    Args:
        text: one line.
    """
    return "".join(c if c.isalnum() or c in _PLAIN else f"#{ord(c)};" for c in safe(text))


_PLAIN = " .,:=+-()/_?×·…"


def _label(view: View) -> str:
    """The rows of a node; of a subgraph one, because there is no room for more."""
    bold, plain = called(view)
    head = f"<b>{escaped(bold)}</b>" if bold else ""
    head += escaped(f" {plain}" if view.node.is_box and plain else plain)
    head += f" <b>×{view.times}</b>" if view.times > 1 else ""
    problems = [escaped(text) for text, _ in problem_rows(view.problems)]
    if view.is_open:
        return " · ".join([head.strip(), *problems])
    small = "" if view.node.kind in ("input", "output") else " · ".join(filter(None, (names(view), costs(view.whole))))
    return "<br/>".join(filter(None, [head.strip(), escaped(small), *problems]))


def _nodes(box: View, indent: str) -> Iterator[str]:
    for child in box.children:
        name = f"n{child.node.id}"
        if child.is_open:
            yield f'{indent}subgraph {name}["{_label(child)}"]'
            yield from _nodes(child, indent + "    ")
            yield f"{indent}end"
        else:
            before, behind = _SHAPES.get(child.node.kind, ('["', '"]'))
            yield f"{indent}{name}{before}{_label(child)}{behind}"


def _classes(view: View) -> Iterator[str]:
    """The shades by parameters, and red borders."""
    closed = [each for each in view.walk() if not each.is_open]
    most = max((each.whole.params or 0 for each in closed), default=0)
    for number, color in enumerate(SHADES):
        shaded = [each for each in closed if shade_of(each.whole, most, len(SHADES)) == number]
        if shaded:
            yield f"    classDef shade{number} fill:{color},color:{INK}"
            yield f"    class {','.join(f'n{each.node.id}' for each in shaded)} shade{number}"
    wrong = [each for each in view.walk() if any(problem.severity == "error" for problem in each.problems)]
    if named := ",".join(f"n{each.node.id}" for each in wrong if each.node.id != view.node.id):
        yield "    classDef error stroke:#c8102e,stroke-width:3px"
        yield f"    class {named} error"
