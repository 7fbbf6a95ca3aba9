"""located tree → Spec. Validates the structure of a document whose includes, model and settings are in place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from netspec.core.diagnostics import Span
from netspec.core.findings import Findings
from netspec.core.tree import Mapping, Scalar, Sequence, describe
from netspec.language.blocks import blocks_of, params_of
from netspec.language.interface import inputs_of, outputs_of, sizes_of
from netspec.language.plugins import NO_PLUGINS, Plugins, types_of
from netspec.language.sections import check_sections
from netspec.language.spec import Spec

VERSION = 1
KEYS = (
    "netspec", "name", "plugins", "params", "include", "model", "input", "inputs", "sizes", "blocks", "layers",
    "outputs", "expect", "weights", "data", "train",
)  # fmt: skip


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
    plugins: Plugins = NO_PLUGINS


def parse(document: Document, findings: Findings) -> Spec:
    """The Spec of a document; what is wrong goes into `findings`, and what is sound is kept."""
    root = document.root
    check_version(root, findings)
    name = root.get("name")
    if name is not None and not (isinstance(name, Scalar) and isinstance(name.value, str) and name.value):
        findings.add("NS202", f"name has to be text, got {describe(name)}", name)
    types = types_of(root, document.folder, document.plugins, findings)
    blocks, parser = blocks_of(root, types, findings)
    layers = root.get("layers")
    if layers is None:
        if root.get("model") is None:  # a model that cannot be read was noted
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
    return Spec(
        path=document.path,
        folder=document.folder,
        name=str(name.value) if isinstance(name, Scalar) and name.value else _default_name(document.path),
        network_name=document.network_name,
        document=root,
        sources=document.sources,
        origins=document.origins,
        params=params_of(root, findings),
        inputs=inputs_of(root, findings),
        blocks=blocks,
        layers=items,
        outputs=outputs_of(root, findings),
        weights=weights if isinstance(weights, Scalar) else None,
        data=root.get("data"),
        train=root.get("train"),
        expect=root.get("expect"),
        diagnostics=tuple(findings.list()),
        settings=document.settings,
        plugins=document.plugins,
        sizes=sizes,
    )


def _default_name(path: str) -> str:
    return "network" if path.startswith("<") else Path(path).stem


def check_version(root: Mapping, findings: Findings) -> None:
    """The version of the language that a file names."""
    version = root.get("netspec")
    if version is None:
        at = root.entries[0][0] if root.entries else root
        findings.add("NS200", "the first line of a spec is `netspec: 1`", at)
    elif not (isinstance(version, Scalar) and version.value == VERSION and not isinstance(version.value, bool)):
        findings.add("NS200", f"this netspec reads version {VERSION} of the language, got {describe(version)}", version)
