"""located tree → Spec. Validates the structure of a document whose includes, model and settings are resolved."""

from __future__ import annotations

from pathlib import Path

from netspec.core.diagnostics import Findings
from netspec.core.tree import Mapping, Node, Scalar, Sequence, Span, describe
from netspec.language.interface import inputs_of, outputs_of, sizes_of
from netspec.language.item_keys import references
from netspec.language.items import ItemParser
from netspec.language.parameters import block_params, check_name, entries_of, params_of
from netspec.language.plugins import Plugins, Types, types_of
from netspec.language.sections.keys import correct_keys
from netspec.language.sections.validate import check_sections, section_as_meant
from netspec.language.spec import Block, Spec, every_item_of

BLOCK_KEYS = ("params", "layers", "outputs")


def blocks_of(
    root: Mapping, types: Types, params: dict[str, Node], findings: Findings
) -> tuple[dict[str, Block], ItemParser]:
    """The spec's blocks by name, and a parser of items that knows them and the spec's parameters."""
    bodies = [(key, _body(key, body, types, findings)) for key, body in entries_of(root, "blocks", findings)]
    of_blocks = {key.text: block_params(key, body, findings) for key, body in bodies}
    parser = ItemParser(findings, types, of_blocks, params)
    for node in params.values():
        parser.check_layers(node)
    return {key.text: _block(key, body, parser) for key, body in bodies}, parser


def _body(key: Scalar, body: Node, types: Types, findings: Findings) -> Mapping:
    """A block as a mapping; a plain list is its layers."""
    if key.text in types.layers:
        whose = "torch's" if types.layers[key.text].origin is None else "the plugin's"
        findings.add("NS207", f"the block {key.text} would hide {whose} {key.text}", key)
    else:
        check_name(key, "a block", findings)
    if isinstance(body, Sequence):
        return Mapping(((Scalar("layers", key.span, "layers"), body),), body.span)
    if not isinstance(body, Mapping):
        findings.add("NS202", f"the block {key.text} needs layers, got {describe(body)}", body)
        return Mapping((), body.span)
    body = correct_keys(body, BLOCK_KEYS, "a block", findings)
    if body.get("layers") is None:
        findings.add("NS203", f"the block {key.text} has no layers", key)
    return body


def _block(key: Scalar, body: Mapping, parser: ItemParser) -> Block:
    params = parser.block_params[key.text]
    for default in params.values():
        parser.check_layers(default)
    with parser.inside(params):
        items, _ = parser.parse_list(body.get("layers"))
    outputs = body.get("outputs")
    results = () if outputs is None else references(outputs, parser.findings, "outputs")
    typed = frozenset(item.at.text for item in every_item_of(items) if item.kind == "parameter") & params.keys()
    return Block(key.text, key, params, items, results, typed)


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
    params = params_of(root, findings)
    blocks, parser = blocks_of(root, types, params, findings)
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
        params=params,
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
        init=root.get("init"),
        types=types,
        gives_dict=isinstance(root.get("outputs"), Mapping),
    )


def check_version(root: Mapping, findings: Findings) -> None:
    """Check the version of the language that a file names."""
    version = root.get("netspec")
    if version is None:
        at = root.entries[0][0] if root.entries else root
        findings.add("NS200", "the first line of a spec is `netspec: 1`", at)
    elif not (isinstance(version, Scalar) and version.value == VERSION and not isinstance(version.value, bool)):
        findings.add("NS200", f"this netspec reads version {VERSION} of the language, got {describe(version)}", version)
