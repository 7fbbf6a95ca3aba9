"""`blocks` and `params` of a spec: the names they define, and what stands behind them."""

from __future__ import annotations

from netspec.core.expressions import is_name
from netspec.core.findings import Findings
from netspec.core.names import NAME
from netspec.core.tree import Mapping, Node, Scalar, Sequence, describe, is_null, shorten
from netspec.language.argument_syntax import Params
from netspec.language.items import ItemParser
from netspec.language.keys import understood
from netspec.language.plugins import Types
from netspec.language.spec import Block

BLOCK_KEYS = ("params", "layers", "outputs")
EMPTY: tuple[tuple[Scalar, Node], ...] = ()


def entries_of(root: Mapping, key: str, findings: Findings) -> tuple[tuple[Scalar, Node], ...]:
    """The entries of the mapping under a key of the spec; none where it is left out or no mapping."""
    node = root.get(key)
    if isinstance(node, Mapping):
        return node.entries
    if node is not None and not is_null(node):
        findings.add("NS202", f"{key} has to be a mapping, got {describe(node)}", node)
    return EMPTY


def params_of(root: Mapping, findings: Findings) -> dict[str, Node]:
    """The spec's parameters with their defaults."""
    params: dict[str, Node] = {}
    for key, value in entries_of(root, "params", findings):
        _check_name(key, "a parameter", findings)
        if isinstance(value, Scalar) and not is_null(value):
            params[key.text] = value
        else:
            message = f"the parameter {key.text} needs a number, true, false or text, got {describe(value)}"
            findings.add("NS202", message, value)
    return params


def blocks_of(root: Mapping, types: Types, findings: Findings) -> tuple[dict[str, Block], ItemParser]:
    """The spec's blocks by name, and a parser of items that knows them."""
    bodies = [(key, _body(key, body, types, findings)) for key, body in entries_of(root, "blocks", findings)]
    parser = ItemParser(findings, types, {key.text: _block_params(key, body, findings) for key, body in bodies})
    return {key.text: _block(key, body, parser) for key, body in bodies}, parser


def _body(key: Scalar, body: Node, types: Types, findings: Findings) -> Mapping:
    """A block as a mapping with the keys of one; a plain list is its layers."""
    if key.text in types.layers:
        whose = "torch's" if types.layers[key.text].origin is None else "the plugin's"
        findings.add("NS207", f"the block {key.text} would hide {whose} {key.text}", key)
    else:
        _check_name(key, "a block", findings)
    if isinstance(body, Sequence):
        return Mapping(((Scalar("layers", key.span, "layers"), body),), body.span)
    if not isinstance(body, Mapping):
        findings.add("NS202", f"the block {key.text} needs layers, got {describe(body)}", body)
        return Mapping((), body.span)
    body = understood(body, BLOCK_KEYS, "a block", findings)
    if body.get("layers") is None:
        findings.add("NS203", f"the block {key.text} has no layers", key)
    return body


def _block_params(key: Scalar, body: Mapping, findings: Findings) -> Params:
    """A block's parameters with their defaults: null, or a plain list of names, means required."""
    node = body.get("params")
    if node is None or is_null(node):
        return {}
    if isinstance(node, Scalar):
        findings.add("NS202", f"params has to be a mapping of names to defaults, got {describe(node)}", node)
        return {}
    params: Params = {}
    pairs = node.entries if isinstance(node, Mapping) else tuple((item, None) for item in node.items)
    for name, default in pairs:
        if not isinstance(name, Scalar):
            findings.add("NS202", f"a parameter of {key.text} has to be a word, got {describe(name)}", name)
            continue
        _check_name(name, "a parameter", findings)
        if default is not None and not isinstance(default, Scalar):
            message = f"the parameter {name.text} needs a number, true, false or text, got {describe(default)}"
            findings.add("NS202", message, default)
        params[name.text] = None if default is None or is_null(default) else default
    return params


def _block(key: Scalar, body: Mapping, parser: ItemParser) -> Block:
    items, _ = parser.parse_list(body.get("layers"))
    outputs = body.get("outputs")
    references = () if outputs is None else parser.references(outputs, "outputs")
    return Block(key.text, key, parser.block_params[key.text], items, references)


def _check_name(node: Scalar, what: str, findings: Findings) -> None:
    if not NAME.match(node.text):
        rule = "letters, digits and _ only, no digit first"
        findings.add("NS207", f"{shorten(node.text)!r} is no name of {what}: {rule}", node)
    elif not is_name(node.text):
        findings.add("NS207", f"{node.text!r} is no name of {what}: it is a word of expressions", node)
