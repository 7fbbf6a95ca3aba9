"""`--set key=value` → the located tree with those values. A plain key is a parameter; others are dotted paths."""

from __future__ import annotations

from collections.abc import Sequence as ListLike
from dataclasses import replace

from netspec.core.diagnostics import Diagnostic, Findings
from netspec.core.files import COMMAND_LINE
from netspec.core.names import closest, did_you_mean
from netspec.core.tree import Mapping, Node, Scalar, Sequence, Span, is_null
from netspec.language.source import compose

SECTIONS = ("params", "data", "train", "expect", "input", "sizes", "weights", "name")
LONGEST_INDEX = 9  # digits


def apply_settings(root: Mapping, settings: ListLike[str], findings: Findings) -> Mapping:
    """`root` with each assignment of `settings` made, in their order; those that cannot be made become findings.

    The values' spans lie in the source called `--set`, whose lines are the assignments.
    """
    for index, setting in enumerate(settings):
        key, equals, text = setting.partition("=")
        span = Span(COMMAND_LINE, index + 1, 1, index + 1, len(key) + 1)
        if not equals or not key.strip():
            findings.add("NS202", f"a setting is key=value, got {setting!r}", span)
            continue
        if "\n" in text:
            findings.add("NS202", f"a setting stands on one line: {key}", span)
            continue
        value, found = compose("\n" * index + " " * (len(key) + 1) + text, COMMAND_LINE)
        if found:
            findings.extend(found)
            continue
        value = value or Scalar(None, replace(span, column=len(key) + 2, end_column=len(setting) + 1))
        segments = key.strip().split(".")
        if len(segments) == 1 and segments[0] not in SECTIONS:
            segments = ["params", *segments]
        problem = _unknown(root, segments, span)
        if problem:
            findings.extend([problem])
            continue
        changed = _assign(root, segments, value, span)
        if changed is None:
            findings.add("NS210", f"{key} leads through a value that holds no settings", span)
        else:
            root = changed  # type: ignore[assignment]  # the root stays the mapping it is
    return root


def _unknown(root: Mapping, segments: list[str], span: Span) -> Diagnostic | None:
    """The finding that a setting names no parameter or section of this spec."""
    if segments[0] not in SECTIONS:
        message = f"{segments[0]!r} cannot be set{did_you_mean(closest(segments[0], SECTIONS))}"
        return Diagnostic("NS210", message, span)
    if segments[0] == "params":
        params = root.get("params")
        known = [key.text for key, _ in params] if isinstance(params, Mapping) else []
        if len(segments) != 2 or segments[1] not in known:
            name = ".".join(segments[1:])
            has = f"; it has {', '.join(known)}" if known else "; it has none"
            message = f"the spec has no parameter {name!r}{did_you_mean(closest(name, known)) or has}"
            return Diagnostic("NS210", message, span)
    return None


def _assign(node: Node | None, segments: list[str], value: Node, span: Span) -> Node | None:
    """`node` with `value` at the dotted path; None where the path leads through something that is no mapping."""
    if not segments:
        return value
    head, rest = segments[0], segments[1:]
    if isinstance(node, Sequence):
        if not head.isdecimal() or len(head) > LONGEST_INDEX or int(head) >= len(node.items):
            return None
        items = list(node.items)
        changed = _assign(items[int(head)], rest, value, span)
        if changed is None:
            return None
        items[int(head)] = changed
        return replace(node, items=tuple(items))
    if node is None or is_null(node):
        node = Mapping((), span)
    elif isinstance(node, Scalar):
        if node.value != head:
            return None
        node = Mapping(((node, Scalar(None, node.span)),), node.span)  # `data: MNIST` is `data: {MNIST: {}}`
    changed = _assign(node.get(head), rest, value, span)
    if changed is None:
        return None
    if node.get(head) is None and node.key(head) is None:
        return replace(node, entries=(*node.entries, (Scalar(head, span, head), changed)))
    return replace(node, entries=tuple((k, changed if k.text == head else v) for k, v in node.entries))
