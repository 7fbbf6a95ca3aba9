"""What each format is: well-formed, escaped, without addresses, and the same network in all."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from netspec.core.escapes import safe
from netspec.render.pictures.dot import dot
from netspec.render.pictures.mermaid import mermaid
from netspec.render.pictures.page import draw as page
from netspec.render.pictures.svg import NAMESPACE, draw
from netspec.render.pictures.tree import Node
from netspec.render.pictures.view import MOST_SHOWN, view_of
from netspec.render.pictures.wires import wires_of
from tests.render.pictures.trees import WRONG, tree, tree_of
from tests.spec_cases import OK, RIGHT, ROOT, SHIPPED, name_of, sweep

HOSTILE = (
    "</script></title></style><script>alert(1)</script><img src=x onerror=alert(1)>\"'`&amp;]]>{{dagre}} \x1b[31m $x$"
)


def hostile() -> Node:
    """A network whose name, arguments and errors hold what would be markup."""
    name = HOSTILE.replace("\\", "\\\\").replace('"', '\\"').replace("\x1b", "\\x1b")
    layers = (
        f'  - Upsample: {{scale_factor: 2, mode: "{name}"}}\n  - "{name}"\n  - {{name: fc, Linear: {{"{name}": 3}}}}\n'
    )
    return tree(layers + "  - Flatten\n  - Linear: 3\n", head=f'name: "{name}"\ninput: [3, 8, 8]')


def classes(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [each for each in root.iter() if name in each.get("class", "").split()]


@pytest.mark.parametrize("path", [*sweep(RIGHT, 4), *sweep(WRONG[::3], 4, 1)], ids=name_of)
def test_svg_shows_every_node(path: Path) -> None:
    root = ElementTree.fromstring(draw(tree_of(path)))
    shown = [safe(view.node.path) for view in view_of(tree_of(path)).walk()][1:]
    assert sorted(each.get("data-path", "") for each in root.iter() if "data-path" in each.attrib) == sorted(shown)


@pytest.mark.parametrize("path", SHIPPED, ids=name_of)
def test_a_picture_of_no_given_depth_has_about_a_hundred_nodes(path: Path) -> None:
    assert sum(1 for _ in view_of(tree_of(path)).walk()) <= MOST_SHOWN


def test_the_depth_opens_so_many_boxes() -> None:
    root = tree_of(ROOT / "specs/resnet18.yaml")
    counts = [sum(1 for _ in view_of(root, depth).walk()) for depth in (1, 2, 3, 4)]
    assert counts[0] == len(root.children) + 1
    assert counts[0] < counts[1] < counts[2] < counts[3]  # layer1, BasicBlock, downsample
    assert view_of(root, 4) == view_of(root, 99)


def test_svg_says_what_is_known_of_a_layer() -> None:
    text = draw(tree_of(ROOT / "specs/resnet18.yaml"))
    root = ElementTree.fromstring(text)
    labels = ["".join(each.itertext()) for each in classes(root, "label")]
    assert labels[:2] == ["3×224×224", "64×112×112"]
    assert "Conv2d(3, 64, 7, stride=2, padding=3, bias=False)" in ["".join(e.itertext()) for e in classes(root, "row")]
    assert "conv1: Conv2d" in text
    assert "  stride=2\n" in text
    assert "118M MACs" in text


def test_errors_are_on_the_node_that_has_them() -> None:
    root = ElementTree.fromstring(draw(tree("  - {name: a, Linear: {in_features: 7, out_features: 4}}\n  - ReLU\n")))
    (wrong,) = [each for each in classes(root, "error") if each.tag.endswith("}g")]
    assert wrong.get("data-path") == "a"
    assert "NS401 Linear expects 7 features, gets 8" in "".join(wrong.itertext())


# -- every text of a spec is escaped ---------------------------------------------------------------------------------


def test_a_hostile_text_is_text_in_svg() -> None:
    root = ElementTree.fromstring(draw(hostile()))
    tags = {each.tag.removeprefix(f"{{{NAMESPACE}}}") for each in root.iter()}
    assert tags <= {"svg", "title", "style", "rect", "g", "path", "text", "tspan"}
    assert any("<script>" in (each.text or "") for each in root.iter())


class Page(HTMLParser):
    """Collects the elements of a page and the text of its scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


def test_a_hostile_text_is_text_in_the_page() -> None:
    plain, found = Page(page(tree("  - ReLU"))), Page(page(hostile()))
    assert found.tags == plain.tags
    assert found.attributes == plain.attributes
    assert page(hostile()).count('"use strict";var dagre=') == 1


def test_a_hostile_text_is_text_in_mermaid_and_dot() -> None:
    for line in mermaid(hostile()).splitlines():
        assert re.fullmatch(r"\s*(flowchart TD|n\d+.*|class.*)", line)
        inside = re.sub(r"</?b>|<br/>|\|?>|#\d+;", "", line.partition('"')[2].rpartition('"')[0])
        assert not set(inside) & set('<>"`&{}[]\x1b')
    for line in dot(hostile()).splitlines()[4:-1]:
        strings = re.findall(r'"(?:[^"\\]|\\.)*"', line)
        assert re.fullmatch(r"\s*n\d+(?: -> n\d+)? \[[\w=, ]*\]", re.sub(r'"(?:[^"\\]|\\.)*"', "", line)), line
        assert strings


@pytest.mark.parametrize("path", [ROOT / "specs/resnet18.yaml", WRONG[0]], ids=name_of)
def test_no_picture_has_an_address(path: Path) -> None:
    for text in (draw(tree_of(path)), page(tree_of(path)), mermaid(tree_of(path)), dot(tree_of(path))):
        assert set(re.findall(r"\w+://[^\s\"'<>)]*", text)) <= {NAMESPACE}
        assert "sourceMappingURL" not in text
        assert not re.search(r"@import|\burl\(|\bimport\s*\(|XMLHttpRequest|\bfetch\(", text)
    assert "default-src 'none'" in page(tree_of(path))


# -- Mermaid and DOT ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sweep(RIGHT, 4, 1), ids=name_of)
def test_mermaid_and_dot_have_the_same_wires(path: Path) -> None:
    view = view_of(tree_of(path))
    wires = {(wire.source, wire.target) for wire in wires_of(view)}
    closed = {each.node.id for each in view.walk() if not each.is_open}
    assert {end for wire in wires for end in wire} <= closed
    given = [(int(a), int(b)) for a, b in re.findall(r"^ +n(\d+) -->.* n(\d+)$", mermaid(tree_of(path)), re.M)]
    assert set(given) == wires
    assert {(int(a), int(b)) for a, b in re.findall(r"^ +n(\d+) -> n(\d+) ", dot(tree_of(path)), re.M)} == wires


def test_wires_pass_the_borders_of_boxes() -> None:
    layers = (
        "  - {name: a, layers: [{name: l, Linear: 4}, {name: r, layers: [ReLU, Tanh]}]}\n  - {name: b, Linear: 2}\n"
    )
    root = tree(layers)
    view = view_of(root)
    names = {each.node.id: each.node.path or each.node.kind for each in view.walk()}
    assert [(names[wire.source], names[wire.target]) for wire in wires_of(view)] == [
        ("input", "a.l"),
        ("a.l", "a.r.0"),
        ("a.r.0", "a.r.1"),
        ("a.r.1", "b"),
        ("b", "output"),
    ]
    folded = view_of(root, 1)
    assert [(names[wire.source], names[wire.target]) for wire in wires_of(folded)] == [
        ("input", "a"),
        ("a", "b"),
        ("b", "output"),
    ]


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
@pytest.mark.parametrize("path", [*OK[::8], ROOT / "specs/vit_b_16.yaml", None], ids=str)
def test_graphviz_reads_the_dot(path: Path | None) -> None:
    text = dot(hostile() if path is None else tree_of(path))
    done = subprocess.run(["dot", "-Tcanon"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
