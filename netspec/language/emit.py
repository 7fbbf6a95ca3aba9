"""Document → YAML text: one self-contained file in the canonical form, with includes, model and settings written out.

Numbers and expressions stay as they are written, and so do the comments of the texts that the document comes from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as Dict
from dataclasses import field

from netspec.core.dataclass import dataclass
from netspec.core.tree import Mapping, Node, Scalar, Sequence, Span
from netspec.language.composer import scalar_value
from netspec.language.format import settled
from netspec.language.source import compose
from netspec.language.written import Entry, Value, quoted, read_written

_PLAIN = re.compile(r"[A-Za-z0-9_.+*/%()<>=-][A-Za-z0-9_.+*/%()<>=!\"' -]*\Z")
Place = tuple[str, int, int]  # a path, and a line and column from 1


def emit(root: Mapping, name: str, sources: Dict[str, str] | None = None) -> str:
    """The text of a resolved document.

    Args:
        root: the document.
        name: the spec's name, written where the document has none.
        sources: the texts that it was read from, by path, for their comments; without them there are none.
    """
    entries = list(root.entries)
    if root.get("name") is None:
        entries.append((Scalar("name", root.span, "name"), Scalar(name, root.span, name)))
    comments = _Comments()
    for path, text in (sources or {}).items():
        comments.read(path, text)
    head = comments.heads.get(root.span.path, [])
    return settled(head, comments.value(Mapping(tuple(entries), root.span, root.flow, root.frames)))


@dataclass
class _Comments:
    """The comments of texts by their places; gives a document's values with theirs."""

    heads: dict[str, list[str]] = field(default_factory=dict)
    items: dict[Place, Entry] = field(default_factory=dict)
    keys: dict[Place, Entry] = field(default_factory=dict)
    ends: dict[Place, Value] = field(default_factory=dict)

    def read(self, path: str, text: str) -> None:
        """Take the comments of one text; one that is no YAML has none."""
        if "#" not in text:
            return
        root, found = compose(text, path)
        if found or root is None:
            return
        self.heads[path], written = read_written(text)
        self.place(root, written)

    def place(self, node: Node, written: Value) -> None:
        """Note the comments of a value, whose node has the same entries but for those that `<<` brings."""
        if isinstance(node, Scalar) or len(node.entries if isinstance(node, Mapping) else node.items) != len(
            written.entries
        ):
            return
        self.ends[_at(node.span)] = written
        if isinstance(node, Sequence):
            for item, entry in zip(node.items, written.entries, strict=True):
                self.items[_at(item.span)] = entry
                self.place(item, entry.value)
            return
        for (key, value), entry in zip(node.entries, written.entries, strict=True):
            self.keys[_at(key.span)] = entry
            self.place(value, entry.value)

    def value(self, node: Node) -> Value:
        """A node as written, with its comments; what an alias stands for has none."""
        if isinstance(node, Scalar):
            return Value("scalar", _text(node))
        kind = "list" if isinstance(node, Sequence) else "mapping"
        known = self.ends.get(_at(node.span))
        made = Value(kind, flow=node.flow, end=known.end if known is not None and not node.frames else [])
        if isinstance(node, Sequence):
            made.entries = [self.entry(None, item, self.items.get(_at(item.span))) for item in node.items]
        else:
            made.entries = [self.entry(key, value, self.keys.get(_at(key.span))) for key, value in node.entries]
        return made

    def entry(self, key: Scalar | None, node: Node, known: Entry | None) -> Entry:
        made = Entry(
            None if key is None else _text(key, is_key=True), self.value(node), name="" if key is None else key.text
        )
        if known is not None and not (key or node).frames:
            made.before, made.after = known.before, known.after
        return made


def _at(span: Span) -> Place:
    return span.path, span.line, span.column


def _text(node: Scalar, *, is_key: bool = False) -> str:
    """A scalar as it is written, quoted where it would be read as another value."""
    value = node.text if is_key else node.value
    if node.plain and node.text and "\n" not in node.text:
        read = node.text if is_key else scalar_value(node.text)
        if repr(read) == repr(value) and (_PLAIN.match(node.text) or _stays_plain(node.text)):
            return node.text
    if isinstance(value, str):
        return emit_text(value) if node.plain else quoted(value)
    if value is None:
        return "" if node.plain and not node.text else "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}.get(repr(value), repr(value))
    return str(value)


def emit_text(text: str) -> str:
    """A text as one scalar, quoted where it would be read as another value."""
    plain = text and _PLAIN.match(text) and scalar_value(text) == text and _stays_plain(text)
    return text if plain else quoted(text)


def _stays_plain(text: str) -> bool:
    """Whether a text without quotes is read as one scalar, in a flow collection too."""
    read, found = compose(f"[{text}]", "")
    items = read.items if isinstance(read, Sequence) and not found else ()
    return len(items) == 1 and isinstance(items[0], Scalar) and items[0].plain and items[0].text == text
