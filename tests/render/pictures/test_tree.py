"""The tree of a picture has the layers, shapes, counts and wires of the check's flat graph."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from netspec.expansion.graph import Ref
from netspec.render.pictures.tree import Edge, Node
from tests.render.pictures.trees import WRONG, only, tree, tree_of
from tests.spec_cases import RIGHT, ROOT, name_of, report_on, sweep

LEAVES = ("layer", "function", "input")


class Wiring:
    """Follows the edges of a tree back to the layers that give the values."""

    def __init__(self, root: Node) -> None:
        self.nodes = {node.id: node for node in root.walk()}
        self.parents = {child.id: node for node in root.walk() for child in node.children}

    def giver(self, box: Node, edge: Edge) -> tuple[int, int | None]:
        """The id of the leaf behind an edge of a box, and which of its outputs."""
        if edge.source != box.id:
            return self.given(self.nodes[edge.source], edge.output)
        outside = self.parents[box.id]
        (entering,) = (each for each in outside.edges if each.target == box.id and each.input == edge.output)
        return self.giver(outside, entering)

    def given(self, node: Node, output: int | None) -> tuple[int, int | None]:
        """The leaf that gives an output of a node."""
        if node.kind in LEAVES:
            return node.id, output
        leaving = [each for each in node.edges if each.target == node.id]
        edge = leaving[output] if len(leaving) > 1 and output is not None else leaving[0]
        whole = len(leaving) == 1 and edge.output is None
        return self.giver(node, replace(edge, output=output) if whole else edge)


@pytest.mark.parametrize("path", sweep(RIGHT, 2), ids=name_of)
def test_it_is_the_graph_of_the_check(path: Path) -> None:
    report, root = report_on(path), tree_of(path)
    assert report.graph is not None
    leaves, inputs = [*only(root, "layer"), *only(root, "function")], only(root, "input")
    leaves.sort(key=lambda node: node.id)
    assert [(node.path, node.type) for node in leaves] == [(call.path, call.record.name) for call in report.graph.calls]
    for node, call, known in zip(leaves, report.graph.calls, report.inferred, strict=True):
        assert (node.outputs, node.params, node.macs) == (known.outputs, known.parameters, known.macs)
        assert node.span == call.item.at.span
    assert [(node.name, node.outputs) for node in inputs] == [(name, (t,)) for name, t in report.inputs.items()]
    assert (root.params, root.macs) == (report.parameters, report.macs)
    outputs = [(node.name, node.outputs) for node in only(root, "output")]
    told = {
        f"{name}.{i}" if len(values) > 1 else name: each for name, values in outputs for i, each in enumerate(values)
    }
    assert told == report.outputs
    late = {node.name for node in only(root, "output") if node.type == "in training"}
    assert late == report.graph.training_only
    wiring = Wiring(root)
    places = {node.id: Ref(index) for index, node in enumerate(leaves)}
    places |= {node.id: Ref(-1 - index) for index, node in enumerate(inputs)}
    for node, call in zip(leaves, report.graph.calls, strict=True):
        if call.record.tensor:
            continue
        box = wiring.parents[node.id]
        edges = sorted((each for each in box.edges if each.target == node.id), key=lambda each: each.input)
        found = [wiring.giver(box, edge) for edge in edges]
        assert [places[leaf].node for leaf, _ in found] == [ref.node for ref in call.inputs], node.path
        for edge, (_, output), ref in zip(edges, found, call.inputs, strict=True):
            assert output in (ref.output, None)  # of what a box takes whole, the edge in it may be one part
            assert ref.output is None or edge.values == (report.tensor(ref),)


@pytest.mark.parametrize("path", [*sweep(RIGHT, 4, 2), *sweep(WRONG[::3], 4, 2)], ids=name_of)
def test_ids_and_edges_are_sound(path: Path) -> None:
    root, graph = tree_of(path), report_on(path).graph
    assert [node.id for node in root.walk()] == list(range(sum(1 for _ in root.walk())))
    leaves = [node.path for node in root.walk() if node.kind in ("layer", "function")]
    assert leaves == ([] if graph is None else [call.path for call in graph.calls])
    for box in root.walk():
        order = {child.id: index for index, child in enumerate(box.children)}
        for edge in box.edges:
            assert {edge.source, edge.target} <= {box.id, *order}
            if edge.source in order and edge.target in order:
                assert order[edge.source] < order[edge.target]
        if box.period:
            assert len(box.children) % box.period == 0
            assert box.times > 1


@pytest.mark.parametrize(
    ("spec", "times"),
    [
        ("vgg16", [2, 2, 3, 2, 3, 3]),  # configuration D of Simonyan and Zisserman: its last two stages are equal
        ("densenet121", [6, 12, 24, 16]),  # table 1 of Huang et al.
        ("vit_b_16", [12]),  # ViT-Base has 12 layers: table 1 of Dosovitskiy et al.
        ("resnet18", [2]),  # only the first stage has two equal blocks: the others begin with stride 2
        ("shufflenet_v2_x1_0", [3, 7, 3]),  # table 5 of Ma et al.: behind one block of stride 2
    ],
)
def test_repeats_are_those_of_the_paper(spec: str, times: list[int]) -> None:
    root = tree_of(ROOT / f"specs/{spec}.yaml")
    assert [node.times for node in only(root, "repeat")] == times


@pytest.mark.parametrize("path", sweep(WRONG, 4), ids=name_of)
def test_every_finding_is_on_one_node(path: Path) -> None:
    report, root = report_on(path), tree_of(path)
    drawn = [(each.code, each.message, each.span) for node in root.walk() for each in node.problems]
    found = [(each.code, each.message, each.span) for each in report.diagnostics]
    assert sorted(drawn, key=str) == sorted(found, key=str)


def test_a_finding_is_on_the_node_that_has_it() -> None:
    root = tree(
        "  - {name: a, Linear: {in_features: 7, out_features: 4}}\n"
        "  - {name: b, layers: [ReLU, {name: c, Linear: {in_features: 5, out_features: 4}}]}\n"
        "  - Nothing\n"
    )
    problems = {node.path: [each.code for each in node.problems] for node in root.walk() if node.problems}
    assert problems == {"a": ["NS401"], "b.c": ["NS401"], "": ["NS204"]}


def test_a_box_that_gives_no_value_is_there_with_what_is_known_of_it() -> None:
    root = tree("  - {name: a, layers: [{name: b, Linear: 4}, {name: c, Nothing: 3}]}\n  - {name: d, Linear: 2}\n")
    (box,) = only(root, "group")
    assert [(node.path, node.outputs[0] and node.outputs[0].shape) for node in box.children] == [("a.b", (4,))]
    assert [each.code for each in box.problems] == ["NS204"]
    assert (box.outputs, [edge.target for edge in box.edges]) == ((), [box.children[0].id])


def test_a_copy_with_a_finding_is_no_copy() -> None:
    layers = "  - {repeat: {n: [8, 8, 8]}, layers: [{Linear: {in_features: n, out_features: n}}, ReLU]}\n"
    assert [node.times for node in only(tree(layers), "repeat")] == [3]
    wrong = layers.replace("[8, 8, 8]", "[8, 8, 9]").replace("out_features: n", "out_features: 8")
    assert [node.times for node in only(tree(wrong), "repeat")] == [2]


def test_a_spec_without_a_graph_has_its_errors() -> None:
    root = tree("  - {repeat: 3000000, layers: [ReLU]}")
    assert root.children == ()
    assert [each.code for each in root.problems] == ["NS211"]


def test_json_has_all_of_it() -> None:
    root = tree_of(ROOT / "specs/inception_mnist.yaml")
    told = json.loads(json.dumps(root.json()))
    assert told["kind"] == "network"
    block = next(node for node in told["nodes"] if node["name"] == "incep1")
    assert (block["type"], block["kind"], block["path"], block["line"]) == ("InceptionA", "block", "incep1", 31)
    assert block["outputs"] == [{"shape": [88, 12, 12], "dtype": "float32"}]
    conv = next(node for node in block["nodes"] if node["name"] == "branch5x5")["nodes"][1]
    assert (conv["call"], conv["params"], conv["macs"]) == ("16, 24, 5, padding=2", 9624, 1382400)
    assert conv["arguments"]["out_channels"] == "24"
    assert conv["arguments"]["stride"] == "1"  # torch's default
    assert {"source": block["id"], "output": 0} == {
        key: value for key, value in block["edges"][0].items() if key in ("source", "output")
    }
