"""Before a network with plugins is built: the classes behind rules are imported, made, and compared."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

from torch import nn

from netspec.compiler.plugins.meta import construct, on_meta, samples_of
from netspec.core.diagnostics import Diagnostic, SpecError
from netspec.core.shapes import ShapeError, show
from netspec.expansion.graph import Call
from netspec.language.plugins import exception_line
from netspec.layers.plugin import PluginError
from netspec.shapes.report import Inferred, Report


def _class(name: str, origin: tuple[str, str]) -> type[nn.Module]:
    """The class that a plugin gives by its place."""
    module, path = origin
    try:
        found: object = importlib.import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except (Exception, SystemExit) as error:
        raise PluginError(f"the class {module}:{path} of {name} cannot be had: {exception_line(error)}") from None
    if not isinstance(found, type) or not issubclass(found, nn.Module):
        raise PluginError(f"{module}:{path} of {name} is no nn.Module")
    return found


def _hold(call: Call, known: Inferred) -> None:
    """Hold what a rule says against the module; where it cannot run without data, the first real step will tell.

    Raises:
        ShapeError: they differ, or the module cannot be made.
    """
    record = call.record
    assert record.origin is not None
    made = _class(record.name, record.origin)
    inputs = tuple(tensor for tensor in known.inputs if tensor is not None)
    try:
        with on_meta():
            module = construct(record.name, made, known.args)
    except PluginError:
        return
    found = samples_of(record.name, module, inputs)
    if found is not None and known.outputs is not None and found != known.outputs:
        ruled, real = (", ".join(f"{show(each.shape)} {each.dtype}" for each in one) for one in (known.outputs, found))
        raise PluginError(f"the shape rule of {record.name} gives {ruled}, its forward {real}")
    count = sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)
    if found is not None and known.parameters not in (None, count) and call.shares is None:
        raise PluginError(f"parameters of {record.name} gives {known.parameters:,}, its module has {count:,}")


def _wrong(report: Report) -> Iterator[Diagnostic]:
    seen: set[str] = set()
    calls = report.graph.calls if report.graph is not None else ()
    for call, known in zip(calls, report.inferred, strict=True):
        key = repr((call.record.name, known.args, known.inputs))
        if call.record.origin is None or call.record.tensors is not None or key in seen:
            continue
        seen.add(key)
        try:
            _hold(call, known)
        except ShapeError as fact:
            yield Diagnostic(fact.code, fact.message, call.item.at.span, call.path, frames=call.frames)


def check_rules(report: Report) -> None:
    """Hold the shape rules of a network's plugins against their modules.

    Raises:
        SpecError: a class cannot be had or made, or does something else than its rule says.
    """
    with report.spec.plugins.importable(report.spec.folder):
        found = tuple(_wrong(report))
    if found:
        raise SpecError(found, report.spec.sources)
