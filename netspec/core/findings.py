"""A stage's notebook: findings are added at a node and keep the way that led there."""

from __future__ import annotations

from collections.abc import Iterable

from netspec.core.diagnostics import Diagnostic, Edit, Fix, Frame, Note, Span
from netspec.core.names import closest, did_you_mean
from netspec.core.tree import Node

MOST_SUGGESTIONS = 500  # findings with close matches; to compare words costs time


class Findings:
    """Collects diagnostics; the same finding at the same place (a block used twice) is kept once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, Span, str], Diagnostic] = {}

    def add(
        self,
        code: str,
        message: str,
        at: Node | Span,
        *,
        layer: str | None = None,
        notes: Iterable[Note] = (),
        fixes: Iterable[Fix] = (),
        frames: tuple[Frame, ...] = (),
    ) -> None:
        """Note one finding at a node, or at a bare span."""
        span, way = (at, frames) if isinstance(at, Span) else (at.span, (*at.frames, *frames))
        self._found.setdefault(
            (code, span, message), Diagnostic(code, message, span, layer, tuple(notes), tuple(fixes), way)
        )

    def misspelt(
        self,
        code: str,
        message: str,
        at: Node,
        known: Iterable[str],
        *,
        layer: str | None = None,
        frames: tuple[Frame, ...] = (),
    ) -> None:
        """Note a name that is not known, with the known ones it is close to and the fix that takes one."""
        matches = closest(str(getattr(at, "value", "")), known) if self.suggests else []
        fixes = [Fix(match, (Edit(at.span, match),)) for match in matches]
        self.add(code, message + did_you_mean(matches), at, layer=layer, fixes=fixes, frames=frames)

    @property
    def suggests(self) -> bool:
        """Whether close matches are still looked for: a text with endless misspellings gets none in the end."""
        return len(self._found) < MOST_SUGGESTIONS

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Take over what another stage found."""
        for found in diagnostics:
            self._found.setdefault((found.code, found.span, found.message), found)

    def list(self) -> list[Diagnostic]:
        """All findings, in the order they were made."""
        return [*self._found.values()]
