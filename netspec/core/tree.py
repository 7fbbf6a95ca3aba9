"""The located tree: what a YAML file says, with the span of every key and value.

Values follow the YAML 1.2 core schema. A node that was reached through an alias keeps the span of its
definition, which is where it would be edited, and names the alias in `frames`.
"""

from __future__ import annotations

from collections.abc import Iterator

from netspec.core.dataclass import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of a source text; lines and columns count from 1, in characters.

    Args:
        path: the file as the user named it, or `--set` for the command line.
        line, column: where it starts.
        end_line, end_column: where it ends; the character there is not part of it.
    """

    path: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Frame:
    """One step to a span that is reached indirectly: a block's use, an alias, an include."""

    label: str
    span: Span


Atom = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Scalar:
    """A leaf; `text` is what the file says, without quotes; `plain` is false where it was quoted."""

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
    """A mapping in the file's order; merge keys are resolved, and of duplicate keys the first is kept."""

    entries: tuple[tuple[Scalar, Node], ...]
    span: Span
    flow: bool = False
    frames: tuple[Frame, ...] = ()

    def get(self, key: str) -> Node | None:
        """The value under `key`, or None."""
        return next((value for name, value in self.entries if name.value == key), None)

    def key(self, key: str) -> Scalar | None:
        """The key's own node, or None."""
        return next((name for name, _ in self.entries if name.value == key), None)

    def __iter__(self) -> Iterator[tuple[Scalar, Node]]:
        return iter(self.entries)


Node = Scalar | Sequence | Mapping


def is_null(node: Node) -> bool:
    """Whether a node is `null` or empty."""
    return isinstance(node, Scalar) and node.value is None


def plain(node: Node) -> object:
    """The node as plain Python: dict, list and atoms, without spans."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {str(key.value): plain(value) for key, value in node.entries}


def describe(node: Node) -> str:
    """A node for a message: `a list of 2`, `the text 'abc'`, `the number 3`."""
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


def scalars(node: Node) -> Iterator[Scalar]:
    """The scalars of a tree in their order, without keys.

    Args:
        node: its root.
    """
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from scalars(item)
    else:
        for _, value in node:
            yield from scalars(value)
