"""Layer table and section keys → the JSON Schema (draft 2020-12) of the language, for editors and tests.

The schema of an item is chosen by the key of its type, so that an error is about that layer's arguments. Blocks have
names of the spec, so the schema allows unknown keys in an item; `netspec check` refuses them.
"""

from __future__ import annotations

from typing import Any

from netspec.core.shapes import DTYPES
from netspec.language.item_keys import COMMON_KEYS
from netspec.language.items import GROUP_KEYS
from netspec.language.sections.class_families import FAMILIES
from netspec.language.sections.data_keys import DATA_SCHEMA
from netspec.language.sections.expect_keys import EXPECT_SCHEMA
from netspec.language.sections.keys import SPEC_KEYS
from netspec.language.sections.search_keys import SEARCH_SCHEMA
from netspec.language.sections.train_keys import TRAIN_SCHEMA
from netspec.layers.record import Arg, Layer
from netspec.layers.table import TABLE
from netspec.render.schema_classes import family_schema, with_classes
from netspec.render.schema_parameters import INIT_SCHEMA, PARAMETRIZE_SCHEMA, TIE_SCHEMA

Schema = dict[str, Any]
NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"
_EXPRESSION: Schema = {
    "type": "string",
    "description": "An expression over parameters, such as 64*4*4, widths[i] or int(width*1.5).",
    "pattern": r"^[A-Za-z0-9_ .+*/%()<>=!,\[\]\"'-]+$",
    "maxLength": 200,
}
_REF: Schema = {"type": "string", "pattern": r"^[^.]+(\.([0-9]+|\*|[^ ]*[^.0-9 ][^ ]*))?$"}
_OUTPUT: Schema = {
    "anyOf": [
        _REF,
        {
            "type": "object",
            "description": "An output with a condition, as {from: aux, when: training}.",
            "properties": {"from": _REF, "when": {"type": ["boolean", "string"]}},
            "required": ["from"],
            "additionalProperties": False,
        },
    ]
}
_MODULE: Schema = {"type": "string", "pattern": r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$"}
_SIZES: Schema = {"type": "array", "items": {"$ref": "#/$defs/size"}}
_INPUT: Schema = {
    "anyOf": [
        _SIZES,
        {
            "type": "object",
            "properties": {"shape": _SIZES, "dtype": {"enum": sorted(DTYPES)}},
            "required": ["shape"],
            "additionalProperties": False,
        },
    ]
}
_INPUT_NAMES = sorted({name for layer in TABLE.values() for name in (*layer.names, *layer.further)})
_SIZE: Schema = {"$ref": "#/$defs/size"}
_RANGE: Schema = {
    "type": "object",
    "properties": {"min": _SIZE, "max": _SIZE, "multiple_of": _SIZE},
    "required": ["min", "max"],
    "additionalProperties": False,
}
_LAYER: Schema = {
    "type": "object",
    "description": "A layer or block with some of its arguments, as {BatchNorm2d: {eps: 1e-3}}.",
    "minProperties": 1,
    "maxProperties": 1,
}
_PARAM: Schema = {"anyOf": [{"type": ["number", "boolean", "string", "array"]}, _LAYER]}


def layer_schema(layer: Layer) -> Schema:
    """The schema of the value after a layer's type: its arguments, the one scalar argument, or nothing."""
    required = [arg.name for arg in layer.args if arg.required]
    properties = {}
    for arg in layer.args:
        default = {} if arg.required or arg.infer is not None else {"default": _json(arg.default)}
        note = "Inferred; what is written is verified. " if arg.infer is not None else ""
        properties[arg.name] = {
            "description": f"{note}{arg.kind.wants[:1].upper()}{arg.kind.wants[1:]}.{_since(arg)}",
            **default,
            **arg.kind.schema(),
        }
    arguments: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        arguments["required"] = required
    short = [] if layer.scalar is None else [layer.scalar.kind.schema()]
    short += [] if required else [{"type": "null"}]
    return {
        "description": f"{layer.doc}{_since(layer)}",
        "if": {"type": "object"},
        "then": arguments,
        "else": {"anyOf": short} if short else False,
    }


def _since(what: Layer | Arg) -> str:
    return "" if what.since is None else f" Since torch {what.since}."


def _json(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _item() -> Schema:
    needy = sorted(layer.name for layer in TABLE.values() if any(arg.required for arg in layer.args))
    common: Schema = {
        "name": {"type": "string", "description": "The submodule's name; {i} takes a repeat's value."},
        "from": {
            "anyOf": [
                _REF,
                {"type": "array", "items": _REF, "minItems": 1},
                {
                    "type": "object",
                    "propertyNames": {"enum": _INPUT_NAMES},
                    "additionalProperties": _REF,
                    "minProperties": 1,
                },
            ],
            "description": "What it takes, if not the item before: one, several, or by the names of torch's forward.",
        },
        "shape": {**_SIZES, "description": "A claim: the shape of one sample that comes out."},
        "tie": TIE_SCHEMA,
        "init": {"$ref": "#/$defs/init"},
        "parametrize": PARAMETRIZE_SCHEMA,
        "apply": {"type": "boolean", "description": "false: the layer is made and not applied."},
        "when": {"type": ["boolean", "string"], "description": "A condition; the item is left out unless it holds."},
        "repeat": {
            "description": "A count, or lists that are zipped.",
            "anyOf": [
                {"$ref": "#/$defs/size"},
                {
                    "type": "object",
                    "additionalProperties": {"anyOf": [{"$ref": "#/$defs/size"}, {"type": "array"}]},
                    "minProperties": 1,
                },
            ],
        },
    }
    common["each"] = {
        "type": ["integer", "string"],
        "description": "The axis, 1 for the first, to whose indexes it is applied one by one.",
    }
    common["outputs"] = {
        "anyOf": [_REF, {"type": "array", "items": _REF, "minItems": 1}],
        "description": "What a group gives, or a repeat with a plain name, if not what its last item gives.",
    }
    group: Schema = {
        "layers": {"$ref": "#/$defs/layers"},
        "sequential": {
            "$ref": "#/$defs/layers",
            "description": "A submodule of its own, with its number as a name where it has none.",
        },
        "branches": {"type": "object", "minProperties": 1, "additionalProperties": {"$ref": "#/$defs/layers"}},
        "merge": {"$ref": "#/$defs/item"},
        "share": {"type": "string", "minLength": 1},
        "order": {
            "type": "array",
            "items": {"type": "string", "minLength": 1},
            "minItems": 1,
            "description": "The submodules and tensors of a scope in the order in which the module holds them.",
        },
    }
    assert set(common) == set(COMMON_KEYS)
    assert set(group) == set(GROUP_KEYS)
    types = {name: {"$ref": f"#/$defs/{name}"} for name in sorted(TABLE)}
    typed: Schema = {
        "type": "object",
        "properties": {**common, **group, **types},
        "minProperties": 1,
        "dependentRequired": {"branches": ["merge"], "merge": ["branches"]},
    }
    bare: Schema = {
        "type": "string",
        "pattern": NAME,
        "not": {"enum": needy},
        "examples": sorted(set(TABLE) - set(needy)),
    }
    return {"if": {"type": "string"}, "then": bare, "else": typed}


def language_schema() -> Schema:
    """The schema of a whole spec."""
    layers: Schema = {
        "anyOf": [{"type": "array", "items": {"$ref": "#/$defs/item"}}, {"$ref": "#/$defs/item"}, {"type": "null"}]
    }
    block: Schema = {
        "anyOf": [
            {"type": "array", "items": {"$ref": "#/$defs/item"}},
            {
                "type": "object",
                "properties": {
                    "params": {
                        "anyOf": [
                            {
                                "type": "object",
                                "additionalProperties": {"anyOf": [*_PARAM["anyOf"], {"type": "null"}]},
                            },
                            {"type": "array", "items": {"type": "string", "pattern": NAME}},
                            {"type": "null"},
                        ]
                    },
                    "layers": {"$ref": "#/$defs/layers"},
                    "outputs": {"anyOf": [_REF, {"type": "array", "items": _REF}]},
                },
                "required": ["layers"],
                "additionalProperties": False,
            },
        ]
    }
    names: Schema = {"pattern": NAME}
    properties: Schema = {
        "netspec": {"const": 1, "description": "The version of the language."},
        "name": {"type": "string", "minLength": 1},
        "plugins": {
            "anyOf": [_MODULE, {"type": "array", "items": _MODULE}],
            "description": "Python modules that bring layers; they run only when you allow it.",
        },
        "params": {"type": "object", "propertyNames": names, "additionalProperties": _PARAM},
        "include": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
        "model": {"type": "string", "description": "A file below this one's folder whose network is taken."},
        "input": _INPUT,
        "inputs": {"type": "object", "minProperties": 1, "propertyNames": names, "additionalProperties": _INPUT},
        "sizes": {
            "description": "Ranges of the sizes that the input names: the network is checked for all of them.",
            "type": "object",
            "minProperties": 1,
            "propertyNames": names,
            "additionalProperties": _RANGE,
        },
        "blocks": {"type": "object", "propertyNames": names, "additionalProperties": block},
        "layers": {"type": "array", "items": {"$ref": "#/$defs/item"}, "minItems": 1},
        "outputs": {
            "description": "What leaves the network: names of items, or a mapping to them, which gives a dict.",
            "anyOf": [
                _OUTPUT,
                {"type": "array", "items": _OUTPUT, "minItems": 1},
                {"type": "object", "minProperties": 1, "additionalProperties": _OUTPUT},
            ],
        },
        "expect": EXPECT_SCHEMA,
        "search": SEARCH_SCHEMA,
        "init": {"$ref": "#/$defs/init"},
        "weights": {
            "type": "string",
            "description": "torchvision's name of published weights, or a .safetensors file.",
        },
        "data": with_classes(DATA_SCHEMA),
        "train": with_classes(TRAIN_SCHEMA),
    }
    assert set(properties) == set(SPEC_KEYS)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "netspec",
        "description": "A neural network as a layer graph, its data and its training.",
        "type": "object",
        "properties": properties,
        "required": ["netspec"],
        "anyOf": [{"required": ["layers"]}, {"required": ["model"]}, {"required": ["blocks"]}],
        "additionalProperties": False,
        "$defs": {
            "expression": _EXPRESSION,
            "size": {"anyOf": [{"type": "integer", "minimum": 0}, {"$ref": "#/$defs/expression"}]},
            "item": _item(),
            "init": INIT_SCHEMA,
            "layers": layers,
            **{name: layer_schema(TABLE[name]) for name in sorted(TABLE)},
            **{family.what: family_schema(family) for family in FAMILIES.values()},
        },
    }
