"""A network's picture as PNG, drawn by matplotlib with the font that it brings along.

Input: the tree of a network. Output: the bytes of a PNG file. Nothing here needs torch.
"""

from __future__ import annotations

import io
import warnings
from math import sqrt
from typing import TYPE_CHECKING

from netspec.render.pictures.layout import strokes
from netspec.render.pictures.scene import BESIDE, SHADOW, Placed, Route, Scene, scene
from netspec.render.pictures.style import LIGHT
from netspec.render.pictures.svg import ARROW, bar, roundness, shade
from netspec.render.pictures.tree import Node
from netspec.render.pictures.view import view_of
from netspec.render.pictures.words import SIZES, Words, run_width
from netspec.reports.fonts import Lettering, fonts_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SCALE = 2.0  # pixels for each unit of the picture
MOST_PIXELS, LONGEST_SIDE = 100e6, 32_000.0  # of a picture; a larger one is drawn smaller
_COLORS = {"title": "ink", "bold": "ink", "plain": "ink", "times": "times", "small": "soft"}


def draw(network: Node, depth: int | None = None) -> bytes:
    """The PNG of a network.

    Args:
        network: its tree.
        depth: how many levels of boxes are open.
    """
    from matplotlib.figure import Figure  # without pyplot: no window system, no global state

    picture = scene(view_of(network, depth))
    width, height = picture.width, picture.height
    scale = min(SCALE, LONGEST_SIDE / max(width, height), sqrt(MOST_PIXELS / (width * height)))
    figure = Figure(figsize=(width / 72, height / 72), facecolor=LIGHT["ground"])
    axes = figure.add_axes((0, 0, 1, 1), frameon=False)
    axes.set_axis_off()
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    _inside(axes, picture.network, picture, picture.network.x, picture.network.y)
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # of an invisible character
        figure.savefig(file, dpi=72 * scale, format="png", facecolor=LIGHT["ground"])
    return file.getvalue()


def _inside(axes: Axes, placed: Placed, picture: Scene, x: float, y: float) -> None:
    """What is in a box whose corner is at x, y."""
    for route in placed.routes:
        _route(axes, route, x, y)
    for child in placed.children:
        _node(axes, child, picture, x + child.x, y + child.y)
    for row in placed.words:
        _row(axes, row, placed, x, y)


def _node(axes: Axes, placed: Placed, picture: Scene, x: float, y: float) -> None:
    view = placed.view
    severities = {problem.severity for problem in view.problems}
    worst = next((each for each in ("error", "warning") if each in severities), "")
    repeat = view.node.kind == "repeat"
    boxed = view.node.is_box and not view.is_open
    edge = worst or ("times" if repeat else "ink" if boxed else "edge")
    wide = 2.0 if worst else 1.0
    for copy in range(placed.shadows, -1, -1):
        _rectangle(axes, placed, x + copy * SHADOW, y + copy * SHADOW, "box" if view.is_open else "node", edge, wide)
    if not view.is_open:
        if opacity := shade(placed, picture):
            _rectangle(axes, placed, x, y, "params", "none", 0, opacity)
        if long := bar(placed, picture):
            line_y = y + placed.height - 3.25
            axes.plot([x + 6, x + 6 + long], [line_y, line_y], color=LIGHT["macs"], linewidth=2.5, zorder=1)
    _inside(axes, placed, picture, x, y)


def _rectangle(
    axes: Axes, placed: Placed, x: float, y: float, fill: str, edge: str, wide: float, opacity: float = 1.0
) -> None:
    from matplotlib.patches import FancyBboxPatch

    style = f"round,pad=0,rounding_size={roundness(placed)}"
    color = LIGHT.get(edge, "none")
    axes.add_patch(
        FancyBboxPatch(
            (x, y), placed.width, placed.height, boxstyle=style, facecolor=LIGHT[fill], edgecolor=color,
            linewidth=wide, alpha=opacity, zorder=1,
        )
    )  # fmt: skip


def _row(axes: Axes, row: Words, placed: Placed, x: float, y: float) -> None:
    at = x + row.x - (row.width / 2 if row.anchor == "middle" else 0)
    for text, style in row.runs:
        color = LIGHT[row.severity or ("ink" if style == "small" and not placed.view.is_open else _COLORS[style])]
        weight = "bold" if style in ("title", "bold", "times") else "normal"
        _text(axes, at, y + row.y, text, SIZES[style], color, weight)
        at += run_width(text, style)


def _text(axes: Axes, x: float, y: float, text: str, size: float, color: str, weight: str = "normal") -> None:
    letters = Lettering() if text.isascii() else fonts_for(frozenset(text))
    axes.text(
        x, y, letters.plain(text), fontsize=size, color=color, weight=weight, family=[*letters.families],
        va="baseline", ha="left",
        parse_math=False, zorder=1,
    )  # fmt: skip


def _route(axes: Axes, route: Route, x: float, y: float) -> None:
    from matplotlib.patches import PathPatch, Polygon
    from matplotlib.path import Path

    points, codes = [route.points[0]], [Path.MOVETO]
    for stroke in strokes(route.points):
        points += stroke
        codes += [Path.CURVE4] * 3 if len(stroke) == 3 else [Path.LINETO]
    path = Path([(x + each_x, y + each_y) for each_x, each_y in points], codes)
    axes.add_patch(PathPatch(path, facecolor="none", edgecolor=LIGHT["line"], linewidth=1.2, zorder=1))
    if route.line.target is not None:
        tip_x, tip_y = x + route.points[-1][0], y + route.points[-1][1]
        corners = [(tip_x, tip_y), (tip_x - ARROW / 2, tip_y - ARROW), (tip_x + ARROW / 2, tip_y - ARROW)]
        axes.add_patch(Polygon(corners, facecolor=LIGHT["line"], edgecolor="none", zorder=1))
    if route.label:
        start_x, start_y = route.points[0]
        size = SIZES["small"]
        _text(axes, x + start_x + BESIDE, y + start_y + size + 1, route.label, size, LIGHT["soft"])
