"""The table of torch's classes → JSON Schemas, so that editors complete names and arguments of `data` and `train`."""

from __future__ import annotations

from typing import Any

from netspec.language.sections.class_families import DATASET, ClassFamily
from netspec.language.sections.torch_classes import TorchArgument, TorchClass, classes_of

Schema = dict[str, Any]
_PLACES = {  # the keys of `data` and `train`, and the families that they name
    "loss": "loss",
    "optimizer": "optimizer",
    "scheduler": "scheduler",
    "mix": "mixer",
    "transforms": "transform",
    "augment": "transform",
}


def family_schema(family: ClassFamily) -> Schema:
    """The schema of `Name` or `{Name: arguments}` of a family.

    Args:
        family: one of FAMILIES.
    """
    classes = classes_of(family)
    properties = {name: _arguments(family, found) for name, found in classes.items()}
    one = {"type": "object", "properties": properties, "additionalProperties": False}
    return {"anyOf": [{"enum": [*classes]}, {**one, "minProperties": 1, "maxProperties": 1}]}


def _arguments(family: ClassFamily, found: TorchClass) -> Schema:
    """The schema of a class's arguments: a mapping, the first one alone, or nothing."""
    properties = {name: _argument(family, argument) for name, argument in found.arguments.items()}
    required = [name for name, one in found.arguments.items() if one.required and name not in family.filled]
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        schema["required"] = required
    first = next(iter(found.arguments.values()), None)
    short = [] if first is None else [_without_description(_argument(family, first))]
    short += [] if required else [{"type": "null"}]
    return {"anyOf": [schema, *short]}


def _argument(family: ClassFamily, argument: TorchArgument) -> Schema:
    if argument.holds:
        return {"type": "array", "items": {"$ref": f"#/$defs/{family.what}"}}
    default = {} if argument.required else {"default": argument.default}
    wants = argument.kind.wants
    return {"description": f"{wants[:1].upper()}{wants[1:]}.", **default, **argument.kind.schema()}


def _without_description(schema: Schema) -> Schema:
    """A schema of the first argument alone, whose description would be that of the class."""
    return {key: value for key, value in schema.items() if key != "description"}


def with_classes(schema: Schema) -> Schema:
    """The schema of `data` or `train` with the names of classes and their arguments.

    Args:
        schema: of the section, whose classes are any text.
    """
    if "anyOf" in schema:
        return {**schema, "anyOf": [with_classes(inner) for inner in schema["anyOf"]]}
    if "properties" not in schema:
        return schema
    properties = dict(schema["properties"])
    for key, family in _PLACES.items():
        if key in properties:
            properties[key] = {"description": properties[key]["description"], **_of_family(key, family)}
    vision = {name: _arguments(DATASET, found) for name, found in classes_of(DATASET).items()}
    properties |= {name: inner for name, inner in vision.items() if name in properties}
    return {**schema, "properties": properties}


def _of_family(key: str, family: str) -> Schema:
    one: Schema = {"$ref": f"#/$defs/{family}"}
    several: Schema = {"type": "array", "items": one}
    if key in ("transforms", "augment"):
        return several
    if key == "mix":
        return {"anyOf": [one, {**several, "minItems": 1}]}
    if key == "loss":  # of several outputs one each, with its weight and further outputs beside it
        weighted = {"type": "object", "minProperties": 1, "maxProperties": 4}
        each = {"type": "object", "minProperties": 1, "additionalProperties": {"anyOf": [one, weighted]}}
        return {"anyOf": [one, each]}
    return one
