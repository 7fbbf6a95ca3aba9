"""What netspec says about a spec: one frozen type for every finding, and the collector that a stage adds them to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from netspec.core.codes import severity
from netspec.core.names import closest, did_you_mean
from netspec.core.tree import Frame, Node, Span


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the text at `span` by `text`; an empty span inserts."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits that belong together. `Report` only holds fixes whose application was re-checked."""

    title: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """A line under the source excerpt: `input`, `fix`, `or`, `torch`, `note`, …"""

    label: str
    text: str


UNSOUGHT = Note("note", "from here on no fix was sought: one check tries only so many")


@dataclass(frozen=True, slots=True)
class Cause:
    """The finding that another one follows from: its code and place."""

    code: str
    span: Span


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `span` is the value to change; `layer` the module path of the layer it speaks of.

    One that `follows` from another is a note, which is not counted: mending that one mends it too, or it cannot be
    judged before.
    """

    code: str
    message: str
    span: Span
    layer: str | None = None
    notes: tuple[Note, ...] = ()
    fixes: tuple[Fix, ...] = ()
    frames: tuple[Frame, ...] = field(default=())
    follows: Cause | None = None

    @property
    def severity(self) -> str:
        """`error` or `warning`, by its code; `note` for what follows from another finding."""
        return severity(self.code) if self.follows is None else "note"

    @property
    def identity(self) -> tuple[str, str | None, str]:
        """What stays the same when an edit elsewhere moves the finding."""
        return (self.code, self.layer, self.message)


def errors(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Those that make a spec wrong."""
    return [diagnostic for diagnostic in diagnostics if diagnostic.severity == "error"]


class SpecError(Exception):
    """A spec with errors was used. `diagnostics` holds them; `sources` the texts they lie in, for showing excerpts."""

    def __init__(self, diagnostics: Iterable[Diagnostic], sources: Mapping[str, str] | None = None) -> None:
        self.diagnostics = tuple(diagnostics)
        self.sources = dict(sources or {})
        lines = (f"{item.span}: {item.severity}[{item.code}]: {item.message}" for item in self.diagnostics)
        super().__init__("\n".join(lines))


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
