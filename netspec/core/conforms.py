"""A plain value and a JSON Schema → whether the value certainly fits, without importing jsonschema.

A cold check of specs/vgg16.yaml takes 120 ms; importing jsonschema takes 63 ms more, which only a spec with a mistake
in its sections has to pay: where `conforms` says no, the caller asks jsonschema what is wrong. fastjsonschema takes
4 ms to import, but 27 ms to compile the schema of `train` (Python 3.11, one core). A test compares each yes with
jsonschema's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Schema = dict[str, Any]

_TYPES: dict[str, type | tuple[type, ...]] = {
    "null": type(None),
    "boolean": bool,
    "string": str,
    "array": list,
    "object": dict,
    "integer": int,
    "number": (int, float),
}


def _has_type(value: object, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return kind in _TYPES and isinstance(value, _TYPES[kind])


def _type(value: Any, kinds: str | list[str], _: Schema) -> bool:
    return any(_has_type(value, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _enum(value: Any, options: list[Any], _: Schema) -> bool:
    return any(type(value) is type(option) and value == option for option in options)


def _properties(value: Any, properties: dict[str, Schema], _: Schema) -> bool:
    return not isinstance(value, dict) or all(
        conforms(value[name], schema) for name, schema in properties.items() if name in value
    )


def _others(value: Any, rule: bool | Schema, schema: Schema) -> bool:
    if not isinstance(value, dict) or rule is True:
        return True
    others = [inner for name, inner in value.items() if name not in schema.get("properties", {})]
    return not others if rule is False else all(conforms(other, rule) for other in others)


_KEYWORDS: dict[str, Callable[[Any, Any, Schema], bool]] = {
    "description": lambda value, text, schema: True,
    "type": _type,
    "enum": _enum,
    "anyOf": lambda value, options, _: any(conforms(value, option) for option in options),
    "properties": _properties,
    "additionalProperties": _others,
    "required": lambda value, names, _: not isinstance(value, dict) or all(name in value for name in names),
    "minProperties": lambda value, least, _: not isinstance(value, dict) or len(value) >= least,
    "maxProperties": lambda value, most, _: not isinstance(value, dict) or len(value) <= most,
    "items": lambda value, rule, _: not isinstance(value, list) or all(conforms(item, rule) for item in value),
    "minItems": lambda value, least, _: not isinstance(value, list) or len(value) >= least,
    "minLength": lambda value, least, _: not isinstance(value, str) or len(value) >= least,
    "maxLength": lambda value, most, _: not isinstance(value, str) or len(value) <= most,
    "pattern": lambda value, pattern, _: not isinstance(value, str) or re.search(pattern, value) is not None,
    "minimum": lambda value, least, _: not _has_type(value, "number") or value >= least,
    "maximum": lambda value, most, _: not _has_type(value, "number") or value <= most,
    "exclusiveMinimum": lambda value, bound, _: not _has_type(value, "number") or value > bound,
    "exclusiveMaximum": lambda value, bound, _: not _has_type(value, "number") or value < bound,
}


def conforms(value: Any, schema: Schema) -> bool:
    """Whether plain data certainly fit a schema; a no may also mean that the schema is beyond this function."""
    return all(keyword in _KEYWORDS and _KEYWORDS[keyword](value, rule, schema) for keyword, rule in schema.items())
