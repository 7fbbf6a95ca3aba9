"""A change of a spec → the Edits of its text, in the style that the text has at that location.

Each function returns None where it cannot make the change.
"""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import replace

from netspec.core.diagnostics import Edit, Fix
from netspec.core.files import line_starts, split_lines
from netspec.core.tree import Mapping, Scalar, Span
from netspec.expansion.graph import Call


def optional_fix(title: str, *edits: Edit | None) -> tuple[Fix, ...]:
    """One fix with all the edits; none where one of them cannot be made.

    Args:
        title: the fix in a few words.
        edits: what the functions of this file return.
    """
    made = tuple(edit for edit in edits if edit is not None)
    return (Fix(title, made),) if made and len(made) == len(edits) else ()


def start_of(span: Span) -> Span:
    """The empty span at the start of a span."""
    return replace(span, end_line=span.line, end_column=span.column)


def end_of(span: Span) -> Span:
    """The empty span at the end of a span."""
    return replace(span, line=span.end_line, column=span.end_column)


def set_argument(call: Call, name: str, text: str) -> Edit | None:
    """The edit that gives an argument of a call the value `text`.

    Args:
        call: the call of the layer.
        name: the argument, written or not.
        text: its value in YAML.
    """
    item = call.item
    if name in call.arg_nodes:
        return Edit(call.arg_nodes[name].span, text)
    written = item.argument_node
    if item.kind != "layer":
        return None
    if isinstance(written, Mapping):
        if not written.entries:
            return Edit(written.span, f"{{{name}: {text}}}")
        last = written.entries[-1][1].span
        if written.flow:
            return Edit(end_of(last), f", {name}: {text}")
        indent = " " * (written.entries[0][0].span.column - 1)
        return Edit(end_of(last), f"\n{indent}{name}: {text}")
    if written is None and isinstance(item.node, Scalar):  # `- ReLU`
        return Edit(item.at.span, f"{item.at.text}: {{{name}: {text}}}")
    scalar = item.record.scalar if item.record else None
    if isinstance(written, Scalar) and written.value is not None and scalar is not None:
        return Edit(written.span, f"{{{scalar.name}: {written.text}, {name}: {text}}}")
    return None


def _text_before(span: Span, sources: Dict[str, str]) -> str | None:
    """The text before a span on its first line; None where the span is in none of the texts."""
    lines = split_lines(sources.get(span.path, ""))
    return lines[span.line - 1][: span.column - 1] if span.end_line <= len(lines) else None


def insert_before(call: Call, line: str, sources: Dict[str, str], *, wired: bool = False) -> Edit | None:
    """The edit that inserts an item before the item of a call; None where that is no entry of a list.

    An item with a `from` of its own does not take the output of the item before it, so nothing is inserted there.

    Args:
        call: the call of the item.
        line: the new item.
        sources: the texts of the spec, by path.
        wired: insert all the same, because the item's `from` will name the new item.
    """
    if call.item.sources is not None and not wired:
        return None
    span = call.item.node.span
    before = _text_before(span, sources)
    if before is None:
        return None
    if before.rstrip().endswith(("[", ",")):
        return Edit(start_of(span), f"{line}, ")
    if before.strip() != "-":
        return None
    dash = before.index("-")
    return Edit(Span(span.path, span.line, dash + 1, span.line, dash + 1), f"- {line}\n{' ' * dash}")


def insert_after(call: Call, line: str, sources: Dict[str, str]) -> Edit | None:
    """The edit that inserts an item after the item of a call; None where that is no entry of a list.

    Args:
        call: the call of the item.
        line: the new item.
        sources: the texts of the spec, by path.
    """
    span = call.item.node.span
    before = _text_before(span, sources)
    if before is None:
        return None
    if before.rstrip().endswith(("[", ",")):
        return Edit(end_of(span), f", {line}")
    if before.strip() != "-":
        return None
    end = len(split_lines(sources[span.path])[span.end_line - 1]) + 1  # after a comment on the last line
    return Edit(Span(span.path, span.end_line, end, span.end_line, end), f"\n{' ' * before.index('-')}- {line}")


def remove_item(call: Call, sources: Dict[str, str]) -> Edit | None:
    """The edit that removes the item of a call, with a comment behind it; None where it is no entry of a list.

    Args:
        call: the call of the item.
        sources: the texts of the spec, by path.
    """
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
    """The edit that removes an entry of a mapping, in block style with its lines; None where it is written elsewhere.

    Args:
        mapping: the mapping.
        key: the key of the entry.
        sources: the texts of the spec, by path.
    """
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
    """`text` with the edits made, the last one first so that the spans of the others hold; it keeps its line ends.

    Args:
        text: the source of one file.
        edits: edits of that file that do not overlap.
    """
    starts = line_starts(text)
    ends = "\r\n" if "\r\n" in text else "\n"
    for edit in sorted(edits, key=lambda e: (e.span.line, e.span.column), reverse=True):
        span = edit.span
        start, end = starts[span.line - 1] + span.column - 1, starts[span.end_line - 1] + span.end_column - 1
        text = text[:start] + edit.text.replace("\n", ends) + text[end:]
    return text
