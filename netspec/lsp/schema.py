"""The JSON Schema of the language, which is made from the tables → what may stand at a path of keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from netspec.core.dataclass import dataclass
from netspec.render.schema import language_schema

Schema = dict[str, Any]
LIST = "-"
_REF = "#/$defs/"
EXPRESSION = "expression"
DEEPEST = 40  # references and alternatives that are followed in each other


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may stand at one place.

    Args:
        keys: of a mapping there: the schema of each one's value.
        words: texts, and the names of which one may stand there alone.
        values: other fixed values: true, false, null.
        expression: whether an expression over parameters may.
        default: the value where it is left out, if there is one.
        text: what the schemas say of it.
        required: the keys that a mapping there has to have.
        types: of JSON, those that may stand there; empty where any may.
    """

    keys: dict[str, Schema]
    words: tuple[str, ...]
    values: tuple[str, ...]
    expression: bool
    default: tuple[object, ...]
    text: str
    required: tuple[str, ...] = ()
    types: frozenset[str] = frozenset()


@cache
def root() -> Schema:
    """The schema of a spec; it is made once."""
    return language_schema()


def alternatives(schema: Schema | bool, depth: int = 0) -> Iterator[Schema]:
    """The schemas without alternatives that one stands for; an expression has the one key `expression`.

    Args:
        schema: any.
        depth: how many were followed to it.
    """
    if not isinstance(schema, dict) or depth > DEEPEST:
        return
    name = str(schema.get("$ref", "")).removeprefix(_REF)
    if name == EXPRESSION:
        yield {EXPRESSION: True}
        return
    if name:
        yield from alternatives(root()["$defs"][name], depth + 1)
    for each in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from alternatives(each, depth + 1)
    for key in ("then", "else"):
        if key in schema:
            yield from alternatives(schema[key], depth + 1)
    yield schema


def allowed_in(schemas: Iterable[Schema | bool]) -> Allowed:
    """What may stand where one of several schemas holds.

    Args:
        schemas: the alternatives.
    """
    keys: dict[str, Schema] = {}
    words: dict[str, None] = {}
    values: dict[str, None] = {}
    texts: dict[str, None] = {}
    expression = False
    default: tuple[object, ...] = ()
    required: dict[str, None] = {}
    kinds: set[str] = set()
    for one in (found for schema in schemas for found in alternatives(schema)):
        expression = expression or EXPRESSION in one
        default = default or ((one["default"],) if "default" in one else ())
        for key, value in one.get("properties", {}).items():
            keys.setdefault(key, value)
        for word in (*one.get("enum", ()), *one.get("examples", ()), *((one["const"],) if "const" in one else ())):
            target = words if isinstance(word, str) else values
            target[_written(word)] = None
        types = one.get("type", ())
        types = (types,) if isinstance(types, str) else types
        kinds |= {*types} or ({"string"} if {EXPRESSION, "enum", "const"} & one.keys() else set())
        required |= dict.fromkeys(one.get("required", ()) if one.get("properties") else ())
        values |= dict.fromkeys(("true", "false") if "boolean" in types else ())
        values |= dict.fromkeys(("null",) if "null" in types and len(types) == 1 else ())
        if "description" in one:
            texts[one["description"]] = None
    return Allowed(
        keys, tuple(words), tuple(values), expression, default, "\n\n".join(texts), tuple(required), frozenset(kinds)
    )


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else "null" if value is None else str(value)


def schemas_at(path: Iterable[str]) -> list[Schema]:
    """The schemas of what stands at a path of keys.

    Args:
        path: the keys from the root, `-` for an item of a list.
    """
    found: list[Schema] = [root()]
    for key in path:
        every = [each for one in found for each in alternatives(one)]
        if key == LIST:
            found = [one["items"] for one in every if isinstance(one.get("items"), dict)]
            continue
        named = [one["properties"][key] for one in every if key in one.get("properties", {})]
        others = [one["additionalProperties"] for one in every if isinstance(one.get("additionalProperties"), dict)]
        found = named or others
    return found
