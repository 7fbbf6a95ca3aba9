"""The record of a key, JSON Schemas that keys share, and the correction of misspelt keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from netspec.core.dataclass import dataclass
from netspec.core.diagnostics import Findings
from netspec.core.names import certain_match
from netspec.core.tree import Mapping, shorten

Schema = dict[str, Any]

SPEC_KEYS = (  # of a spec, in the order in which they are written
    "netspec", "name", "plugins", "params", "include", "model", "input", "inputs", "sizes", "blocks", "layers",
    "outputs", "expect", "init", "weights", "data", "train",
    "search",
)  # fmt: skip

PATH_KEYS = ("root", "path", "pictures", "masks", "folder", "names", "tokenizer")  # of datasets, whose values are paths
EXPRESSION: Schema = {"type": "string", "pattern": r"^[A-Za-z0-9_ +\-*/%().,<>=!\[\]\"']+$"}
POSITIVE: Schema = {"anyOf": [{"type": "integer", "minimum": 1}, EXPRESSION]}
WHOLE: Schema = {"anyOf": [{"type": "integer", "minimum": 0}, EXPRESSION]}
ABOVE_ZERO: Schema = {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, EXPRESSION]}
FLAG: Schema = {"anyOf": [{"type": "boolean"}, EXPRESSION]}
TEXT: Schema = {"type": "string", "minLength": 1}
NAMED: Schema = {"anyOf": [TEXT, {"type": "object", "minProperties": 1, "maxProperties": 1}]}
LOSSES: Schema = {  # a loss, or one for each output by name, there with its weight beside it
    "anyOf": [
        *NAMED["anyOf"],
        {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {"anyOf": [TEXT, {"type": "object", "maxProperties": 2}]},
        },
    ]
}
NAMED_LIST: Schema = {"type": "array", "items": NAMED}
OWN_NAME = r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*$"  # of code of one's own
ROWS: Schema = {"type": "array", "minItems": 1}
COLUMN: Schema = {"anyOf": [{"type": "integer"}, TEXT]}
COLUMNS: Schema = {"type": "array", "items": COLUMN, "minItems": 1}
AMOUNT: Schema = {"anyOf": [{"type": "number", "minimum": 0}, TEXT]}
EVERY: Schema = {
    "type": "object",
    "properties": {"steps": POSITIVE, "seconds": ABOVE_ZERO, "epochs": POSITIVE},
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": False,
}
FRACTION: Schema = {"anyOf": [{"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, NAMED]}


def by_name(schema: Schema, of_each: Schema | None = None) -> Schema:
    """The schema of a value, or of a mapping from names of inputs or outputs to such values, or to `of_each`."""
    each = {"type": "object", "minProperties": 1, "additionalProperties": of_each or schema}
    return {"anyOf": [*schema.get("anyOf", [schema]), each]}


@dataclass(frozen=True)
class Key:
    """One key of a section.

    Args:
        name: as it is written.
        schema: the JSON Schema of its value.
        wants: the same in words, for messages.
        doc: what it does, in a sentence.
        example: a value that the schema accepts.
        default: the value where it is left out.
        required: whether it cannot be left out.
        keys: the keys of its value, where that is a mapping.
    """

    name: str
    schema: Schema
    wants: str
    doc: str
    example: Any
    default: Any = None
    required: bool = False
    keys: tuple[Key, ...] = ()

    @property
    def written(self) -> str:
        """The key and its example, as written in a spec."""
        return f"{self.name}: {flow(self.example)}"


def flow(value: object) -> str:
    """A plain value in YAML's flow style."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else f"'{value}'" if value == ";" else str(value)


def object_schema(keys: Iterable[Key]) -> Schema:
    """The JSON Schema of a mapping with these keys and no others."""
    keys = tuple(keys)
    properties = {key.name: {**key.schema, "description": key.doc} for key in keys}
    required = [key.name for key in keys if key.required]
    return {"type": "object", "properties": properties, "additionalProperties": False, "required": required}


def bare(schema: Schema) -> Schema:
    """A schema without the alternatives that are expressions, for values that are evaluated already."""
    found: Schema = {}
    for key, value in schema.items():
        if key == "anyOf":
            found[key] = [bare(item) for item in value if item is not EXPRESSION]
        elif key == "properties":
            found[key] = {name: bare(item) for name, item in value.items()}
        else:
            found[key] = bare(value) if isinstance(value, dict) else value
    return found


def correct_keys(node: Mapping, keys: Iterable[str], what: str, findings: Findings) -> Mapping:
    """`node` with its misspelt keys corrected; each key that `what` does not have becomes a finding."""
    keys = tuple(keys)
    entries = []
    for key, value in node:
        if key.text not in keys:
            findings.misspelt("NS201", f"{what} has no key {shorten(key.text)!r}", key, keys)
            guess = certain_match(key.text, keys)
            if guess is not None and node.key(guess) is None:
                key = replace(key, value=guess, text=guess)
        entries.append((key, value))
    return replace(node, entries=tuple(entries))
