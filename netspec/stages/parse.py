"""located tree → Spec. Validates the structure of a document whose includes, model and settings are in place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from netspec.ground.diagnostics import Span
from netspec.ground.findings import Findings
from netspec.ground.names import NAME
from netspec.ground.tree import Mapping, Node, Scalar, Sequence, describe, shorten
from netspec.layers.table import TABLE
from netspec.stages.interface import inputs_of, outputs_of
from netspec.stages.items import ItemParser
from netspec.stages.sections import check_sections
from netspec.stages.spec import Block, Spec

VERSION = 1
KEYS = (
    "netspec", "name", "params", "include", "model", "input", "inputs", "blocks", "layers", "outputs", "expect",
    "weights", "data", "train",
)  # fmt: skip
BLOCK_KEYS = ("params", "layers", "outputs")


@dataclass(frozen=True, slots=True)
class Document:
    """One resolved document: what `parse` needs besides the tree."""

    root: Mapping
    path: str
    folder: Path
    network_name: str
    sources: dict[str, str]
    origins: dict[str, Span]
    settings: tuple[str, ...] = ()


def parse(document: Document, findings: Findings) -> Spec:
    """The Spec of a document; what is wrong goes into `findings`, and what is sound is kept."""
    root = document.root
    check_head(root, findings)
    name = root.get("name")
    if name is not None and not (isinstance(name, Scalar) and isinstance(name.value, str) and name.value):
        findings.add("NS202", f"name has to be text, got {describe(name)}", name)
    blocks = _mapping(root, "blocks", findings)
    params = {key.text: _param_names(body) for key, body in blocks}
    parser = ItemParser(findings, params)
    layers = root.get("layers")
    if layers is None:
        if root.get("model") is None:  # a model that cannot be read was noted
            findings.add("NS203", "the spec has no layers", root.entries[0][0] if root.entries else root)
    elif not isinstance(layers, Sequence):
        findings.add("NS202", f"layers has to be a list, got {describe(layers)}", layers)
    elif not layers.items:
        findings.add("NS203", "layers is empty: a network has at least one", layers)
    items, _ = parser.parse_list(layers)
    parsed_blocks = {key.text: _block(key, body, parser, findings) for key, body in blocks}
    weights = root.get("weights")
    if weights is not None and not (isinstance(weights, Scalar) and isinstance(weights.value, str)):
        findings.add("NS202", f"weights is a name or a path, got {describe(weights)}", weights)
    findings.extend(check_sections(root))
    return Spec(
        path=document.path,
        folder=document.folder,
        name=str(name.value) if isinstance(name, Scalar) and name.value else _default_name(document.path),
        network_name=document.network_name,
        document=root,
        sources=document.sources,
        origins=document.origins,
        params=_params(root, findings),
        inputs=inputs_of(root, findings),
        blocks=parsed_blocks,
        layers=items,
        outputs=outputs_of(root, findings),
        weights=weights if isinstance(weights, Scalar) else None,
        data=root.get("data"),
        train=root.get("train"),
        expect=root.get("expect"),
        diagnostics=tuple(findings.list()),
        settings=document.settings,
    )


def _default_name(path: str) -> str:
    return "network" if path.startswith("<") else Path(path).stem


def check_head(root: Mapping, findings: Findings) -> None:
    """The keys of a spec and the version that it names."""
    for key, _ in root:
        if key.text not in KEYS:
            findings.misspelt("NS201", f"a spec has no key {shorten(key.text)!r}", key, KEYS)
    check_version(root, findings)


def check_version(root: Mapping, findings: Findings) -> None:
    """The version of the language that a file names."""
    version = root.get("netspec")
    if version is None:
        at = root.entries[0][0] if root.entries else root
        findings.add("NS200", "the first line of a spec is `netspec: 1`", at)
    elif not (isinstance(version, Scalar) and version.value == VERSION and not isinstance(version.value, bool)):
        findings.add("NS200", f"this netspec reads version {VERSION} of the language, got {describe(version)}", version)


def _mapping(root: Mapping, key: str, findings: Findings) -> Mapping:
    node = root.get(key)
    if isinstance(node, Mapping):
        return node
    if node is not None and not (isinstance(node, Scalar) and node.value is None):
        findings.add("NS202", f"{key} has to be a mapping, got {describe(node)}", node)
    return Mapping((), root.span)


def _check_name(node: Scalar, what: str, findings: Findings) -> None:
    if not NAME.match(node.text):
        findings.add("NS207", f"{node.text!r} is no name of {what}: letters, digits and _ only, no digit first", node)


def _params(root: Mapping, findings: Findings) -> dict[str, Node]:
    params = _mapping(root, "params", findings)
    for key, value in params:
        _check_name(key, "a parameter", findings)
        if not isinstance(value, Scalar) or value.value is None:
            findings.add(
                "NS202", f"the parameter {key.text} needs a number, true, false or text, got {describe(value)}", value
            )
    return {key.text: value for key, value in params if isinstance(value, Scalar) and value.value is not None}


def _param_names(body: Node) -> dict[str, Node | None]:
    """A block's parameters with their defaults: null, or a plain list of names, means required."""
    params = body.get("params") if isinstance(body, Mapping) else None
    if isinstance(params, Mapping):
        return {key.text: None if isinstance(value, Scalar) and value.value is None else value for key, value in params}
    if isinstance(params, Sequence):
        return {item.text: None for item in params.items if isinstance(item, Scalar)}
    return {}


def _block(key: Scalar, body: Node, parser: ItemParser, findings: Findings) -> Block:
    if key.text in TABLE:
        findings.add("NS207", f"the block {key.text} would hide torch's {key.text}", key)
    else:
        _check_name(key, "a block", findings)
    if isinstance(body, Sequence):
        body = Mapping(((Scalar("layers", key.span, "layers"), body),), body.span)
    if not isinstance(body, Mapping):
        findings.add("NS202", f"the block {key.text} needs layers, got {describe(body)}", body)
        return Block(key.text, key, {}, ())
    for name, _ in body:
        if name.text not in BLOCK_KEYS:
            findings.misspelt("NS201", f"a block has no key {name.text!r}", name, BLOCK_KEYS)
    params = body.get("params")
    if (
        params is not None
        and not isinstance(params, Mapping | Sequence)
        and not (isinstance(params, Scalar) and params.value is None)
    ):
        findings.add("NS202", f"params has to be a mapping of names to defaults, got {describe(params)}", params)
    for name in (*(n for n, _ in params),) if isinstance(params, Mapping) else ():
        _check_name(name, "a parameter", findings)
    if body.get("layers") is None:
        findings.add("NS203", f"the block {key.text} has no layers", key)
    items, _ = parser.parse_list(body.get("layers"))
    outputs = body.get("outputs")
    return Block(key.text, key, _param_names(body), items, parser.references(outputs) if outputs else ())
