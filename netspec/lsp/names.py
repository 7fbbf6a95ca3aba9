"""A place in a spec → the names that can be written there: of items for `from`, of parameters, of blocks."""

from __future__ import annotations

from collections.abc import Iterable

from netspec.core.tree import Mapping, Node, Scalar
from netspec.language.spec import Item, Spec
from netspec.lsp.analysis import Analysis

INPUT = "input"


def block_at(analysis: Analysis, line: int) -> str | None:
    """The block whose text a line is in.

    Args:
        analysis: of the text.
        line: from 1.
    """
    if analysis.report is None:
        return None
    starts = sorted((block.at.span.line, name) for name, block in analysis.report.spec.blocks.items()
                    if analysis.is_here(block.at.span))  # fmt: skip
    sections = sorted(key.span.line for key, _ in analysis.tree)
    found = None
    for start, name in starts:
        if start <= line and not any(start < section <= line for section in sections):
            found = name
    return found


def items_before(analysis: Analysis, line: int) -> tuple[dict[str, Item | None], tuple[Item, ...]]:
    """The names that `from` may name at a line, each with its item (None of inputs), and the items around the line.

    Args:
        analysis: of the text.
        line: from 1.
    """
    if analysis.report is None:
        return {}, ()
    spec: Spec = analysis.report.spec
    block = block_at(analysis, line)
    if block is None:
        items, start = spec.layers, [each.name for each in spec.inputs]
    else:
        items, start = spec.blocks[block].items, [INPUT]
    names: dict[str, Item | None] = dict.fromkeys(start)
    around: list[Item] = []
    while True:
        inner = _scan(analysis, items, line, names)
        if inner is None:
            return names, tuple(around)
        item, items = inner
        around.append(item)
        if item.name is not None or item.kind == "branches":
            names.clear()
            names[INPUT] = None


def _scan(
    analysis: Analysis, items: Iterable[Item], line: int, names: dict[str, Item | None]
) -> tuple[Item, tuple[Item, ...]] | None:
    """Collect the names of a list up to a line; the item and list in it that hold the line."""
    for item in items:
        span = item.node.span
        if not analysis.is_here(span) or span.line > line:
            continue
        lists = [item.items, *(body for _, body, _ in item.branches)]
        for inner in lists:
            if inner and inner[0].node.span.line <= line <= inner[-1].node.span.end_line and span.line < line:
                return item, inner
        if item.name is not None and "{" not in item.name.text and span.end_line <= line:
            names[item.name.text] = item
        elif item.name is None and item.kind == "group":
            _scan(analysis, item.items, line, names)
        elif item.name is None and item.kind == "branches" and span.end_line < line:
            names.update({name.text: None for name, _, _ in item.branches})
    return None


def parameters_at(analysis: Analysis, line: int) -> dict[str, Node | None]:
    """The parameters that an expression may name at a line, each with its default.

    Args:
        analysis: of the text.
        line: from 1.
    """
    if analysis.report is None:
        return {}
    spec = analysis.report.spec
    found: dict[str, Node | None] = dict(spec.params)
    block = block_at(analysis, line)
    if block is not None:
        found |= spec.blocks[block].params
    for item in analysis.items:
        span = item.node.span
        if isinstance(item.repeat, Mapping) and span.line <= line <= span.end_line:
            found |= {key.text: value for key, value in item.repeat}
    return found


def text_of(node: Node | None) -> str:
    """A node in a few words, as it is written.

    Args:
        node: of a spec.
    """
    if node is None:
        return "required"
    if isinstance(node, Scalar):
        return node.text
    inner = node.items if not isinstance(node, Mapping) else ()
    listed = ", ".join(text_of(item) for item in inner[:8])
    return f"[{listed}{', …' if len(inner) > 8 else ''}]" if not isinstance(node, Mapping) else "{…}"
