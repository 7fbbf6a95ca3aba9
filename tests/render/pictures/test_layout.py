"""Nothing overlaps: rectangles of siblings are apart, children inside, lines lead from node to node past all others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netspec.render.pictures import layering
from netspec.render.pictures.cells import Cell, Link
from netspec.render.pictures.layout import Layout, Point, layout, strokes
from netspec.render.pictures.scene import MARGIN, SHADOW, Placed, scene
from netspec.render.pictures.view import view_of
from tests.render.pictures.trees import WRONG, tree_of
from tests.spec_cases import RIGHT, ROOT, name_of, sweep

NEAR = 0.01
Rectangle = tuple[float, float, float, float]  # left, top, right, bottom


def along(points: tuple[Point, ...] | list[Point]) -> Iterator[Point]:
    """Points on a line, close to each other."""
    here = points[0]
    for stroke in strokes(points):
        for step in range(1, 21):
            t = step / 20
            if len(stroke) == 1:
                (end,) = stroke
                yield here[0] + (end[0] - here[0]) * t, here[1] + (end[1] - here[1]) * t
            else:
                a, b, c, d = (1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3
                yield tuple(  # type: ignore[misc]
                    a * p + b * q + c * r + d * s for p, q, r, s in zip(here, *stroke, strict=True)
                )
        here = stroke[-1]


def overlap(one: Rectangle, other: Rectangle) -> bool:
    return (
        one[0] < other[2] - NEAR and other[0] < one[2] - NEAR and one[1] < other[3] - NEAR and other[1] < one[3] - NEAR
    )


def inside(point: Point, rectangle: Rectangle) -> bool:
    left, top, right, bottom = rectangle
    return left + 0.5 < point[0] < right - 0.5 and top + 0.5 < point[1] < bottom - 0.5


def rectangle_of(placed: Placed) -> Rectangle:
    behind = placed.shadows * SHADOW
    return placed.x, placed.y, placed.x + placed.width + behind, placed.y + placed.height + behind


def faults(box: Placed) -> Iterator[str]:
    """What overlaps in a box, and in the boxes in it."""
    rectangles = [rectangle_of(child) for child in box.children]
    names = [child.view.node.path or child.view.node.name for child in box.children]
    for index, (name, one) in enumerate(zip(names, rectangles, strict=True)):
        if one[0] < -NEAR or one[1] < -NEAR or one[2] > box.width + NEAR or one[3] > box.height + NEAR:
            yield f"{name} sticks out"
        yield from (f"{name} overlaps another" for other in rectangles[index + 1 :] if overlap(one, other))
    for child in box.children:
        yield from (f"the words of {child.view.node.path}" for row in child.words if row.width > child.width + NEAR)
    for route in box.routes:
        (start_x, start_y), (end_x, end_y) = route.points[0], route.points[-1]
        source, target = route.line.source, route.line.target
        if source is not None:
            left, _, right, bottom = rectangles[source]
            if not (left <= start_x <= right and abs(start_y - bottom) < NEAR):
                yield f"a line does not begin at {names[source]}"
        if target is not None:
            left, top, right, _ = rectangles[target]
            if not (left <= end_x <= right and abs(end_y - top) < NEAR):
                yield f"a line does not end at {names[target]}"
        elif abs(end_y - box.height) > NEAR:
            yield "a line does not leave the box"
        for index, rectangle in enumerate(rectangles):
            if index not in (source, target) and any(inside(point, rectangle) for point in along(route.points)):
                yield f"a line passes {names[index]}"
    for child in box.children:
        yield from faults(child)


@pytest.mark.parametrize("path", [*sweep(RIGHT, 4, 3), *sweep(WRONG[::3], 4)], ids=name_of)
def test_nothing_overlaps(path: Path) -> None:
    for depth in (None, 1, 99):
        picture = scene(view_of(tree_of(path), depth))
        assert list(faults(picture.network)) == [], depth
    assert picture.width >= picture.network.width + 2 * MARGIN
    assert picture.height >= picture.network.height + 2 * MARGIN


def test_the_main_path_of_a_residual_network_is_straight() -> None:
    picture = scene(view_of(tree_of(ROOT / "specs/resnet18.yaml"), 2))
    for box in (picture.network, *picture.network.children):
        for route in box.routes:
            xs = [x for x, _ in route.points]
            assert max(xs) - min(xs) < 0.5


def test_branches_are_side_by_side_in_their_order() -> None:
    picture = scene(view_of(tree_of(ROOT / "specs/inception_mnist.yaml")))
    (block,) = (child for child in picture.network.children if child.view.node.name == "incep1")
    branches = [child for child in block.children if child.view.node.kind == "group"]
    assert [child.view.node.name for child in branches] == ["branch1x1", "branch5x5", "branch3x3", "branch_pool"]
    assert [child.x for child in branches] == sorted(child.x for child in branches)
    assert len({child.y for child in branches}) == 1


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[Cell], list[Link]]:
    """Cells of any size, with links from earlier to later ones."""
    sizes = st.floats(0, 200)
    cells = [
        Cell(draw(sizes), draw(sizes), draw(st.sampled_from([0.0, 13.0]))) for _ in range(draw(st.integers(1, 12)))
    ]
    links = set()
    for target in range(1, len(cells)):
        for source in draw(st.lists(st.integers(0, target - 1), max_size=3)):
            parts = draw(st.floats(0, 1)), draw(st.floats(0, 1))
            links.add(Link(source, target, cells[source].width * parts[0], cells[target].width * parts[1]))
    return cells, sorted(links, key=lambda link: (link.source, link.target, link.exit, link.entry))


def cells_of(cells: list[Cell], found: Layout) -> list[Rectangle]:
    return [(x, y, x + cell.width, y + cell.height) for (x, y), cell in zip(found.corners, cells, strict=True)]


@given(graphs())
@settings(max_examples=60)
def test_random_graphs(graph: tuple[list[Cell], list[Link]]) -> None:
    cells, links = graph
    found = layout(cells, links)
    places = cells_of(cells, found)
    for index, one in enumerate(places):
        assert one[0] >= -NEAR
        assert one[2] <= found.width + NEAR
        assert one[3] <= found.height + NEAR
        assert not any(overlap(one, other) for other in places[index + 1 :])
    for link, points in zip(links, found.lines, strict=True):
        left, top, _, bottom = places[link.source][0], *places[link.source][1:]
        assert points[0] == pytest.approx((left + link.exit, places[link.source][3]))
        assert points[-1] == pytest.approx((places[link.target][0] + link.entry, places[link.target][1]))
        assert places[link.target][1] > bottom
        others = [place for index, place in enumerate(places) if index not in (link.source, link.target)]
        assert not any(inside(point, place) for point in along(points) for place in others)
        assert top <= bottom


def test_links_beyond_the_limit_take_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layering, "MOST_BENDS", 5)
    cells = [Cell(10, 10) for _ in range(30)]
    links = [Link(index, index + 1, 5, 5) for index in range(29)] + [Link(0, index, 5, 5) for index in range(2, 30)]
    found = layout(cells, links)
    assert len(found.lines) == len(links)
    assert found.width < 100
