"""What a key of a section is: its schema, the same in a person's words, its default, doc and example."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]

EXPRESSION: Schema = {"type": "string", "pattern": r"^[A-Za-z0-9_ +\-*/%().]+$"}
POSITIVE: Schema = {"anyOf": [{"type": "integer", "minimum": 1}, EXPRESSION]}
WHOLE: Schema = {"anyOf": [{"type": "integer", "minimum": 0}, EXPRESSION]}
ABOVE_ZERO: Schema = {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, EXPRESSION]}
FLAG: Schema = {"anyOf": [{"type": "boolean"}, EXPRESSION]}
TEXT: Schema = {"type": "string", "minLength": 1}
NAMED: Schema = {"anyOf": [TEXT, {"type": "object", "minProperties": 1, "maxProperties": 1}]}
NAMED_LIST: Schema = {"type": "array", "items": NAMED}
ROWS: Schema = {"type": "array", "minItems": 1}
COLUMN: Schema = {"anyOf": [{"type": "integer"}, TEXT]}
AMOUNT: Schema = {"anyOf": [{"type": "number", "minimum": 0}, TEXT]}
EVERY: Schema = {
    "type": "object",
    "properties": {"steps": POSITIVE, "seconds": ABOVE_ZERO, "epochs": POSITIVE},
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": False,
}
FRACTION: Schema = {"anyOf": [{"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, NAMED]}


@dataclass(frozen=True)
class Key:
    """One key: its schema, the same in a person's words, torch-like default, one line of doc, an example.

    `keys` are those of its value where that is a mapping.
    """

    name: str
    schema: Schema
    wants: str
    doc: str
    example: Any
    default: Any = None
    required: bool = False
    keys: tuple[Key, ...] = ()


def object_schema(keys: Iterable[Key]) -> Schema:
    """The JSON Schema of a mapping with these keys and no others."""
    keys = tuple(keys)
    properties = {key.name: {**key.schema, "description": key.doc} for key in keys}
    required = [key.name for key in keys if key.required]
    return {"type": "object", "properties": properties, "additionalProperties": False, "required": required}


def bare(schema: Schema) -> Schema:
    """A schema of values that are worked out already: no text stands for a number any more."""
    return {
        key: [bare(item) for item in value if item is not EXPRESSION]
        if isinstance(value, list) and key == "anyOf"
        else {name: bare(item) for name, item in value.items()}
        if key == "properties"
        else bare(value)
        if key == "items" or (key == "additionalProperties" and isinstance(value, dict))
        else value
        for key, value in schema.items()
    }
