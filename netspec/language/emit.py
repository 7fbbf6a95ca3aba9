"""Document → YAML text: one self-contained file, with includes, model and settings written out."""

from __future__ import annotations

import re
from typing import Any

import yaml

from netspec.core.tree import Atom, Mapping, Node, Scalar, Sequence
from netspec.language.composer import scalar_value
from netspec.language.sections.keys import SPEC_KEYS

WIDEST = 110
_OF_LAYERS = ("layers", "sequential", "branches")  # keys whose values are layers, one line for each
_PLAIN = re.compile(r"[A-Za-z0-9_.+*/%()<>=-][A-Za-z0-9_.+*/%()<>=!\"' -]*\Z")


def emit(root: Mapping, name: str) -> str:
    """The text of a resolved document: one line for each layer, in flow style.

    Args:
        root: the document.
        name: the spec's name, written where the document has none.
    """
    entries = list(root.entries)
    if root.get("name") is None:
        entries.append((Scalar("name", root.span, "name"), Scalar(name, root.span, name)))
    order = {key: index for index, key in enumerate(SPEC_KEYS)}
    entries.sort(key=lambda pair: order.get(pair[0].text, len(order)))
    lines: list[str] = []
    for key, value in entries:
        lines += _block(key, value, 0)
        if key.text in ("layers", "blocks"):
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _block(key: Scalar, value: Node, indent: int) -> list[str]:
    """`key: value`, on one line where it fits."""
    pad, head = " " * indent, _atom(key.text, key.plain)
    flow = _flow(value)
    structural = key.text in (*_OF_LAYERS, "blocks") and not isinstance(value, Scalar)
    if not structural and len(pad) + len(head) + 2 + len(flow) <= WIDEST and not _holds_layers(value):
        return [f"{pad}{head}: {flow}".rstrip()]
    if isinstance(value, Mapping) and value.entries:
        return [f"{pad}{head}:", *(line for k, v in value for line in _block(k, v, indent + 2))]
    if isinstance(value, Sequence) and value.items:
        return [f"{pad}{head}:", *(line for item in value.items for line in _item(item, indent + 2))]
    return [f"{pad}{head}: {flow}".rstrip()]


def _item(node: Node, indent: int) -> list[str]:
    """One entry of a list."""
    flow = _flow(node)
    if isinstance(node, Mapping) and node.entries and (_holds_layers(node) or len(flow) + indent + 2 > WIDEST):
        lines = [line for key, value in node for line in _block(key, value, indent + 2)]
        return [" " * indent + "- " + lines[0].lstrip(), *lines[1:]]
    if isinstance(node, Sequence) and node.items and len(flow) + indent + 2 > WIDEST:
        lines = [line for item in node.items for line in _item(item, indent + 2)]
        return [" " * indent + "- " + lines[0].lstrip(), *lines[1:]]
    return [" " * indent + "- " + flow]


def _holds_layers(node: Node) -> bool:
    if isinstance(node, Sequence):
        return any(_holds_layers(item) for item in node.items)
    return isinstance(node, Mapping) and any(k.text in _OF_LAYERS or _holds_layers(v) for k, v in node)


def _flow(node: Node) -> str:
    if isinstance(node, Sequence):
        return "[" + ", ".join(_flow(item) for item in node.items) + "]"
    if isinstance(node, Mapping):
        return "{" + ", ".join(f"{_atom(k.text, k.plain)}: {_flow(v)}".rstrip() for k, v in node) + "}"
    return _atom(node.value, node.plain)


def emit_text(text: str) -> str:
    """A text as one scalar of YAML, quoted where it would be read as another value."""
    return _atom(text)


def _atom(value: Atom, plain: bool = True) -> str:
    """A scalar, quoted where it would be read as another value."""
    if isinstance(value, str):
        if (
            plain
            and _PLAIN.match(value)
            and scalar_value(value) == value
            and not value.endswith(" ")
            and not value.startswith("- ")
        ):
            return value
        dumped: Any = yaml.safe_dump(value, default_style='"', width=10**9, allow_unicode=True)
        return str(dumped).strip()
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}.get(repr(value), repr(value))
    return str(value)
