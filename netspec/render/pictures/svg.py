"""A scene → SVG: one element that shows anywhere, light or dark as the reader's system is, and loads nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import sqrt
from xml.sax.saxutils import escape, quoteattr

from netspec.core.escapes import safe
from netspec.render.pictures.layout import Point
from netspec.render.pictures.scene import BESIDE, SHADOW, Placed, Route, Scene
from netspec.render.pictures.style import stylesheet
from netspec.render.pictures.words import SIZES, Words, details

NAMESPACE = "http://www.w3.org/2000/svg"
ARROW = 5.0


def svg(scene: Scene) -> str:
    """The SVG of a picture.

    Args:
        scene: the picture.
    """
    size = f"{scene.width:.0f} {scene.height:.0f}"
    width, height = size.split()
    name = safe(scene.network.view.node.name)
    lines = [
        f'<svg xmlns="{NAMESPACE}" class="netspec" viewBox="0 0 {size}" width="{width}" height="{height}" role="img">',
        f"<title>{text_of(name)}</title>",
        f"<style>{stylesheet()}</style>",
        f'<rect class="ground" width="{width}" height="{height}"/>',
        *_inside(scene.network, scene),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def text_of(text: str) -> str:
    """A text of a spec in XML."""
    return "\n".join(escape(safe(line)) for line in text.split("\n"))


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _inside(placed: Placed, scene: Scene) -> Iterator[str]:
    """What is in a box, at its place: the lines below the nodes, then the words."""
    yield f'<g transform="translate({_number(placed.x)} {_number(placed.y)})">'
    for route in placed.routes:
        yield from _route(route)
    for child in placed.children:
        yield from _node(child, scene)
    for row in placed.words:
        yield _row(row)
    yield "</g>"


def _node(placed: Placed, scene: Scene) -> Iterator[str]:
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
        yield from _shades(placed, scene)
    yield from _inside(placed, scene)
    yield "</g>"


def _rect(placed: Placed, shift: float, kind: str) -> str:
    round_ = placed.height / 2 if placed.view.node.kind in ("input", "output", "function") else 6
    x, y, width, height = map(_number, (placed.x + shift, placed.y + shift, placed.width, placed.height))
    return f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="{_number(min(round_, 13))}"/>'


def _shades(placed: Placed, scene: Scene) -> Iterator[str]:
    """The share of parameters as a shade, the share of MACs as a bar at the lower edge."""
    node = placed.view.whole
    if node.params and scene.most_params:
        shade = _rect(placed, 0, "params")
        yield shade.replace("/>", f' fill-opacity="{0.06 + 0.4 * sqrt(node.params / scene.most_params):.2f}"/>')
    if node.macs and scene.most_macs:
        long = (placed.width - 12) * node.macs / scene.most_macs
        x, y = _number(placed.x + 6), _number(placed.y + placed.height - 4.5)
        yield f'<rect class="macs" x="{x}" y="{y}" width="{_number(max(long, 1))}" height="2.5" rx="1"/>'


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
    """A line as the data of an SVG path: straight down where it is vertical, curved between ranks.

    Args:
        points: of a route.
    """
    (x, y), *rest = points
    found = [f"M{_number(x)} {_number(y)}"]
    for to_x, to_y in rest:
        if abs(to_x - x) < 0.5:
            found.append(f"L{_number(to_x)} {_number(to_y)}" if to_y != y else "")
        else:
            middle = (y + to_y) / 2
            found.append("C" + " ".join(map(_number, (x, middle, to_x, middle, to_x, to_y))))
        x, y = to_x, to_y
    return "".join(found)
