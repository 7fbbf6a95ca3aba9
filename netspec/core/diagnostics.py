"""What netspec says about a spec: one frozen type for every finding, whoever found it and however it is shown.

Lines and columns are 1-based and count characters; `end_column` is the column after the last character.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from netspec.core.codes import CODES


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
        """`error` or `warning`, as the table of codes has it; `note` for what follows from another finding."""
        return CODES[self.code].severity if self.follows is None else "note"

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
