"""located tree → Spec. Validates the structure of a document whose includes, model and settings are resolved."""

from __future__ import annotations

from pathlib import Path

from netspec.core.diagnostics import Findings
from netspec.core.expressions import is_name
from netspec.core.names import NAME
from netspec.core.tree import Mapping, Node, Scalar, Sequence, Span, describe, is_null, shorten
from netspec.language.argument_syntax import Params
from netspec.language.interface import inputs_of, outputs_of, sizes_of
from netspec.language.items import ItemParser
from netspec.language.plugins import Plugins, Types, types_of
from netspec.language.sections.keys import correct_keys
from netspec.language.sections.validate import check_sections, section_as_meant
from netspec.language.spec import Block, Spec

BLOCK_KEYS = ("params", "layers", "outputs")


def entries_of(root: Mapping, key: str, findings: Findings) -> tuple[tuple[Scalar, Node], ...]:
    """The entries of the mapping under a key of the spec; none where it is left out or is not a mapping."""
    node = root.get(key)
    if isinstance(node, Mapping):
        return node.entries
    if node is not None and not is_null(node):
        findings.add("NS202", f"{key} has to be a mapping, got {describe(node)}", node)
    return ()


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
    """A block as a mapping; a plain list is its layers."""
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
    body = correct_keys(body, BLOCK_KEYS, "a block", findings)
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


VERSION = 1


def parse(
    root: Mapping, findings: Findings, *, path: str, folder: Path, network_name: str, sources: dict[str, str],
    origins: dict[str, Span], settings: tuple[str, ...], plugins: Plugins,
) -> Spec:  # fmt: skip
    """The Spec of a document, with everything that could be read.

    Args:
        root: the document, with includes, model and settings resolved.
        findings: takes what is wrong.
        path, folder, network_name, sources, origins, settings, plugins: as in Spec.
    """
    check_version(root, findings)
    name = root.get("name")
    if name is not None and not (isinstance(name, Scalar) and isinstance(name.value, str) and name.value):
        findings.add("NS202", f"name has to be text, got {describe(name)}", name)
    types = types_of(root, folder, plugins, findings)
    blocks, parser = blocks_of(root, types, findings)
    layers = root.get("layers")
    if layers is None:
        if root.get("model") is None:  # an unreadable model has a finding
            findings.add("NS203", "the spec has no layers", root.entries[0][0] if root.entries else root)
    elif not isinstance(layers, Sequence):
        example = "one line for each layer, as `- {name: conv1, Conv2d: {…}}`"
        findings.add("NS202", f"layers has to be a list, {example}; got {describe(layers)}", layers)
    elif not layers.items:
        findings.add("NS203", "layers is empty: a network has at least one", layers)
    items, _ = parser.parse_list(layers if isinstance(layers, Sequence) else None)
    weights = root.get("weights")
    if weights is not None and not (isinstance(weights, Scalar) and isinstance(weights.value, str)):
        findings.add("NS202", f"weights is a name or a path, got {describe(weights)}", weights)
    findings.extend(check_sections(root))
    sizes = sizes_of(root, findings)
    default = "network" if path.startswith("<") else Path(path).stem
    return Spec(
        path=path,
        folder=folder,
        name=str(name.value) if isinstance(name, Scalar) and name.value else default,
        network_name=network_name,
        document=root,
        sources=sources,
        origins=origins,
        params=params_of(root, findings),
        inputs=inputs_of(root, findings),
        blocks=blocks,
        layers=items,
        outputs=outputs_of(root, findings),
        weights=weights if isinstance(weights, Scalar) else None,
        data=section_as_meant(root, "data"),
        train=section_as_meant(root, "train"),
        expect=section_as_meant(root, "expect"),
        diagnostics=tuple(findings.list()),
        settings=settings,
        plugins=plugins,
        sizes=sizes,
    )


def check_version(root: Mapping, findings: Findings) -> None:
    """Check the version of the language that a file names."""
    version = root.get("netspec")
    if version is None:
        at = root.entries[0][0] if root.entries else root
        findings.add("NS200", "the first line of a spec is `netspec: 1`", at)
    elif not (isinstance(version, Scalar) and version.value == VERSION and not isinstance(version.value, bool)):
        findings.add("NS200", f"this netspec reads version {VERSION} of the language, got {describe(version)}", version)
