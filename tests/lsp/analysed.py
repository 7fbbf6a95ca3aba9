"""Texts with a mark where the cursor is, for tests of features without a server."""

from __future__ import annotations

from lsprotocol import types

from netspec.lsp.analysis import Analysis, Document, Options, analyse

PATH = "/nowhere/net.yaml"
URI = f"file://{PATH}"
CURSOR = "¦"


def document(text: str, encoding: str = "utf-16") -> Document:
    """A text as an editor would hand it over."""
    return Document(URI, PATH, text, 1, "netspec", encoding)


def analysed(text: str, **files: str) -> Analysis:
    """The analysis of a text, with fixes; `files` are other texts by their names without `.yaml`."""
    overlay = {f"/nowhere/{name}.yaml": text for name, text in files.items()}
    return analyse(document(text), overlay, Options(), explain=True)


def at_cursor(marked: str) -> tuple[Document, types.Position]:
    """A text without its mark, and where that was."""
    offset = marked.index(CURSOR)
    found = document(marked.replace(CURSOR, ""))
    return found, found.positions.position(offset)


def with_cursor(marked: str, **files: str) -> tuple[Analysis, types.Position]:
    """The analysis of a text without its mark, and where that was."""
    found, position = at_cursor(marked)
    return analysed(found.text, **files), position


def applied(text: str, edits: list[types.TextEdit]) -> str:
    """A text with edits made, as an editor makes them."""
    positions = document(text).positions
    for edit in sorted(edits, key=lambda edit: positions.offset(edit.range.start), reverse=True):
        start, end = positions.offset(edit.range.start), positions.offset(edit.range.end)
        text = text[:start] + edit.new_text + text[end:]
    return text
