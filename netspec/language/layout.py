"""Values → lines of YAML: the one layout that specs have, in lines of up to 120 columns.

An item of `layers` is one line in flow style where that fits and no list of layers or comment inside it needs lines of
its own; so is whatever else stands in the value of a section's key. The sections themselves (`layers`, `blocks`,
`data`, `train`, …) and lists of layers stay line by line where they are written so.
"""

from __future__ import annotations

import re

from netspec.language.sections.keys import SPEC_KEYS
from netspec.language.written import Comment, Entry, Value

WIDEST = 120  # columns, without the comment at the end of a line
STEP = 2
GAP = 2  # columns between a line and the comment at its end, at least
_NOT_IN_FLOW = re.compile(r"[,\[\]{}]")
# In the order in which an item has them; its type and what else there is comes at TYPE.
TYPE = 3
_OF_LAYER: dict[str, float] = {
    "name": 0,
    "when": 1,
    "repeat": 2,
    "merge": 4,
    "from": 5,
    "shape": 6,
    "tie": 7,
    "parametrize": 8,
}
_OF_LAYER |= {"init": 9, "outputs": 5.5, "each": 5.2, "apply": 3.5}
_OF_GROUP: dict[str, float] = {
    "name": 0,
    "when": 1,
    "repeat": 2,
    "from": 2.1,
    "outputs": 2.15,
    "shape": 2.2,
    "tie": 2.3,
    "init": 2.4,
}
_OF_GROUP |= {"merge": 4, "each": 2.12}
_OF_SPEC = {key: index for index, key in enumerate(SPEC_KEYS)}


def arrange(value: Value, role: str = "spec") -> None:
    """Put the keys of a spec and of its items into their order, and mark what is written line by line.

    Args:
        value: is changed.
        role: `spec`, `section`, `layers`, `item`, `blocks`, `block`, `branches` or `other`.
    """
    if role == "layers" and value.kind != "list":  # one item instead of a list
        role = "item"
    names = {entry.name for entry in value.entries}
    order: dict[str, float] = {}
    if role == "spec":
        order = dict(_OF_SPEC)
    elif role == "item":
        order = dict(_OF_GROUP if names & {"layers", "sequential", "branches"} else _OF_LAYER)
    if value.kind == "mapping" and order:
        last = len(order) if role == "spec" else TYPE
        value.entries.sort(key=lambda entry: order.get(entry.name, last))
    for entry in value.entries:
        arrange(entry.value, role_of(role, entry.name))
    value.keeps = role in ("section", "layers", "blocks", "block", "branches")
    inner = [entry.value for entry in value.entries]
    value.breaks = any(each.breaks for each in inner) or (
        role in ("layers", "blocks", "block", "branches") and not value.flow and bool(value.entries)
    )


def role_of(outer: str, key: str) -> str:
    """The role of the value of a key, or of a list's item."""
    if outer == "layers":
        return "item"
    if outer == "blocks":
        return "block"
    if outer == "branches" or (key in ("layers", "sequential") and outer in ("spec", "item", "block")):
        return "layers"
    if outer == "item":
        return {"branches": "branches", "merge": "item"}.get(key, "other")
    if outer == "spec":
        return "blocks" if key == "blocks" else "section"
    return "section" if outer == "block" else "other"


def layout(head: list[str], root: Value) -> str:
    """The text of an arranged spec.

    Args:
        head: lines of comments before everything.
        root: the spec.
    """
    lines = [*head, *_lines(root, 0), *root.end]
    tidy: list[str] = []
    for line in lines:
        if line or (tidy and tidy[-1]):
            tidy.append(line)
    return "\n".join(tidy).rstrip() + "\n"


def _lines(value: Value, indent: int) -> list[str]:
    """The entries of a list or mapping, line by line, without the comments at its end."""
    found: list[str] = []
    for index, entry in enumerate(value.entries):
        own = _entry(entry, indent)
        skip = index == 0 and (indent > 0 or value.kind == "list")
        found += own[1:] if skip and own[0] == "" else own
    return found


def _entry(entry: Entry, indent: int) -> list[str]:
    """One entry with its comments, on one line where that is right."""
    pad = " " * indent
    head = pad + ("- " if entry.key is None else f"{entry.key}{' ' * entry.key.startswith('*')}:")
    gap = "" if entry.key is None else " "
    value, before = entry.value, [line and pad + line for line in entry.before]
    after = [entry.after] if entry.after is not None else []
    if value.kind == "scalar" or not value.entries:
        if value.end:
            before += [pad + line for line in value.end if line]
        text = value.text if value.kind == "scalar" else flow(value) or ""
        return [*before, _with(f"{head}{gap}{text}".rstrip() if text else head.rstrip(), after)]
    inside = _comments(value)
    single = entry.key is None and value.kind == "mapping" and len(value.entries) == 1 and not value.anchor
    keeps = value.keeps and not value.flow
    if inside is not None and len(inside) + len(after) <= 1 and not value.breaks and not keeps:
        line = _single(value.entries[0]) if single else flow(value)
        if line is not None and len(head) + len(gap) + len(line) <= WIDEST:
            return [*before, _with(f"{head}{gap}{line}", [*after, *inside])]
    if value.kind == "list" and inside == [] and value.flow and not _holds_mappings(value):
        return [*before, *_filled(f"{head}{gap}{value.anchor}[", value, indent + 2 * STEP, after)]
    if entry.key is None:
        before += [pad + each.text for each in after]
        after = []
    end = [line and " " * (indent + STEP) + line for line in value.end]
    lines = _lines(value, indent + STEP)
    if entry.key is None and not value.anchor:
        first = next(index for index, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#"))
        lead = [line and pad + line.strip() for line in lines[:first]]
        return [*before, *lead, head + lines[first].lstrip(), *lines[first + 1 :], *end]
    return [*before, _with(f"{head}{gap}{value.anchor}".rstrip(), after), *lines, *end]


def _with(line: str, comments: list[Comment]) -> str:
    """A line with the comment at its end, in the column where that stood if there is room."""
    for comment in comments:
        line = line.ljust(max(comment.column, len(line) + GAP)) + comment.text
    return line


def _comments(value: Value) -> list[Comment] | None:
    """The comments at the end of a value's last line; None where it has others, so that it needs lines of its own."""
    found: list[Comment] = []
    if any(value.end):
        return None
    for entry in value.entries:
        inner = _comments(entry.value)
        if found or inner is None or any(entry.before):
            return None
        found = inner + ([entry.after] if entry.after is not None else [])
    return found


def _holds_mappings(value: Value) -> bool:
    return any(
        entry.value.kind == "mapping" or (entry.value.kind == "list" and _holds_mappings(entry.value))
        for entry in value.entries
    )


def flow(value: Value) -> str | None:
    """A value in flow style; None where it cannot be."""
    if value.kind == "scalar":
        plain = value.text.startswith(('"', "'")) or not _NOT_IN_FLOW.search(value.text)
        return value.text if plain else None
    parts = [_pair(entry) for entry in value.entries]
    if any(part is None for part in parts):
        return None
    text = ", ".join(part for part in parts if part is not None)
    return value.anchor + (f"[{text}]" if value.kind == "list" else f"{{{text}}}")


def _pair(entry: Entry) -> str | None:
    text = flow(entry.value)
    if entry.key is None or text is None:
        return text
    if _NOT_IN_FLOW.search(entry.key) and not entry.key.startswith(('"', "'")):
        return None
    key = entry.key + " " * entry.key.startswith("*")
    return f"{key}: {text}" if text else key


def _single(entry: Entry) -> str | None:
    """The one key of an item with its value, which needs no braces."""
    text = flow(entry.value)
    return None if text is None else f"{entry.key}{' ' * str(entry.key).startswith('*')}: {text}".rstrip()


def _filled(head: str, value: Value, indent: int, after: list[Comment]) -> list[str]:
    """A long list of numbers or words: as many of them on each line as fit."""
    lines = [head]
    for index, entry in enumerate(value.entries):
        text = (flow(entry.value) or "") + ("]" if index == len(value.entries) - 1 else ",")
        space = "" if lines[-1].endswith("[") or not lines[-1].strip() else " "
        if len(lines[-1]) + len(space) + len(text) > WIDEST and lines[-1].strip() and not lines[-1].endswith("["):
            lines.append(" " * indent)
            space = ""
        lines[-1] += space + text
    return [*lines[:-1], _with(lines[-1], after)]
