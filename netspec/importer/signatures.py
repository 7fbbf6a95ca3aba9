"""What torch's functions call their arguments: Python's signatures, and the schemas of its operators."""

from __future__ import annotations

import inspect
from collections.abc import Container, Sequence
from functools import cache
from typing import Any

import torch
from torch.overrides import get_testing_overrides

from netspec.importer.traced import TracedCall, Value

_NUMBER = int | float | bool


def signature_of(call: TracedCall) -> inspect.Signature | None:
    """The signature that a call fits: the function's own, else that of the operator's overload; None if none."""
    if inspect.isfunction(call.callee):
        return _stated(call.callee)
    name = getattr(call.callee, "__name__", "")
    for signature, kinds in _overloads(name.strip("_") if name.startswith("__") else name):
        try:
            given = signature.bind(*_sizes_in_one(call.args, kinds), **_renamed(call.kwargs, kinds)).arguments
        except TypeError:
            continue
        if all(_fits(value, kinds[name]) for name, value in given.items()):
            return signature
    return _stated(call.callee)


def arguments_of(call: TracedCall, signature: inspect.Signature) -> dict[str, Any]:
    """The arguments of a call by the names of its signature; a tensor method's own tensor is `input`.

    Raises:
        TypeError: they do not fit.
    """
    args = call.args
    names = [*signature.parameters]
    if len(args) > len(names) > 1 and names[0] == "input":  # x.permute(0, 2, 1)
        args = _sizes_in_one(args, {names[1]: ("ListType", "IntType"), **dict.fromkeys(names[2:], ("", ""))})
    found: dict[str, Any] = {}
    for name, value in signature.bind(*args, **_renamed(call.kwargs, names)).arguments.items():
        if signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
            found |= value
        else:
            found[name] = value
    return found


def _renamed(given: dict[str, Any], names: Container[str]) -> dict[str, Any]:
    """Keyword arguments by torch's names where they are NumPy's, which torch takes too."""
    torchs = {"axis": "dim", "keepdims": "keepdim", "self": "input"}
    return {name if name in names else torchs.get(name, name): value for name, value in given.items()}


def _sizes_in_one(args: Sequence[Any], kinds: dict[str, tuple[str, str]]) -> tuple[Any, ...]:
    """Positional arguments where sizes may be given one by one: `x.permute(0, 2, 1)` is `x.permute((0, 2, 1))`."""
    second = [*kinds.values()][1:2]
    rest = args[1:]
    if second == [("ListType", "IntType")] and len(rest) > len(kinds) - 1 and all(type(each) is int for each in rest):
        return (*args[:1], rest)
    return tuple(args)


@cache
def _stated(function: Any) -> inspect.Signature | None:
    """The signature that torch states for overriding a function, else the function's own; its `self` is `input`."""
    try:
        signature = inspect.signature(get_testing_overrides().get(function, function))
    except (TypeError, ValueError):
        return None
    parameters = [*signature.parameters.values()]
    if parameters and parameters[0].name == "self":
        parameters[0] = parameters[0].replace(name="input")
    return signature.replace(parameters=parameters)


@cache
def _overloads(name: str) -> tuple[tuple[inspect.Signature, dict[str, tuple[str, str]]], ...]:
    """The signatures of an operator that give new tensors, each with the kinds of its arguments and of their items."""
    found = []
    for schema in torch._C._jit_get_schemas_for_operator(f"aten::{name}"):
        if schema.overload_name.endswith("out") or any(arg.is_out for arg in schema.arguments):
            continue
        parameters, kinds = [], {}
        for arg in schema.arguments:
            own = "input" if arg.name == "self" else arg.name
            place = inspect.Parameter.KEYWORD_ONLY if arg.kwarg_only else inspect.Parameter.POSITIONAL_OR_KEYWORD
            default = arg.default_value if arg.has_default_value() else inspect.Parameter.empty
            if not arg.has_default_value() and arg.type.kind() == "OptionalType" and arg.kwarg_only:
                default = None
            parameters.append(inspect.Parameter(own, place, default=default))
            kinds[own] = _kind(arg.type)
        try:
            found.append((inspect.Signature(parameters), kinds))
        except ValueError:  # an argument without a default after one that has
            continue
    return tuple(found)


def _kind(type_: Any) -> tuple[str, str]:
    """The kind of an argument's type and, of a list, that of its items; `None` fits an optional one."""
    optional = type_.kind() == "OptionalType"
    inner = type_.getElementType() if optional else type_
    item = inner.getElementType().kind() if inner.kind() == "ListType" else ""
    return (f"{inner.kind()}{'?' if optional else ''}", item)


def _fits(value: Any, kind: tuple[str, str]) -> bool:
    """Whether a value may be given for an argument of a kind, as torch's own parser takes it."""
    outer, item = kind
    if value is None:
        return outer.endswith("?")
    match outer.removesuffix("?"):
        case "TensorType":
            return isinstance(value, Value)
        case "BoolType":
            return isinstance(value, bool)
        case "IntType":  # of dtypes and layouts too
            return not isinstance(value, bool | float | str | list | tuple | Value)
        case "FloatType" | "NumberType":
            return isinstance(value, _NUMBER)
        case "StringType":
            return isinstance(value, str)
        case "ListType" if isinstance(value, list | tuple):
            return all(_fits(each, (item, "")) for each in value)
        case "ListType":  # one number stands for a list of it
            return item in ("IntType", "FloatType") and _fits(value, (item, ""))
        case _:
            return not isinstance(value, Value)
