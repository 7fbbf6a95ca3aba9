"""Which steps in a row are equal copies."""

from __future__ import annotations

import pytest

from netspec.render.pictures.tree import Node
from tests.render.pictures.trees import only, tree


def folded(root: Node) -> list[tuple[int, int]]:
    """Of each run how often and how many nodes."""
    return [(node.times, node.period) for node in only(root, "repeat")]


@pytest.mark.parametrize(
    ("layers", "runs"),
    [
        ("  - {repeat: 3, layers: [{Linear: 8}, ReLU]}", [(3, 2)]),
        ("  - Linear: 8\n  - ReLU\n  - Linear: 8\n  - ReLU", [(2, 2)]),  # written out
        ("  - {repeat: 4, Linear: 8}", [(4, 1)]),
        ("  - {repeat: 2, Linear: 8}", []),  # folding would hide one layer
        ("  - {repeat: {n: [8, 6, 4]}, layers: [{Linear: n}, ReLU]}", []),  # other arguments
        ("  - {repeat: 2, layers: [{repeat: 3, layers: [{Linear: 8}, ReLU]}, Tanh]}", [(2, 2), (3, 2), (3, 2)]),
        ("  - Tanh\n  - {repeat: 2, layers: [{Linear: 8}, ReLU, Tanh]}", [(2, 3)]),  # as the spec begins a copy
        ("  - {name: 'a{i}', repeat: {i: 3}, layers: [{Linear: 8}, ReLU]}", [(3, 1)]),  # names may differ
        (
            "  - {name: a, repeat: 3, layers: [{Linear: 8}, {add: {}, from: [input, '0']}]}",
            [(2, 2)],
        ),  # '0' is the first
    ],
)
def test_runs(layers: str, runs: list[tuple[int, int]]) -> None:
    assert folded(tree(layers)) == runs


def test_a_value_that_is_used_further_on_is_in_no_copy() -> None:
    chain = "  - {name: a, Linear: 8}\n  - {name: b, Linear: 8}\n  - {name: c, Linear: 8}\n  - {name: d, Linear: 8}\n"
    assert folded(tree(chain)) == [(4, 1)]
    assert folded(tree(f"{chain}  - {{add: {{}}, from: [d, b]}}\n")) == []
    assert folded(tree(f"{chain}  - ReLU\n", rest="outputs: [c, '4']")) in ([], [(3, 1)])


def test_copies_have_to_be_connected_in_the_same_way() -> None:
    parallel = "".join(f"  - {{name: {name}, from: input, Linear: 8}}\n" for name in "abc")
    assert folded(tree(f"{parallel}  - {{add: {{}}, from: [a, b, c]}}\n")) == []
    residual = "  - {name: a, layers: [{name: l, Linear: 8}, {add: {}, from: [input, l]}]}\n"
    two = residual + residual.replace("name: a", "name: b")
    assert folded(tree(two)) == [(2, 1)]
    other = residual.replace("name: a", "name: b").replace("[input, l]", "[l, input]")
    assert folded(tree(residual + other)) == []


def test_copies_may_take_the_same_value_besides() -> None:
    layers = "  - {name: a, Linear: 8}\n  - {name: b, add: {}, from: [a, input]}\n"
    layers += "  - {name: c, from: b, Linear: 8}\n  - {name: d, add: {}, from: [c, input]}\n"
    layers += "  - {name: e, from: d, Linear: 8}\n  - {name: f, add: {}, from: [e, input]}\n"
    assert folded(tree(f"  - ReLU\n{layers}")) == [(3, 2)]
