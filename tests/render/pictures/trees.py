"""The trees of specs, and what tests ask of them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from netspec.checker import check
from netspec.language.load import loads
from netspec.render.pictures.build import network_tree
from netspec.render.pictures.tree import Node
from tests.spec_cases import BAD, report_on

WRONG = [
    path for path in BAD if not path.stem.startswith("ns211_")
]  # without those that take seconds, and have no graph


@cache
def tree_of(path: Path) -> Node:
    """The tree of a spec; each is built once."""
    return network_tree(report_on(path))


def tree(layers: str, head: str = "input: [8]", rest: str = "") -> Node:
    """The tree of a spec from its layers."""
    return network_tree(check(loads(f"netspec: 1\n{head}\nlayers:\n{layers}\n{rest}"), fixes=False))


def only(node: Node, kind: str) -> list[Node]:
    """The nodes of one kind, in order."""
    return [each for each in node.walk() if each.kind == kind]
