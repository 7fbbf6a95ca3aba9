"""A plugin's table `netspec_layers` → records of its layers; their arguments come from signatures."""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from inspect import Parameter
from typing import Any, Literal, Union, get_args, get_origin

from netspec.compiler.plugins.rules import MetaRule, WrittenRule, inferred
from netspec.core.names import NAME
from netspec.core.shapes import DTYPES
from netspec.core.tree import shorten
from netspec.language.items import KEYS
from netspec.language.plugins import LoadedPlugin, PluginFault
from netspec.layers.arguments import Anything, Bool, Either, Float, Int, Ints, Kind, Null, Several, Word, optional
from netspec.layers.plugin import PluginLayer
from netspec.layers.record import REQUIRED, Arg, Layer
from netspec.layers.text import Text

BY_POSITION = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
BY_NAME = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
_PLAIN: dict[object, Kind] = {
    bool: Bool(),
    int: Int(),
    float: Float(),
    str: Text("text", r"[^\0]*", longest=1000),
    None: Null(),
    type(None): Null(),
}
_WORDS = {kind.__name__: kind for kind in (bool, int, float, str)}


def parameters_of(function: Callable[..., Any]) -> list[Parameter]:
    """The parameters of a function or class; annotations that are text are looked up where that is possible.

    Raises:
        ValueError, TypeError: it has no signature.
    """
    try:
        return [*inspect.signature(function, eval_str=True).parameters.values()]
    except (NameError, AttributeError, SyntaxError, TypeError):
        return [*inspect.signature(function).parameters.values()]


def args_of(parameters: Iterable[Parameter], infer: Mapping[str, Callable[..., int]]) -> tuple[Arg, ...]:
    """The arguments of a layer, from the parameters of a signature; all are given by name.

    Args:
        parameters: of the shape rule or the constructor.
        infer: functions that infer arguments from the shapes of the inputs.
    """
    args = []
    for parameter in parameters:
        required = parameter.default is Parameter.empty
        kind = kind_of(parameter.annotation)
        if parameter.default is None and not isinstance(kind, Anything):
            kind = optional(kind)
        default = REQUIRED if required else parameter.default
        inferred = infer.get(parameter.name)
        args.append(Arg(parameter.name, kind, default, inferred, always=required or inferred is not None))
    return tuple(args)


def kind_of(annotation: object) -> Kind:
    """The kind of value that an annotation stands for; an unknown one accepts anything, and the constructor decides."""
    if isinstance(annotation, str):  # where one annotation cannot be looked up, all stay text
        annotation = _WORDS.get(annotation)
        return Anything() if annotation is None else _PLAIN[annotation]
    if isinstance(annotation, type | None) and annotation in _PLAIN:
        return _PLAIN[annotation]
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        kinds = [kind_of(each) for each in inner]
        return Anything() if any(isinstance(kind, Anything | Text) for kind in kinds) else Either(*kinds)
    if origin is Literal and all(isinstance(word, str) for word in inner):
        return Word(inner)
    if origin is tuple and len(inner) > 1 and inner[1:] != (Ellipsis,) and len(set(inner)) == 1:
        return _list(inner[0], len(inner))
    if origin in (list, tuple, Sequence) and inner and inner[1:] in ((), (Ellipsis,)):
        return _list(inner[0], None)
    return Anything()


def _list(inner: object, length: int | None) -> Kind:
    kind = kind_of(inner)
    if isinstance(kind, Anything):
        return kind
    return Ints(length) if isinstance(kind, Int) else Several(kind, length)


Origin = tuple[str, str]  # a module, and the name of a class in it
_CLASS_PATH = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)", re.ASCII)
# Names that generated Python uses itself, so that no module can be imported by them.
_TAKEN = frozenset({"nn", "F", "Tensor", "OrderedDict", "ops", "convnext", "self", "x"})


class _NoLayer(Exception):
    """An entry that is no layer; the message says why."""


def layers_of(table: Mapping[Any, Any]) -> LoadedPlugin:
    """Read the table of a plugin.

    Args:
        table: the layers by name: each a class, or a PluginLayer.

    Returns:
        The record of each layer, and the faults of entries that are no layer.
    """
    layers: dict[str, Layer] = {}
    faults = []
    for name, entry in table.items():
        try:
            layers[name] = _record(name, entry)
        except _NoLayer as wrong:
            faults.append(PluginFault("NS703", f"{shorten(str(name))} is no layer: {wrong}"))
    return LoadedPlugin(layers, tuple(faults))


def _record(name: object, entry: object) -> Layer:
    if not isinstance(name, str) or not NAME.match(name) or name in KEYS:
        raise _NoLayer("a layer's name is a word of letters, digits and _, and no key of an item")
    given = entry if isinstance(entry, PluginLayer) else PluginLayer(module=entry)
    origin = _origin(given.module)
    if origin[0].partition(".")[0] in _TAKEN:
        raise _NoLayer(f"its module {origin[0]} has a name that generated code uses for something else")
    infer = {key: inferred(name, key, function) for key, function in given.infer.items()}
    layer = _with_rule(name, given, origin, infer) if given.output is not None else _run(name, given, origin, infer)
    unknown = [key for key in infer if layer.arg(key) is None]
    if unknown:
        raise _NoLayer(f"infer names {unknown[0]}, which is none of its arguments")
    return layer


def _origin(module: object) -> Origin:
    """Where generated code imports a class from."""
    if isinstance(module, str):
        match = _CLASS_PATH.fullmatch(module)
        if match is None:
            raise _NoLayer(f"{shorten(module)!r} is no path of a class, as my_package.nets:GatedConv")
        return match[1], match[2]
    if not isinstance(module, type):
        raise _NoLayer(f"expected a class or a netspec.PluginLayer, got {shorten(repr(module))}")
    if "<" in module.__qualname__:
        raise _NoLayer(f"the class {module.__qualname__} cannot be imported: it is made within a function")
    return module.__module__, module.__qualname__


def _with_rule(name: str, given: PluginLayer, origin: Origin, infer: Mapping[str, Callable[..., int]]) -> Layer:
    """A layer that brings a shape rule."""
    assert given.output is not None
    if given.takes not in DTYPES | {"float", "int", "any"} or given.gives not in DTYPES | {"same", "promoted"}:
        raise _NoLayer(f"takes {given.takes!r} and gives {given.gives!r}: which are no dtypes of torch")
    parameters = _signature(given.output, "its rule")
    for each in parameters:
        if each.kind is Parameter.VAR_KEYWORD:
            raise _NoLayer("its rule names its arguments; **others would hide which there are")
    inputs = _inputs([each for each in parameters if each.kind is not Parameter.KEYWORD_ONLY], "its rule")
    args = args_of([each for each in parameters if each.kind is Parameter.KEYWORD_ONLY], infer)
    rule = WrittenRule(name, given.output, given.parameters, given.macs)
    return _layer(given, origin, rule, inputs=inputs, args=args, takes=given.takes, gives=given.gives)


def _run(name: str, given: PluginLayer, origin: Origin, infer: Mapping[str, Callable[..., int]]) -> Layer:
    """A layer whose module is run on the meta device."""
    if not isinstance(given.module, type):
        raise _NoLayer("a class that is given by its path needs a shape rule, output")
    if given.parameters or given.macs:
        raise _NoLayer("parameters and macs go with output; without it they are counted")
    forward = getattr(given.module, "forward", None)
    if not callable(forward):
        raise _NoLayer(f"{given.module.__name__} has no forward: it is no nn.Module")
    takes = [each for each in _signature(forward, "forward")[1:] if each.kind is not Parameter.KEYWORD_ONLY]
    args = args_of([each for each in _signature(given.module, "its constructor") if each.kind in BY_NAME], infer)
    rule = MetaRule(name, given.module)
    inputs = _inputs(takes, "forward")
    return _layer(given, origin, rule, inputs=inputs, args=args, takes="any", tensors=rule.tensors)


def _layer(given: PluginLayer, origin: Origin, rule: WrittenRule | MetaRule, **fields: Any) -> Layer:
    """The record of a layer with this rule."""
    lines = (given.module.__doc__ or "").strip().splitlines() if isinstance(given.module, type) else []
    return Layer(
        name=rule.name,
        doc=lines[0] if lines else f"{'.'.join(origin)}, a plugin's layer.",
        shape=rule.shape,
        parameters=rule.counted_parameters,
        macs=rule.counted_macs,
        origin=origin,
        right=(),
        **fields,
    )


def _inputs(parameters: list[Parameter], what: str) -> tuple[int, int | None]:
    """The least and the most inputs that parameters by position take (None: any number)."""
    positions = [parameter for parameter in parameters if parameter.kind in BY_POSITION]
    least = sum(parameter.default is Parameter.empty for parameter in positions) or 1
    more = any(parameter.kind is Parameter.VAR_POSITIONAL for parameter in parameters)
    most = None if more else len(positions)
    if most == 0:
        raise _NoLayer(f"{what} takes no input")
    wrong = next((each for each in parameters if each.default not in (Parameter.empty, None)), None)
    if wrong is not None and what == "its rule":
        raise _NoLayer(f"{wrong.name} stands among the inputs of its rule; arguments come after *, as (x, *, {wrong})")
    return least, most


def _signature(function: Callable[..., Any], what: str) -> list[Parameter]:
    try:
        return parameters_of(function)
    except (ValueError, TypeError):
        raise _NoLayer(f"{what} has no signature") from None
