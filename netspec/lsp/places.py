"""Positions in a text → what stands there in its tree, and spans → locations of the protocol."""

from __future__ import annotations

from pathlib import Path

from lsprotocol import types
from pygls.uris import from_fs_path

from netspec.core.dataclass import dataclass
from netspec.core.files import is_file
from netspec.core.tree import Mapping, Node, Scalar, Sequence, Span
from netspec.language.layout import role_of
from netspec.lsp.analysis import Analysis
from netspec.lsp.positions import Positions


@dataclass(frozen=True, slots=True)
class Step:
    """One step on the way from the root of a tree to a place in it.

    Args:
        node: where it arrives.
        role: of that node, as `role_of` has it: `spec`, `layers`, `item`, `blocks`, `block`, `section`, `other`, …
        key: the key that it was reached by; None of an item of a list.
        owner: the collection that it is in; None of the root.
    """

    node: Node
    role: str
    key: Scalar | None = None
    owner: Node | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """What stands at a position.

    Args:
        trail: the steps from the root to the innermost node there.
        at_key: whether the position is on the key of the last step, rather than on its value.
    """

    trail: tuple[Step, ...]
    at_key: bool = False

    @property
    def last(self) -> Step:
        """The innermost step."""
        return self.trail[-1]

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys on the way; of an item of a list `-`."""
        return tuple("-" if step.key is None else step.key.text for step in self.trail[1:])

    @property
    def scalar(self) -> Scalar | None:
        """The word at the position."""
        node = self.last.key if self.at_key else self.last.node
        return node if isinstance(node, Scalar) else None

    def item(self) -> Mapping | Scalar | None:
        """The innermost item of a list of layers that holds the position."""
        for step in reversed(self.trail):
            if step.role == "item" and isinstance(step.node, Mapping | Scalar):
                return step.node
        return None


def holds(span: Span, line: int, column: int) -> bool:
    """Whether a place is in a span, its end included.

    Args:
        span: of one text.
        line, column: from 1.
    """
    return (span.line, span.column) <= (line, column) <= (span.end_line, span.end_column)


def place_at(root: Node, line: int, column: int) -> Place:
    """What stands at a place of a text.

    Args:
        root: the text's tree.
        line, column: from 1.
    """
    trail = [Step(root, "spec")]
    while True:
        step = trail[-1]
        if isinstance(step.node, Scalar):
            return Place(tuple(trail))
        found, at_key = _inner(step, line, column)
        if found is None:
            return Place(tuple(trail))
        trail.append(found)
        if at_key:
            return Place(tuple(trail), at_key=True)


def _inner(step: Step, line: int, column: int) -> tuple[Step | None, bool]:
    """The step into what holds the place, and whether it is on its key."""
    node, role = step.node, step.role
    if isinstance(node, Sequence):
        for item in node.items:
            if holds(item.span, line, column) and not item.frames:
                return Step(item, role_of(role, ""), None, node), False
        return None, False
    assert isinstance(node, Mapping)
    if role == "layers":  # one item in place of a list
        role = "item"
    for key, value in node:
        if key.frames:
            continue
        inner = role_of(role, key.text)
        if holds(key.span, line, column):
            return Step(value, inner, key, node), True
        if holds(value.span, line, column) and not value.frames:
            return Step(value, inner, key, node), False
    return None, False


def uri_of(analysis: Analysis, path: str) -> str | None:
    """What the editor calls a file; None for what is none.

    Args:
        analysis: of a text.
        path: as spans have it.
    """
    if path == analysis.document.shown:
        return analysis.document.uri
    return from_fs_path(str(Path(path).absolute())) if is_file(path) else None


def positions_of(analysis: Analysis, path: str) -> Positions | None:
    """Converts positions in a file that was read for an analysis.

    Args:
        analysis: of a text.
        path: as spans have it.
    """
    if path == analysis.document.shown:
        return analysis.positions
    text = analysis.report.spec.sources.get(path) if analysis.report is not None else None
    return None if text is None else Positions(text, analysis.document.encoding)


def location_of(analysis: Analysis, span: Span) -> types.Location | None:
    """Where a span is; None where it is in no file.

    Args:
        analysis: of a text.
        span: of one of the files that were read for it.
    """
    uri, positions = uri_of(analysis, span.path), positions_of(analysis, span.path)
    return None if uri is None or positions is None else types.Location(uri, positions.range(span))
