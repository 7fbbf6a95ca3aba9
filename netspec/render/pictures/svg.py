"""A scene → SVG: one element that shows anywhere, light or dark as the reader's system is, and loads nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import sqrt
from xml.sax.saxutils import escape, quoteattr

from netspec.core.escapes import safe
from netspec.render.pictures.layout import Point, strokes
from netspec.render.pictures.scene import BESIDE, SHADOW, Placed, Route, Scene, scene
from netspec.render.pictures.style import stylesheet
from netspec.render.pictures.tree import Node
from netspec.render.pictures.view import view_of
from netspec.render.pictures.words import SIZES, Words, details

NAMESPACE = "http://www.w3.org/2000/svg"
ARROW = 5.0


def draw(network: Node, depth: int | None = None) -> str:
    """The SVG of a network.

    Args:
        network: its tree.
        depth: how many levels of boxes are open.
    """
    return svg(scene(view_of(network, depth)))


def svg(picture: Scene) -> str:
    """The SVG of a picture.

    Args:
        picture: the network at its places.
    """
    size = f"{picture.width:.0f} {picture.height:.0f}"
    width, height = size.split()
    name = safe(picture.network.view.node.name)
    lines = [
        f'<svg xmlns="{NAMESPACE}" class="netspec" viewBox="0 0 {size}" width="{width}" height="{height}" role="img">',
        f"<title>{text_of(name)}</title>",
        f"<style>{stylesheet()}</style>",
        f'<rect class="ground" width="{width}" height="{height}"/>',
        *_inside(picture.network, picture),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def text_of(text: str) -> str:
    """A text of a spec in XML."""
    return "\n".join(escape(safe(line)) for line in text.split("\n"))


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _inside(placed: Placed, picture: Scene) -> Iterator[str]:
    """What is in a box, at its place: the lines below the nodes, then the words."""
    yield f'<g transform="translate({_number(placed.x)} {_number(placed.y)})">'
    for route in placed.routes:
        yield from _route(route)
    for child in placed.children:
        yield from _node(child, picture)
    for row in placed.words:
        yield _row(row)
    yield "</g>"


def _node(placed: Placed, picture: Scene) -> Iterator[str]:
    node = placed.view.node
    problems = placed.view.problems
    worst = next((each for each in ("error", "warning") if any(p.severity == each for p in problems)), "")
    kinds = [node.kind, "open" if placed.view.is_open else "closed", *([worst] if worst else [])]
    yield f'<g class="{" ".join(kinds)}" data-path={quoteattr(safe(node.path))}>'
    yield f"<title>{text_of(details(placed.view.node))}</title>"
    for copy in range(placed.shadows, 0, -1):
        yield _rect(placed, copy * SHADOW, "shape shadow")
    yield _rect(placed, 0, "shape")
    if not placed.view.is_open:
        yield from _shades(placed, picture)
    yield from _inside(placed, picture)
    yield "</g>"


def _rect(placed: Placed, shift: float, kind: str, more: str = "") -> str:
    x, y, width, height = map(_number, (placed.x + shift, placed.y + shift, placed.width, placed.height))
    place = f'x="{x}" y="{y}" width="{width}" height="{height}" rx="{_number(roundness(placed))}"'
    return f'<rect class="{kind}" {place}{more}/>'


def roundness(placed: Placed) -> float:
    """The radius of a node's corners: those of functions, inputs and outputs are round."""
    return min(placed.height / 2, 13.0) if placed.view.node.kind in ("input", "output", "function") else 6.0


def shade(placed: Placed, picture: Scene) -> float:
    """The opacity of a node's shade: the more parameters it has, the darker."""
    params = placed.view.whole.params
    return 0.06 + 0.4 * sqrt(params / picture.most_params) if params and picture.most_params else 0.0


def bar(placed: Placed, picture: Scene) -> float:
    """The length of a node's bar: its MACs, relative to the node that has most."""
    macs = placed.view.whole.macs
    return max(1.0, (placed.width - 12) * macs / picture.most_macs) if macs and picture.most_macs else 0.0


def _shades(placed: Placed, picture: Scene) -> Iterator[str]:
    if opacity := shade(placed, picture):
        yield _rect(placed, 0, "params", f' fill-opacity="{opacity:.2f}"')
    if long := bar(placed, picture):
        x, y = _number(placed.x + 6), _number(placed.y + placed.height - 4.5)
        yield f'<rect class="macs" x="{x}" y="{y}" width="{_number(long)}" height="2.5" rx="1"/>'


def _row(row: Words) -> str:
    runs = "".join(f'<tspan class="{style}">{text_of(text)}</tspan>' for text, style in row.runs)
    kind = f"row {row.severity}".strip()
    anchor = "" if row.anchor == "start" else f' text-anchor="{row.anchor}"'
    return f'<text class="{kind}" x="{_number(row.x)}" y="{_number(row.y)}"{anchor}>{runs}</text>'


def _route(route: Route) -> Iterator[str]:
    x, y = route.points[0]
    yield f'<path class="line" d="{path(route.points)}"/>'
    if route.line.target is not None:
        end, tip = route.points[-1]
        yield f'<path class="arrow" d="M{_number(end)} {_number(tip)}l-{ARROW / 2} -{ARROW}h{ARROW}z"/>'
    if route.label:
        place = f'x="{_number(x + BESIDE)}" y="{_number(y + SIZES["small"] + 1)}"'
        yield f'<text class="label" {place}>{text_of(route.label)}</text>'


def path(points: Sequence[Point]) -> str:
    """A line as the data of an SVG path.

    Args:
        points: of a route.
    """
    found = f"M{_number(points[0][0])} {_number(points[0][1])}"
    for stroke in strokes(points):
        letter = "C" if len(stroke) == 3 else "L"
        found += letter + " ".join(f"{_number(x)} {_number(y)}" for x, y in stroke)
    return found
