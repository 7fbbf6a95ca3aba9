"""Edits of a spec's text that set an argument or insert a layer, in the style the text has there."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import replace

from netspec.core.diagnostics import Edit
from netspec.core.files import line_starts, split_lines
from netspec.core.tree import Mapping, Scalar, Span
from netspec.expansion.graph import Call


def _after(span: Span) -> Span:
    return replace(span, line=span.end_line, column=span.end_column)


def set_argument(call: Call, name: str, text: str) -> Edit | None:
    """The edit that gives a call's argument the value `text`; None where the item is better left alone."""
    item = call.item
    if name in call.arg_nodes:
        return Edit(call.arg_nodes[name].span, text)
    written = item.argument_node
    if item.kind != "layer":
        return None
    if written is None:
        if isinstance(item.node, Scalar):  # `- ReLU`
            return Edit(item.at.span, f"{item.at.text}: {{{name}: {text}}}")
        return None
    if isinstance(written, Mapping):
        if not written.entries:
            return Edit(written.span, f"{{{name}: {text}}}")
        last = written.entries[-1][1].span
        if written.flow:
            return Edit(_after(last), f", {name}: {text}")
        indent = " " * (written.entries[0][0].span.column - 1)
        return Edit(_after(last), f"\n{indent}{name}: {text}")
    if isinstance(written, Scalar) and written.value is None:
        return Edit(_after(item.at.span), f": {{{name}: {text}}}") if isinstance(item.node, Scalar) else None
    scalar = item.record.scalar if item.record else None
    if isinstance(written, Scalar) and scalar is not None:
        return Edit(written.span, f"{{{scalar.name}: {written.text}, {name}: {text}}}")
    return None


def replace_arguments(call: Call, text: str) -> Edit | None:
    """The edit that writes `text` in place of all of a layer's arguments."""
    written = call.item.argument_node
    return None if written is None or call.item.kind != "layer" else Edit(written.span, text)


def insert_before(call: Call, line: str, sources: Dict[str, str], *, wired: bool = False) -> Edit | None:
    """The edit that puts an item before a call's item in its list; None where the item is no entry of a list.

    An item with a `from` of its own does not take the item before it, so nothing is put there either, unless the
    new item is `wired` to it by name.
    """
    if call.item.sources is not None and not wired:
        return None
    span = call.item.node.span
    lines = split_lines(sources.get(span.path, ""))
    if span.line > len(lines):
        return None
    before = lines[span.line - 1][: span.column - 1]
    if before.rstrip().endswith(("[", ",")):
        return Edit(Span(span.path, span.line, span.column, span.line, span.column), f"{line}, ")
    if before.strip() != "-":
        return None
    dash = before.index("-")
    at = Span(span.path, span.line, dash + 1, span.line, dash + 1)
    return Edit(at, f"- {line}\n{' ' * dash}")


def insert_after(call: Call, line: str, sources: Dict[str, str]) -> Edit | None:
    """The edit that puts an item after a call's item in its list; None where the item is no entry of a list."""
    span = call.item.node.span
    lines = split_lines(sources.get(span.path, ""))
    if span.end_line > len(lines):
        return None
    before = lines[span.line - 1][: span.column - 1]
    if before.rstrip().endswith(("[", ",")):
        return Edit(_after(span), f", {line}")
    if before.strip() != "-":
        return None
    end = len(lines[span.end_line - 1]) + 1  # after a comment on the last line
    return Edit(Span(span.path, span.end_line, end, span.end_line, end), f"\n{' ' * before.index('-')}- {line}")


def remove_item(call: Call, sources: Dict[str, str]) -> Edit | None:
    """The edit that takes a call's item out of its list, a comment behind it included; None where it is no entry."""
    span = call.item.node.span
    lines = split_lines(sources.get(span.path, ""))
    if call.item.repeat is not None or not 1 <= span.line <= span.end_line <= len(lines):
        return None
    before, after = lines[span.line - 1][: span.column - 1], lines[span.end_line - 1][span.end_column - 1 :]
    if before.strip() == "-":
        if after.strip() and not after.strip().startswith("#"):
            return None
        if span.end_line < len(lines):
            return Edit(Span(span.path, span.line, 1, span.end_line + 1, 1), "")
        end = len(lines[span.end_line - 1]) + 1
        return Edit(Span(span.path, span.line - 1, len(lines[span.line - 2]) + 1, span.end_line, end), "")
    if before.rstrip().endswith(","):
        return Edit(replace(span, column=before.rindex(",") + 1), "")
    if before.rstrip().endswith("[") and after.lstrip().startswith(","):
        rest = after.index(",") + 1
        rest += len(after[rest:]) - len(after[rest:].lstrip())
        return Edit(replace(span, end_column=span.end_column + rest), "")
    return None


def remove_entry(mapping: Mapping, key: Scalar, sources: Dict[str, str]) -> Edit | None:
    """The edit that takes an entry out of a mapping, in block style with its lines; None where it stands elsewhere."""
    keys, values = ([pair[side].span for pair in mapping.entries] for side in (0, 1))
    lines = split_lines(sources.get(key.span.path, ""))
    first = (mapping.span.path, mapping.span.line, mapping.span.column)
    if key.span not in keys or keys != sorted(keys) or (keys[0].path, keys[0].line, keys[0].column) < first:
        return None  # of an alias or a merge key
    if len(keys) == 1:
        return Edit(mapping.span, "{}")
    index = keys.index(key.span)
    end = values[index]
    if not mapping.flow:
        if end.end_line < len(lines):
            return Edit(Span(end.path, key.span.line, 1, end.end_line + 1, 1), "")
        before = Span(end.path, key.span.line - 1, len(lines[key.span.line - 2]) + 1, end.end_line, 1)
        return Edit(replace(before, end_column=len(lines[end.end_line - 1]) + 1), "")
    if mapping.span.line != mapping.span.end_line:  # there may be comments in between
        return None
    if index:
        return Edit(replace(end, column=values[index - 1].end_column), "")
    return Edit(replace(key.span, end_column=keys[1].column), "")


def apply_edits(text: str, edits: list[Edit]) -> str:
    """`text` with the edits made, the last one first so that the places of the others hold; it keeps its line ends."""
    starts = line_starts(text)
    ends = "\r\n" if "\r\n" in text else "\n"
    for edit in sorted(edits, key=lambda e: (e.span.line, e.span.column), reverse=True):
        span = edit.span
        start, end = starts[span.line - 1] + span.column - 1, starts[span.end_line - 1] + span.end_column - 1
        text = text[:start] + edit.text.replace("\n", ends) + text[end:]
    return text
