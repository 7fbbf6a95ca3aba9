"""A mapping of a section and its keys → findings: unknown keys, missing ones, and values that do not fit a schema."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Dict
from dataclasses import replace
from typing import Any

from netspec.core.conforms import conforms
from netspec.core.diagnostics import Findings
from netspec.core.names import certain_match, closest
from netspec.core.tree import Mapping, Node, Scalar, describe, plain
from netspec.core.tree import Sequence as ListNode
from netspec.language.sections import data_keys, train_keys
from netspec.language.sections.datasets import COMMON, DATASETS, said_of
from netspec.language.sections.keys import Key, object_schema

MOST_LISTED = 30  # keys of a section that a message lists
_MISPLACED = {"data": data_keys.MISPLACED, "train": train_keys.MISPLACED}


def check_keys(node: Node, keys: Sequence[Key], section: str, findings: Findings, others: Iterable[str] = ()) -> None:
    """Validate a mapping by its keys' schemas; each violation becomes one finding at the node that it is about.

    Args:
        node: the mapping, as written.
        keys: the keys that it may have.
        section: what messages call it.
        findings: takes the findings.
        others: names of further keys, whose values are not checked here.
    """
    if not isinstance(node, Mapping):
        findings.add("NS202", f"{section} is a mapping, not {describe(node)}", node)
        return
    known = {key.name: key for key in keys}
    others = tuple(others)
    for key, _ in node:
        if key.value not in known and key.value not in others:
            _unknown_key(section, key, [*known, *others], findings)
    node = corrected(node, (*known, *others), section)
    node = replace(node, entries=tuple(pair for pair in node if pair[0].value in known or pair[0].value in others))
    schema = object_schema(keys)
    schema["properties"] |= {name: {} for name in others}
    for one in keys:  # a value with keys of its own is looked at by itself, so that its mistakes are named one by one
        inner = node.get(one.name)
        if isinstance(inner, Mapping) and one.keys:
            schema["properties"][one.name] = {}
            check_keys(inner, one.keys, f"{section} → {one.name}", findings)
    value = plain(node)
    if conforms(value, schema):
        return
    import jsonschema  # here, because it takes longer to import than a spec to check

    validator = jsonschema.Draft202012Validator(schema)
    for error in sorted(validator.iter_errors(value), key=lambda error: str(error.absolute_path)):
        path = _culprit(error)
        if error.validator == "required" and not path:
            for name in (name for name in error.validator_value if node.get(name) is None):
                findings.add("NS203", f"{section} needs {name}, e.g. {known[name].written}", node)
        elif path and path[0] in known:
            at, wants = _at(node, path), f"{section} → {path[0]} is {known[str(path[0])].wants}"
            words = _words(known[str(path[0])].schema)
            if words and isinstance(at, Scalar) and isinstance(at.value, str):
                findings.misspelt("NS202", f"{wants}, not {describe(at)}", at, words)
                continue
            extra = f", not {describe(at)}" if len(path) == 1 else f"; {describe(at)} does not belong there"
            findings.add("NS202", wants + extra, at)


def corrected(node: Mapping, names: Sequence[str], section: str) -> Mapping:
    """A section with its misspelt keys as they are certainly meant, so that what they hold is checked too.

    Args:
        node: the mapping, as written.
        names: of the keys that it may have.
        section: what messages call it.
    """
    entries, taken = [], {key.value for key, _ in node}
    for key, value in node:
        word = str(key.value)
        elsewhere = word in names or word in _MISPLACED.get(section, {}) or bool(section == "data" and said_of(word))
        guess = None if elsewhere else certain_match(word, names)
        if guess is not None and guess not in taken:
            key = replace(key, value=guess)
        entries.append((key, value))
    return replace(node, entries=tuple(entries))


def _unknown_key(section: str, key: Scalar, known: Sequence[str], findings: Findings) -> None:
    """Add the finding of an unknown key: it belongs elsewhere, or is misspelt."""
    homes = _MISPLACED.get(section, {})
    home = homes.get(str(key.value))
    said = said_of(key.value) if section == "data" and home is None else ""
    if said:
        findings.add("NS201", f"data has no key {key.value!r}{said}", key)
    elif home is None and closest(str(key.value), known):
        findings.misspelt("NS201", f"{section} has no key {key.value!r}", key, known)
    elif home is None:
        near = certain_match(str(key.value), homes)
        there = f"; {near} belongs in {homes[near]}" if near is not None else _listed(section, known)
        findings.add("NS201", f"{section} has no key {key.value!r}{there}", key)
    else:
        findings.add("NS201", f"{section} has no key {key.value!r}; it belongs in {home}", key)


def _listed(section: str, known: Sequence[str]) -> str:
    """The keys that there are; of `data` its own, and the datasets that most people look for."""
    own = [name for name in known if section != "data" or name not in DATASETS]
    shown = ", ".join(own[:MOST_LISTED]) + (", …" if len(own) > MOST_LISTED else "")
    datasets = f", and a dataset: {', '.join(COMMON)}, …" if section == "data" else ""
    return f"; it has {shown}{datasets}" if own else ""


def _words(schema: Dict[str, Any]) -> list[str]:
    """The words that a schema accepts, also in lists, mappings and alternatives."""
    inner = [*schema.get("anyOf", ()), *(schema[key] for key in ("items", "additionalProperties") if schema.get(key))]
    found = [*schema.get("enum", ()), *(word for item in inner for word in _words(item))]
    return [*dict.fromkeys(found)]


def _culprit(error: Any) -> list[str | int]:
    """The path of the value that an error is about; where an alternative has the right type, that of the inner one."""
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
