"""The located tree: what a YAML file says, with the place of every key and value.

Values follow the YAML 1.2 core schema. A node that was reached through an alias keeps the span of its
definition, which is where it would be edited, and names the alias in `frames`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of a source: `path` is the file as the user named it, or `--set` for the command line."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Frame:
    """One step of the way to a place that is reached indirectly: a block's use, an alias, an include."""

    label: str
    span: Span


Atom = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Scalar:
    """A leaf. `text` is what stands in the file, without quotes; `plain` is false where it was quoted."""

    value: Atom
    span: Span
    text: str = ""
    plain: bool = True
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list; `flow` tells `[a, b]` from lines with dashes."""

    items: tuple[Node, ...]
    span: Span
    flow: bool = False
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping, in the file's order, merge keys resolved; duplicate keys were reported and the first kept."""

    entries: tuple[tuple[Scalar, Node], ...]
    span: Span
    flow: bool = False
    frames: tuple[Frame, ...] = ()

    def get(self, key: str) -> Node | None:
        """The value under `key`, or None."""
        for name, value in self.entries:
            if name.value == key:
                return value
        return None

    def key(self, key: str) -> Scalar | None:
        """The key's own node, or None."""
        return next((name for name, _ in self.entries if name.value == key), None)

    def __iter__(self) -> Iterator[tuple[Scalar, Node]]:
        return iter(self.entries)


Node = Scalar | Sequence | Mapping


def is_null(node: Node) -> bool:
    """Whether a node says nothing: `null`, or an empty place."""
    return isinstance(node, Scalar) and node.value is None


def plain(node: Node) -> object:
    """The node as plain Python: dict, list and atoms, positions dropped."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {str(key.value): plain(value) for key, value in node.entries}


def describe(node: Node) -> str:
    """What a node is, in a person's words: `a list`, `the text 'abc'`, `the number 3`."""
    if isinstance(node, Sequence):
        return f"a list of {len(node.items)}" if node.items else "an empty list"
    if isinstance(node, Mapping):
        return "a mapping" if node.entries else "an empty mapping"
    if node.value is None:
        return "nothing"
    if isinstance(node.value, bool):
        return str(node.value).lower()
    if isinstance(node.value, str):
        return f"the text {shorten(node.value)!r}"
    return f"the number {shorten(node.text or str(node.value))}"


def shorten(text: str, limit: int = 60) -> str:
    """`text`, cut to `limit` characters for a message."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
