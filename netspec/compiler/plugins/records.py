"""A plugin's table `netspec_layers` → records of layers like the shipped ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from inspect import Parameter
from typing import Any

from netspec.compiler.plugins.rules import MetaRule, WrittenRule, inferred, no_count
from netspec.compiler.plugins.signature import BY_NAME, args_of, inputs_of, parameters_of
from netspec.core.names import NAME
from netspec.core.shapes import DTYPES
from netspec.core.tree import shorten
from netspec.language.items import KEYS
from netspec.language.plugins import Brought, Fault
from netspec.layers.plugin import PluginLayer
from netspec.layers.record import Layer

Origin = tuple[str, str]  # a module, and the name of a class in it
_PLACE = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)", re.ASCII)
# What generated Python calls something of its own, so that no module can be imported by that name.
_TAKEN = frozenset({"nn", "F", "Tensor", "OrderedDict", "ops", "convnext", "self", "x"})


class _Wrong(Exception):
    """An entry that is no layer; the message says why."""


def layers_of(table: Mapping[Any, Any]) -> Brought:
    """The layers of a plugin's table, and what is wrong with those that are none."""
    layers: dict[str, Layer] = {}
    faults = []
    for name, entry in table.items():
        try:
            layers[name] = _record(name, entry)
        except _Wrong as wrong:
            faults.append(Fault("NS703", f"{shorten(str(name))} is no layer: {wrong}"))
    return Brought(layers, tuple(faults))


def _record(name: object, entry: object) -> Layer:
    if not isinstance(name, str) or not NAME.match(name) or name in KEYS:
        raise _Wrong("a layer's name is a word of letters, digits and _, and no key of an item")
    given = entry if isinstance(entry, PluginLayer) else PluginLayer(module=entry)
    origin = _origin(given.module)
    if origin[0].partition(".")[0] in _TAKEN:
        raise _Wrong(f"its module {origin[0]} has a name that generated code uses for something else")
    infer = {key: inferred(name, key, function) for key, function in given.infer.items()}
    layer = _with_rule(name, given, origin, infer) if given.output is not None else _run(name, given, origin, infer)
    unknown = [key for key in infer if layer.arg(key) is None]
    if unknown:
        raise _Wrong(f"infer names {unknown[0]}, which is none of its arguments")
    return layer


def _origin(module: object) -> Origin:
    """Where generated code imports a class from."""
    if isinstance(module, str):
        match = _PLACE.fullmatch(module)
        if match is None:
            raise _Wrong(f"{shorten(module)!r} is no place of a class, as my_package.nets:GatedConv")
        return match[1], match[2]
    if not isinstance(module, type):
        raise _Wrong(f"expected a class or a netspec.PluginLayer, got {shorten(repr(module))}")
    if "<" in module.__qualname__:
        raise _Wrong(f"the class {module.__qualname__} cannot be imported: it is made within a function")
    return module.__module__, module.__qualname__


def _with_rule(name: str, given: PluginLayer, origin: Origin, infer: Mapping[str, Callable[..., int]]) -> Layer:
    """A layer that brings a shape rule."""
    assert given.output is not None
    if given.takes not in DTYPES | {"float", "int", "any"} or given.gives not in DTYPES | {"same", "promoted"}:
        raise _Wrong(f"takes {given.takes!r} and gives {given.gives!r}: which are no dtypes of torch")
    parameters = _signature(given.output, "its rule")
    for each in parameters:
        if each.kind is Parameter.VAR_KEYWORD:
            raise _Wrong("its rule names its arguments; **others would hide which there are")
    inputs = _inputs([each for each in parameters if each.kind is not Parameter.KEYWORD_ONLY], "its rule")
    rule = WrittenRule(name, given.output, given.parameters, given.macs)
    arguments = [each for each in parameters if each.kind is Parameter.KEYWORD_ONLY]
    layer = _layer(name, given, origin, rule.shape, inputs)
    return replace(
        layer, args=args_of(arguments, infer), takes=given.takes, gives=given.gives,
        parameters=rule.counted_parameters if given.parameters else no_count,
        macs=rule.counted_macs if given.macs else no_count,
    )  # fmt: skip


def _run(name: str, given: PluginLayer, origin: Origin, infer: Mapping[str, Callable[..., int]]) -> Layer:
    """A layer whose module is run on the meta device."""
    if not isinstance(given.module, type):
        raise _Wrong("a class that is given by its place needs a shape rule, output")
    if given.parameters or given.macs:
        raise _Wrong("parameters and macs go with output; without it they are counted")
    forward = getattr(given.module, "forward", None)
    if not callable(forward):
        raise _Wrong(f"{given.module.__name__} has no forward: it is no nn.Module")
    takes = [each for each in _signature(forward, "forward")[1:] if each.kind is not Parameter.KEYWORD_ONLY]
    arguments = [each for each in _signature(given.module, "its constructor") if each.kind in BY_NAME]
    rule = MetaRule(name, given.module)
    layer = _layer(name, given, origin, rule.shape, _inputs(takes, "forward"))
    return replace(
        layer, args=args_of(arguments, infer), takes="any", tensors=rule.tensors,
        parameters=rule.counted_parameters, macs=rule.counted_macs,
    )  # fmt: skip


def _layer(
    name: str, given: PluginLayer, origin: Origin, shape: Callable[..., Any], inputs: tuple[int, int | None]
) -> Layer:
    words = (given.module.__doc__ or "").strip().splitlines() if isinstance(given.module, type) else []
    doc = words[0] if words else f"{'.'.join(origin)}, a plugin's layer."
    return Layer(name=name, doc=doc, shape=shape, inputs=inputs, origin=origin, right=())


def _inputs(parameters: list[Parameter], what: str) -> tuple[int, int | None]:
    least, most = inputs_of(parameters)
    if most == 0:
        raise _Wrong(f"{what} takes no input")
    wrong = next((each for each in parameters if each.default not in (Parameter.empty, None)), None)
    if wrong is not None and what == "its rule":
        raise _Wrong(f"{wrong.name} stands among the inputs of its rule; arguments come after *, as (x, *, {wrong})")
    return least, most


def _signature(function: Callable[..., Any], what: str) -> list[Parameter]:
    try:
        return parameters_of(function)
    except (ValueError, TypeError):
        raise _Wrong(f"{what} has no signature") from None
