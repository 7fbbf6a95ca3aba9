"""Patterns that select parameters of a network: `features.*`, `Conv2d`, `norm`, `bias`.

A pattern is the word `norm` (parameters of normalization layers), the word `bias`, or a text with `*`, `?` and `[…]`
that is matched with the parameter's name, the names of the modules that contain it, and their types.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

from netspec.core.names import closest
from netspec.core.tree import Mapping, Node, Scalar
from netspec.core.tree import Sequence as ListNode

LONGEST = 200  # characters; a longer pattern takes long to match


def picks(pattern: str, name: str, kinds: Sequence[str]) -> bool:
    """Whether a pattern selects a parameter.

    Args:
        pattern: as written.
        name: the parameter's, as in the state_dict: `features.0.weight`.
        kinds: the types of the modules that contain it, the innermost last.
    """
    if pattern == "norm":
        return bool(kinds) and "Norm" in kinds[-1]
    if pattern == "bias":
        return re.search(r"(^|_)bias(_|$)", name.rpartition(".")[2]) is not None
    inside = fnmatchcase(name, pattern) or fnmatchcase(name, f"{pattern}.*")
    return inside or any(fnmatchcase(kind, pattern) for kind in kinds)


def names_parameter(pattern: str, name: str, kind: str, own: str) -> bool:
    """Whether a pattern of `init` fits a parameter: its name, or the layer's type and its name in the layer.

    Args:
        pattern: as written: `*.bias`, `features.*.weight`, `Conv2d.weight`.
        name: the parameter's: `features.0.weight`.
        kind: the layer's type.
        own: its name in the layer: `weight`.
    """
    return fnmatchcase(name, pattern) or fnmatchcase(f"{kind}.{own}", pattern)


def pattern_nodes(train: Node | None) -> list[Scalar]:
    """The patterns of `groups` and `freeze`, as written."""
    if not isinstance(train, Mapping):
        return []
    groups = train.get("groups")
    items = groups.items if isinstance(groups, ListNode) else ()
    nodes = [*(item.get("match") for item in items if isinstance(item, Mapping)), train.get("freeze")]
    return [text for node in nodes for text in texts(node)]


def texts(node: Node | None) -> list[Scalar]:
    """A text, or a list of them, as nodes."""
    items = node.items if isinstance(node, ListNode) else (node,)
    return [item for item in items if isinstance(item, Scalar) and isinstance(item.value, str)]


def similar_patterns(pattern: str, names: Sequence[str], types: Sequence[str]) -> list[str]:
    """Patterns similar to `pattern`, made from the modules' paths and their types."""
    tail = ".*" if pattern.endswith(".*") else ""
    paths = dict.fromkeys(name.rsplit(".", cut)[0] for name in names for cut in range(name.count(".") + 1))
    known = [name for name in (*paths, *dict.fromkeys(types), "norm", "bias") if name != pattern]
    found = closest(pattern.removesuffix(".*"), known)
    return [f"{match}{tail}" if match in paths else match for match in found]
