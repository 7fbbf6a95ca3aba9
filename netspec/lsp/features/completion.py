"""A position → completions: types, arguments, values, names, parameters and keys, all from the tables of the check."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from lsprotocol import types

from netspec.language.item_keys import COMMON_KEYS
from netspec.language.items import GROUP_KEYS
from netspec.lsp.analysis import Analysis, Document
from netspec.lsp.context import Context, context_at
from netspec.lsp.features.candidate import Candidate
from netspec.lsp.features.item_candidates import names, of_item, of_type
from netspec.lsp.features.schema_candidates import of_schema
from netspec.lsp.features.snippets import plain_text

_WORD = re.compile(r"[\w.:/]*\Z")
_START = "netspec: 1\nname: ${1:net}\ninput: [${2:3, 32, 32}]\n\nlayers:\n  - $0\n"
TRIGGERS = (" ", "{", "[", ",", ":", "-", ".")
LONGEST_WORD = 200  # characters
MOST_FILES = 300  # of a folder
REFERENCES = ("from", "outputs", "share", "order", "tie")
END = 10**9  # a line behind the last one


def completions(
    document: Document, analysis: Analysis | None, position: types.Position, *, snippets: bool = True
) -> list[types.CompletionItem]:
    """What can be written at a position.

    Args:
        document: the text as it is.
        analysis: of the text, or of the last version that could be read; None where there was none.
        position: the cursor's.
        snippets: whether the editor takes snippets.
    """
    offset = document.positions.offset(position)
    context = context_at(document.text, offset)
    if context is None:
        return []
    word = _WORD.search(context.typed[-LONGEST_WORD:])
    start = offset - len(word[0] if word is not None else "")
    place = types.Range(document.positions.position(start), position)
    found: dict[str, Candidate] = {}
    for each in _candidates(document, analysis, context, document.positions.place(position)[0]):
        found.setdefault(each.label, each)
    return [_item(each, place, snippets) for each in found.values()]


def _item(candidate: Candidate, place: types.Range, snippets: bool) -> types.CompletionItem:
    text = candidate.text if snippets else plain_text(candidate.text)
    is_snippet = snippets and "$" in text
    doc = None if candidate.doc is None else types.MarkupContent(types.MarkupKind.Markdown, candidate.doc)
    return types.CompletionItem(
        candidate.label,
        kind=candidate.kind,
        detail=candidate.detail,
        documentation=doc,
        sort_text=f"{candidate.rank}{candidate.label}",
        insert_text_format=types.InsertTextFormat.Snippet if is_snippet else types.InsertTextFormat.PlainText,
        text_edit=types.TextEdit(place, text if is_snippet else plain_text(text)),
    )


def _candidates(document: Document, analysis: Analysis | None, context: Context, line: int) -> Iterator[Candidate]:
    if not document.text.strip():
        yield Candidate("netspec", _START, types.CompletionItemKind.Snippet, 0, "a new spec")
    if context.role == "item":
        yield from of_item(analysis, context)
        return
    if context.path[:1] in (("include",), ("model",)) and document.path is not None:
        yield from _files(Path(document.path))
        return
    key, rest = _item_key(context)
    if key in REFERENCES:
        yield from names(analysis, line, inputs=key != "share")
    elif key is None or key in COMMON_KEYS or key in GROUP_KEYS:
        if context.path[:1] == ("outputs",):
            yield from names(analysis, END)
        yield from of_schema(analysis, context, line)
    else:
        yield from of_type(analysis, context, key, rest, line)


def _item_key(context: Context) -> tuple[str | None, tuple[str, ...]]:
    """The key of the innermost item in whose value the place is, None where it is in none, and the keys after it."""
    for at in range(len(context.path) - 1, -1, -1):
        if context.roles[at] == "item":
            return context.path[at], context.path[at + 1 :]
    return None, ()


def _files(path: Path) -> Iterator[Candidate]:
    """The other YAML files in a spec's folder and in those right below it, which it may name."""
    folder, found = path.parent, list[Path]()
    with contextlib.suppress(OSError):  # what cannot be listed ends the list
        for each in islice(folder.iterdir(), MOST_FILES):
            inner = islice(each.iterdir(), MOST_FILES) if each.is_dir() and not each.name.startswith(".") else ()
            found += [file for file in (each, *inner) if file.suffix in (".yaml", ".yml") and file != path]
    for each in sorted(found)[:MOST_FILES]:
        name = each.relative_to(folder).as_posix()
        yield Candidate(name, name, types.CompletionItemKind.File)
