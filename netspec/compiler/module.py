"""Spec → nn.Module: the generated source is run, so what runs is what `to_python` shows.

The classes live in the source alone. A pickle (or deepcopy) of such a module names the spec and the class, so that
loading it needs netspec and not the author's code.
"""

from __future__ import annotations

import builtins
import itertools
import linecache
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from netspec.checker import require
from netspec.compiler.code_file import Source
from netspec.compiler.identifiers import MODULES
from netspec.compiler.plugins.permission import plugin_permission
from netspec.compiler.plugins.verify import check_rules
from netspec.compiler.python import python_source
from netspec.core.diagnostics import Diagnostic, SpecError
from netspec.core.escapes import safe
from netspec.core.installed import TORCHVISION, require_packages
from netspec.language.load import loads
from netspec.language.plugins import exception_line
from netspec.language.spec import Spec
from netspec.shapes.report import Report

MOST_REMEMBERED = 64
_NUMBERS = itertools.count(1)
_BY_SPEC: dict[tuple[str, str | None], Compiled] = {}


@dataclass(eq=False)
class Compiled:
    """The classes of one compiled spec."""

    spec: Spec
    source: Source
    namespace: dict[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> str | None:
        """The folder that plugins may lie in; None where there are none."""
        return str(self.spec.folder.resolve()) if self.spec.document.get("plugins") is not None else None

    def run(self) -> None:
        """Execute the generated source; tracebacks show its lines, which name the spec's."""
        filename = f"<netspec {safe(self.spec.name)} {next(_NUMBERS)}>"
        linecache.cache[filename] = (len(self.source.text), None, self.source.text.splitlines(keepends=True), filename)
        # The text holds only validated names, torch's class names and literals: see python.py.
        if any(line in self.source.text.splitlines() for line in MODULES.values()):
            require_packages(f"the network {self.spec.name}", TORCHVISION)
        with self.spec.plugins.importable(self.spec.folder):
            exec(builtins.compile(self.source.text, filename, "exec"), self.namespace)
        for name in self.source.classes:
            cls = self.namespace[name]
            cls.__module__ = __name__
            cls.__reduce_ex__ = _reduce_ex
            cls._netspec = self


def _reduce_ex(module: nn.Module, protocol: object) -> tuple[Any, ...]:
    """How a compiled module is pickled: the spec and its class, then the state as torch has it."""
    compiled: Compiled = type(module)._netspec  # type: ignore[attr-defined]  # set by Compiled.run
    text, folder = compiled.spec.to_yaml(), compiled.folder
    _remember(text, folder, compiled)
    return _blank, (text, type(module).__name__, folder), module.__dict__.copy()


def _remember(text: str, folder: str | None, compiled: Compiled) -> None:
    """Keep the classes of a spec, so that a copy has the class of its original; the oldest are dropped."""
    _BY_SPEC.setdefault((text, folder), compiled)
    while len(_BY_SPEC) > MOST_REMEMBERED:
        del _BY_SPEC[next(iter(_BY_SPEC))]


def _blank(text: str, name: str, folder: str | None = None) -> nn.Module:
    """An instance of a compiled class, its state still to be set; a plugin needs the person's permission again."""
    if (text, folder) not in _BY_SPEC:
        home = None if folder is None else Path(folder)
        spec = loads(text, folder=home, plugins=plugin_permission(), self_contained=True)
        _remember(text, folder, _compiled(require(spec)))
    cls = _BY_SPEC[text, folder].namespace[name]
    module: nn.Module = cls.__new__(cls)
    return module


def _compiled(report: Report) -> Compiled:
    check_rules(report)
    compiled = Compiled(report.spec, python_source(report))
    compiled.run()
    return compiled


def _network(compiled: Compiled) -> nn.Module:
    """The network. An error of a plugin's class becomes a finding: on the meta device it was made without one."""
    try:
        model: nn.Module = compiled.namespace[compiled.source.entry]()
    except Exception as error:
        plugins = compiled.spec.document.get("plugins")
        if plugins is None:
            raise
        found = Diagnostic("NS704", f"a layer of the plugins cannot be made: {exception_line(error)}", plugins.span)
        raise SpecError([found], compiled.spec.sources) from error
    return model


def compile_spec(spec: Spec, device: str | torch.device | None = None, *, weights: bool = True) -> nn.Module:
    """Build the network of a spec.

    Args:
        spec: as `netspec.load` gives it; it is checked first.
        device: where the parameters are made; `meta` allocates nothing. Torch's default device where left out.
        weights: load what the spec's `weights` names (never on `meta`).

    Returns:
        The module: its forward takes the inputs with the batch in front, in the order of the spec, and gives the
        output (N, *sample shape), or a tuple of them.

    Raises:
        SpecError: the spec has errors, or its weights cannot be loaded.
    """
    compiled = _compiled(require(spec))
    with torch.device(device if device is not None else torch.get_default_device()):
        model = _network(compiled)
    if weights and spec.weights is not None and torch.device(device or "cpu").type != "meta":
        from netspec.compiler.weights import load_weights

        load_weights(model, spec)
    return model
