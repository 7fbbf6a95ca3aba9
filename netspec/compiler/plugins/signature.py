"""A callable's signature → the arguments of a layer: names, kinds from annotations, defaults."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from inspect import Parameter
from typing import Any, Literal, Union, get_args, get_origin

from netspec.layers.arguments import (
    REQUIRED,
    Anything,
    Arg,
    Bool,
    Either,
    Float,
    Int,
    Ints,
    Kind,
    Null,
    Several,
    Text,
    Word,
    optional,
)

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


def inputs_of(parameters: Iterable[Parameter]) -> tuple[int, int | None]:
    """How many inputs parameters by position stand for, least and most (None: any number)."""
    parameters = [*parameters]
    positions = [parameter for parameter in parameters if parameter.kind in BY_POSITION]
    least = sum(parameter.default is Parameter.empty for parameter in positions)
    more = any(parameter.kind is Parameter.VAR_POSITIONAL for parameter in parameters)
    return least or 1, None if more else len(positions)


def args_of(parameters: Iterable[Parameter], infer: Mapping[str, Callable[..., int]]) -> tuple[Arg, ...]:
    """The arguments that parameters stand for, all of them given by name.

    Args:
        infer: what works out those that follow from the input.
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
    """The kind of value that an annotation means; what means nothing here is left to the constructor."""
    if isinstance(annotation, str):  # one that could not be looked up beside it left all of them as text
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
    return (
        Ints(length) if isinstance(kind, Int) else Anything() if isinstance(kind, Anything) else Several(kind, length)
    )
