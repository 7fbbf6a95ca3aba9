"""The canonical form of `netspec fmt` → edits of the text."""

from __future__ import annotations

from lsprotocol import types

from netspec.core.diagnostics import SpecError
from netspec.language.format import NotFormatted, format_text
from netspec.lsp.analysis import Document


def formatted(document: Document) -> list[types.TextEdit]:
    """The edit that puts a text into its canonical form: of the lines that differ alone; none where it is no YAML.

    Args:
        document: the text.
    """
    old = document.text
    try:
        new = format_text(old, document.shown)
    except (SpecError, NotFormatted):
        return []
    if new == old:
        return []
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    offset = sum(map(len, before[:start]))
    stop = len(old) - sum(map(len, before[len(before) - end :]))
    positions = document.positions
    place = types.Range(positions.position(offset), positions.position(stop))
    return [types.TextEdit(place, "".join(after[start : len(after) - end]))]


def _common(one: list[str], other: list[str]) -> int:
    """How many lines are the same at the start."""
    pairs = zip(one, other, strict=False)
    return next((index for index, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
