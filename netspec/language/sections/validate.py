"""The check of a document's sections `data`, `train` and `expect` against their keys; torch-free."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Dict
from typing import Any

from netspec.core.conforms import conforms
from netspec.core.diagnostics import Diagnostic, Findings
from netspec.core.expressions import Value
from netspec.core.names import closest
from netspec.core.tree import Mapping, Node, Scalar, describe, plain, shorten
from netspec.core.tree import Sequence as ListNode
from netspec.language.evaluate import FAILED, Evaluator, param_values
from netspec.language.sections.datasets import DATASETS
from netspec.language.sections.keys import EXPRESSION, Key, bare, object_schema
from netspec.language.sections.section_keys import (
    DATA_KEYS,
    DATA_SCHEMA,
    EXPECT_KEYS,
    EXPECT_SCHEMA,
    SECTIONS,
    TRAIN_KEYS,
    TRAIN_SCHEMA,
)
from netspec.language.sections.train_keys import ELSEWHERE

__all__ = [
    "DATA_KEYS", "DATA_SCHEMA", "EXPECT_KEYS", "EXPECT_SCHEMA", "SECTIONS", "TRAIN_KEYS", "TRAIN_SCHEMA", "Key",
    "amount", "check_sections",
]  # fmt: skip


def amount(value: object) -> float | None:
    """`7M`, `1.5k`, `2G` or a number as a number; None where it is none."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kKMGT]?)\s*", value) if isinstance(value, str) else None
    factor = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
    return float(match[1]) * factor[match[2]] if match else None


def check_sections(document: Mapping) -> list[Diagnostic]:
    """What is wrong with the keys and values of a document's `data`, `train` and `expect`, each at its place."""
    findings = Findings()
    params = document.get("params")
    written = {key.text: value for key, value in params} if isinstance(params, Mapping) else {}
    names = param_values(written)
    for section in ("data", "train", "expect"):
        node = document.get(section)
        if isinstance(node, Scalar) and node.value is None:
            findings.add(
                "NS202", f"{section} is empty: give it a mapping, or leave it out", document.key(section) or node
            )
        elif node is not None and section == "data":
            _check_data(node, names, findings)
        elif node is not None:
            _check_keys(node, SECTIONS[section], section, findings)
            if section == "train" and isinstance(node, Mapping):
                _check_expressions(node, TRAIN_KEYS, "train", names, findings)
    return findings.list()


def _check_data(node: Node, names: Dict[str, Value], findings: Findings) -> None:
    if isinstance(node, Mapping):
        _check_keys(node, DATA_KEYS, "data", findings, others=DATASETS)
        named = [key for key, _ in node if key.value in DATASETS]
        for second in named[1:]:
            findings.add("NS201", f"data names two datasets, {named[0].value} and {second.value}; it takes one", second)
        unknown = any(key.value not in {*DATASETS, *(own.name for own in DATA_KEYS)} for key, _ in node)
        if not named and not unknown:
            findings.add("NS203", "data names no dataset, such as MNIST, CSV or sklearn", node)
        val = node.get("val")
        if isinstance(val, Mapping):
            for key, arguments in val:
                _check_dataset(key, arguments, findings)
        elif isinstance(val, Scalar) and isinstance(val.value, str):
            _check_val(val, names, findings)
        for key in named[:1]:
            _check_dataset(key, node.get(str(key.value)), findings)
    elif isinstance(node, Scalar):
        _check_dataset(node, None, findings)
    else:
        findings.add("NS202", f"data is a dataset's name or a mapping, not {describe(node)}", node)


def _check_val(val: Scalar, names: Dict[str, Value], findings: Findings) -> None:
    """What is held back, where it is text: the name of a dataset, or an expression over the parameters."""
    attempt = Findings()
    value = FAILED if val.value in DATASETS or not val.plain else Evaluator(attempt).scalar(val, names)
    if value is FAILED:
        if closest(str(val.value), names) and not closest(str(val.value), DATASETS):
            findings.extend(attempt.list())
        else:
            _check_dataset(val, None, findings)
    elif isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
        wants = next(key.wants for key in DATA_KEYS if key.name == "val")
        findings.add("NS202", f"data → val is {wants}, not {shorten(val.text)} = {value}", val)


def _check_expressions(
    node: Mapping, keys: Sequence[Key], section: str, names: Dict[str, Value], findings: Findings
) -> None:
    """The numbers of `train` that are written as text: each is an expression over the parameters, with a fit value."""
    for key in keys:
        value = node.get(key.name)
        if isinstance(value, Mapping) and key.keys:
            _check_expressions(value, key.keys, f"{section} → {key.name}", names, findings)
        if EXPRESSION not in key.schema.get("anyOf", ()) or not isinstance(value, Scalar):
            continue
        if not isinstance(value.value, str) or not re.fullmatch(EXPRESSION["pattern"], value.value):
            continue  # no text, or refused as text that is no expression
        wants = f"{section} → {key.name} is {key.wants}"
        if not value.plain or (value.value.isidentifier() and not closest(value.value, names)):
            findings.add("NS202", f"{wants}, not {describe(value)}", value)
            continue
        result = Evaluator(findings).scalar(value, names)
        if result is not FAILED and not conforms(result, bare(key.schema)):
            findings.add("NS202", f"{wants}, not {shorten(value.text)} = {result}", value)


def _check_dataset(name: Scalar, arguments: Node | None, findings: Findings) -> None:
    if name.value not in DATASETS:
        findings.misspelt("NS604", f"netspec knows no dataset {name.value!r}", name, DATASETS)
        return
    kind = DATASETS[str(name.value)]
    if kind.keys is None:
        return
    required = kind.required
    if arguments is None or (isinstance(arguments, Scalar) and arguments.value is None):
        findings.add("NS203", f"{name.value} needs {' and '.join(key.name for key in required)}", name)
    elif isinstance(arguments, Scalar) and len(required) == 1:
        if kind.words and arguments.value not in kind.words:
            findings.misspelt("NS604", f"{kind.unknown} {arguments.value!r}", arguments, kind.words)
        elif not isinstance(arguments.value, str):
            findings.add("NS202", f"{name.value} takes {required[0].wants}, not {describe(arguments)}", arguments)
    else:
        _check_keys(arguments, kind.keys, kind.name, findings)


def _check_keys(node: Node, keys: Sequence[Key], section: str, findings: Findings, others: Iterable[str] = ()) -> None:
    """Validate one mapping by its keys' schema; each violation becomes one finding at the node it is about."""
    if not isinstance(node, Mapping):
        findings.add("NS202", f"{section} is a mapping, not {describe(node)}", node)
        return
    known = {key.name: key for key in keys}
    others = tuple(others)
    schema = object_schema(keys)
    schema["properties"] |= {name: {} for name in others}
    for one in keys:  # a value with keys of its own is looked at by itself, so that its mistakes are named one by one
        inner = node.get(one.name)
        if isinstance(inner, Mapping) and one.keys:
            schema["properties"][one.name] = {}
            _check_keys(inner, one.keys, f"{section} → {one.name}", findings)
    value = plain(node)
    if conforms(value, schema):
        return
    import jsonschema  # here, because it takes longer to import than a spec to check

    validator = jsonschema.Draft202012Validator(schema)
    for error in sorted(validator.iter_errors(value), key=lambda error: str(error.absolute_path)):
        path = _culprit(error)
        if error.validator == "additionalProperties":
            for key, _ in node:
                if key.value not in known and key.value not in others:
                    _unknown_key(section, key, [*known, *others], findings)
        elif error.validator == "required" and not path:
            for name in (name for name in error.validator_value if node.get(name) is None):
                findings.add("NS203", f"{section} needs {name}, e.g. {known[name].written}", node)
        elif path and path[0] in known:
            place, wants = _at(node, path), f"{section} → {path[0]} is {known[str(path[0])].wants}"
            words = _words(known[str(path[0])].schema)
            if words and isinstance(place, Scalar) and isinstance(place.value, str):
                findings.misspelt("NS202", f"{wants}, not {describe(place)}", place, words)
                continue
            extra = f", not {describe(place)}" if len(path) == 1 else f"; {describe(place)} does not belong there"
            findings.add("NS202", wants + extra, place)


def _unknown_key(section: str, key: Scalar, known: Sequence[str], findings: Findings) -> None:
    """A key that is not known there: one that belongs elsewhere, or a misspelt one."""
    home = ELSEWHERE.get(section, {}).get(str(key.value))
    if home is None:
        findings.misspelt("NS201", f"{section} has no key {key.value!r}", key, known)
    else:
        findings.add("NS201", f"{section} has no key {key.value!r}; it belongs in {home}", key)


def _words(schema: Dict[str, Any]) -> list[str]:
    """The words that a schema takes at its ends."""
    inner = [*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else [])]
    return [*schema.get("enum", ()), *(word for item in inner for word in _words(item))]


def _culprit(error: Any) -> list[str | int]:
    """The path of what an error is about: in the alternative that has the right outer form, the inner violation."""
    branches: dict[Any, list[Any]] = {}
    for inner in error.context or ():
        branches.setdefault(inner.schema_path[0], []).append(inner)
    for inners in branches.values():
        if all(len(inner.absolute_path) > len(error.absolute_path) for inner in inners):
            return _culprit(inners[0])
    return list(error.absolute_path)


def _at(node: Node, path: Sequence[str | int]) -> Node:
    """The node at a path of keys and indexes."""
    for step in path:
        if isinstance(node, ListNode) and isinstance(step, int):
            node = node.items[step]
        elif isinstance(node, Mapping):
            node = node.get(str(step)) or node
    return node
