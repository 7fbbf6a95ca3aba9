"""Tables of torch.nn.init and its parametrizations → the JSON Schema of `init`, `tie` and `parametrize`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netspec.layers.inits import INITS
from netspec.layers.parametrizations import PARAMETRIZATIONS
from netspec.layers.record import Arg

Schema = dict[str, Any]


def _function(name: str, args: tuple[Arg, ...]) -> Schema:
    """A function with its arguments: by name, or the one that is required, else the first."""
    properties = {arg.name: {"description": f"{arg.kind.wants}.", **arg.kind.schema()} for arg in args}
    given: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    required = [arg.name for arg in args if arg.required]
    given |= {"required": required} if required else {}
    alone = next((arg for arg in args if arg.required), args[0] if args else None)
    either = [given] if required else [given, {"type": "null"}]
    return {"anyOf": [*either, alone.kind.schema()] if alone is not None else either}


def _functions(table: Mapping[str, Any]) -> Schema:
    """One of several functions: its name alone, or with its arguments."""
    bare = [name for name, each in table.items() if not any(arg.required for arg in each.args)]
    named = {name: _function(name, each.args) for name, each in table.items()}
    mapping = {"type": "object", "properties": named, "minProperties": 1, "maxProperties": 1}
    return {"anyOf": [{"enum": bare}, {**mapping, "additionalProperties": False}]}


INIT_SCHEMA: Schema = {
    "description": "How parameters are filled: patterns of their names, each with a function of torch.nn.init.",
    "type": "object",
    "minProperties": 1,
    "propertyNames": {"maxLength": 200},
    "additionalProperties": _functions(INITS),
}
TIE_SCHEMA: Schema = {
    "description": "Parameters that are another item's: {weight: embedding.weight}; of a `parameter` the other alone.",
    "anyOf": [
        {"type": "string"},
        {"type": "object", "minProperties": 1, "additionalProperties": {"type": "string"}},
    ],
}
_PARAMETRIZATION = _functions(PARAMETRIZATIONS)
PARAMETRIZE_SCHEMA: Schema = {
    "description": "What parameters are computed by: functions of torch.nn.utils.parametrizations.",
    "anyOf": [*_PARAMETRIZATION["anyOf"], {"type": "array", "items": _PARAMETRIZATION}],
}
