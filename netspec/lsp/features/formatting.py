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
    edit = document.positions.difference(new)
    return [] if edit is None else [edit]
