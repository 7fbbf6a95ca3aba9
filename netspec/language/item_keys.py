"""The keys that every kind of item may have → the fields of an Item: its name, what it takes, when, and how often."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from netspec.core.diagnostics import Edit, Findings, Fix
from netspec.core.names import item_name_fault
from netspec.core.tree import Mapping, Node, Scalar, Sequence, describe, is_null, shorten

COMMON_KEYS = ("name", "from", "shape", "when", "repeat", "each", "outputs", "tie", "init", "parametrize", "apply")


def replaced_by(node: Scalar, name: str, *, safe: bool = False) -> Fix:
    """The fix that writes another name, in quotes where YAML would read it as something else."""
    from netspec.language.emit import emit_text

    text = emit_text(name)
    return Fix(text, (Edit(node.span, text),), safe=safe)


def common_keys(keys: dict[str, Node], findings: Findings) -> dict[str, Any]:
    """The keys that every kind of item may have, as fields of Item."""
    found: dict[str, Any] = {"claim": keys.get("shape"), "repeat": keys.get("repeat")}
    for key in ("tie", "init"):
        node = keys.get(key)
        if key == "tie" and isinstance(node, Scalar) and isinstance(node.value, str):  # of a parameter: it itself
            found[key] = Mapping(((replace(node, value="", text=""), node),), node.span)
        elif isinstance(node, Mapping) and node.entries:
            found[key] = node
        elif node is not None:
            example = "tie: {weight: embedding.weight}" if key == "tie" else "init: {weight: zeros_}"
            findings.add("NS202", f"{key} is a mapping, as {example}; got {describe(node)}", node)
    found["parametrize"] = keys.get("parametrize")
    if "each" in keys:
        if isinstance(keys["each"], Scalar) and not is_null(keys["each"]):
            found["each"] = keys["each"]
        else:
            findings.add("NS202", f"each is an axis, 1 for the first; got {describe(keys['each'])}", keys["each"])
    apply = keys.get("apply")
    if isinstance(apply, Scalar) and isinstance(apply.value, bool):
        found["applied"] = apply.value
    elif apply is not None:
        findings.add("NS202", f"apply is true or false, got {describe(apply)}", apply)
    for key in ("name", "when"):
        node = keys.get(key)
        if node is None:
            continue
        if isinstance(node, Scalar) and (isinstance(node.value, str) or (key == "when" and not is_null(node))):
            found[key] = node
            if key == "name" and "{" not in node.text:
                check_name(node, findings)
        else:
            wants = "a word" if key == "name" else "a condition such as stride > 1"
            number = key == "name" and isinstance(node, Scalar) and not is_null(node)
            fixes = [replaced_by(node, node.text, safe=True)] if number and isinstance(node, Scalar) else []
            findings.add("NS202", f"{key} has to be {wants}, got {describe(node)}", node, fixes=fixes)
    if isinstance(keys.get("from"), Mapping):
        found |= _wires(keys["from"], findings)
    elif "from" in keys:
        found["sources"] = references(keys["from"], findings)
    if "outputs" in keys:
        found["outputs"] = references(keys["outputs"], findings, "outputs")
    return found


def _wires(node: Node, findings: Findings) -> dict[str, Any]:
    """The names and references of a mapping in `from`, as fields of Item."""
    entries = node.entries if isinstance(node, Mapping) else ()
    if not entries:
        findings.add("NS202", "from is empty: leave it out to take the item before", node)
    found = []
    for key, value in entries:
        if isinstance(value, Scalar) and isinstance(value.value, str):
            found.append((key, value))
        else:
            what = f"from: {shorten(key.text)} is the name of one item, got {describe(value)}"
            findings.add("NS202", what, value)
    return {"wires": tuple(found)} if 0 < len(found) == len(entries) else {"sources": ()}


def check_name(node: Scalar, findings: Findings) -> None:
    fault = item_name_fault(node.text)
    if fault:
        findings.add(fault[0], fault[1], node, fixes=[replaced_by(node, fault[2])])


def references(node: Node, findings: Findings, key: str = "from") -> tuple[Scalar, ...]:
    """The names of a `from`, or of a block's `outputs`."""
    nodes = node.items if isinstance(node, Sequence) else (node,)
    names = tuple(n for n in nodes if isinstance(n, Scalar) and isinstance(n.value, str))
    if len(names) < len(nodes) or not nodes:
        wrong = next((n for n in nodes if n not in names), node)
        hint = "; give the item a name to refer to" if isinstance(wrong, Scalar) else ""
        findings.add("NS202", f"{key} takes names of items, got {describe(wrong)}{hint}", wrong)
        return ()
    return names
