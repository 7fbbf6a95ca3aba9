"""`plugins: [package.module]` → the types of one spec: netspec's own table, and the layers of its plugins."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping as Dict
from contextlib import AbstractContextManager, nullcontext
from dataclasses import field
from pathlib import Path
from typing import Protocol

from netspec.core.dataclass import dataclass
from netspec.core.diagnostics import Findings, Note
from netspec.core.tree import Mapping, Node, Scalar, Sequence, describe, shorten
from netspec.layers.record import Layer
from netspec.layers.table import TABLE

SETTING = "NETSPEC_ALLOW_PLUGINS"
_MODULE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*\Z")


@dataclass(frozen=True, slots=True)
class PluginFault:
    """What is wrong with a plugin, without the span of its name."""

    code: str
    message: str
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class LoadedPlugin:
    """The layers of a plugin by name, and what is wrong with it."""

    layers: Dict[str, Layer]
    faults: tuple[PluginFault, ...] = ()


class Plugins(Protocol):
    """Which plugins the user allows, and how they are loaded."""

    def load(self, name: str, folder: Path) -> LoadedPlugin:
        """The layers of the plugin `name` of a spec in `folder`; its exceptions become faults."""

    def allows(self, module: str) -> bool:
        """Whether a module may run that a spec names elsewhere than in `plugins`."""

    def importable(self, folder: Path) -> AbstractContextManager[None]:
        """A context in which the plugins of a spec in `folder` can import their modules."""


def not_allowed(name: str) -> LoadedPlugin:
    """No layers, and the fault that the user has not allowed the plugin."""
    notes = (
        Note("note", "it would bring layers; those that netspec does not know are not judged without it"),
        Note("fix", "read it; if you trust it, add --allow-plugins (in Python: allow_plugins=True)"),
        Note("or", f"{SETTING}={name} in the environment allows it for good, where it is installed"),
    )
    message = f"the plugin {name} may not run: it is Python code, which runs only when you allow it"
    return LoadedPlugin({}, (PluginFault("NS701", message, notes),))


class _None:
    """Allows no plugin."""

    def load(self, name: str, folder: Path) -> LoadedPlugin:
        return not_allowed(name)

    def allows(self, module: str) -> bool:
        return False

    def importable(self, folder: Path) -> AbstractContextManager[None]:
        return nullcontext()


NO_PLUGINS: Plugins = _None()


@dataclass(frozen=True, slots=True)
class Types:
    """The layers and functions that a spec may use.

    `complete` is false where a plugin could not be loaded: a type that is not among `layers` may be one of its layers.
    """

    layers: Dict[str, Layer] = field(default_factory=lambda: TABLE)
    complete: bool = True


def nodes_of(node: Node | None) -> tuple[Node, ...]:
    """The items of `plugins`: a list, or one module instead of a list."""
    if node is None:
        return ()
    return node.items if isinstance(node, Sequence) else (node,)


def types_of(root: Mapping, folder: Path, plugins: Plugins, findings: Findings) -> Types:
    """The types of a document in `folder`; what is wrong with a plugin becomes a finding at its name."""
    nodes = nodes_of(root.get("plugins"))
    if not nodes:
        return Types(TABLE)
    layers, origin, complete = dict(TABLE), dict.fromkeys(TABLE, "netspec"), True
    seen: set[str] = set()
    for node in nodes:
        if not isinstance(node, Scalar) or not isinstance(node.value, str) or not _is_module(node.value):
            wants = "plugins lists Python modules by name, as my_package.layers"
            findings.add("NS202", f"{wants}; got {describe(node)}", node)
            complete = False
            continue
        if node.value in seen:
            continue
        seen.add(node.value)
        plugin = plugins.load(node.value, folder)
        for fault in plugin.faults:
            findings.add(fault.code, fault.message, node, notes=fault.notes)
        complete = complete and not plugin.faults
        for name, record in plugin.layers.items():
            if name in layers:
                message = f"the plugin {node.value} brings a layer {name}, and so does {origin[name]}"
                findings.add("NS703", message, node, notes=[Note("fix", "give it another name in netspec_layers")])
                continue
            layers[name], origin[name] = record, f"the plugin {node.value}"
    return Types(layers, complete)


def _is_module(text: str) -> bool:
    parts = text.split(".")
    return bool(_MODULE.match(text)) and len(text) <= 200 and not any(map(keyword.iskeyword, parts))


LONGEST = 300  # characters of an error of a plugin or torch


def exception_line(error: BaseException) -> str:
    """The type and first line of an exception, for a message."""
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return shorten(f"{type(error).__name__}: {first}" if first else type(error).__name__, LONGEST)
