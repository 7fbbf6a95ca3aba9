"""Diagnostics: one frozen type for every finding about a spec, and the collector that each stage adds them to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from netspec.core.codes import severity
from netspec.core.dataclass import dataclass
from netspec.core.escapes import safe
from netspec.core.names import closest, did_you_mean, sure_match
from netspec.core.tree import Frame, Node, Span


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the text at `span` by `text`; an empty span inserts."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits that belong together; a Report holds only fixes whose result was checked again.

    Args:
        title: what the fix does, in a few words.
        edits: of the spec's texts, made all at once.
        safe: whether what is written contradicts itself and this is its only reading, as of a counted size. Any other
            fix is a suggestion: it may make another network than the one that was meant. Before a fix is verified it
            only says that its rule takes it for safe, as a name or a piece of syntax; `fixes/safety.py` decides.
    """

    title: str
    edits: tuple[Edit, ...]
    safe: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """A line under the source excerpt: `input`, `fix`, `or`, `torch`, `note`, …"""

    label: str
    text: str


def renamings(node: Node, word: str, known: Iterable[str], free: Iterable[str] | None = None) -> list[Fix]:
    """The fixes that write a known name instead of a misspelt one; the one that is surely meant comes first, as safe.

    Args:
        node: where the misspelt name stands.
        word: that name.
        known: the names that it may be.
        free: those of them that may be written here; all where left out.
    """
    names = tuple(dict.fromkeys(known))
    matches, sure = closest(word, names), sure_match(word, names)
    usable = matches if free is None else [match for match in matches if match in free]
    usable.sort(key=lambda match: match != sure)
    return [Fix(match, (Edit(node.span, match),), safe=match == sure) for match in usable]


UNSOUGHT = Note("note", "from here on no fix was sought: one check tries only so many")
SIZES_UNSOUGHT = Note("note", "not all input sizes near this one were tried: one check tries only so many")


@dataclass(frozen=True, slots=True)
class Cause:
    """The finding that another one follows from."""

    code: str
    span: Span


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding about a spec.

    Args:
        code: what kind of finding, such as `NS401`; `netspec explain` describes it.
        message: what is wrong, on one line.
        span: the text to change.
        layer: the module path of the layer that it is about, where it is about one.
        notes: further lines, such as the input's shape or the arithmetic.
        fixes: edits that resolve it, the best one first; each was checked.
        frames: how the span was reached from the main file: block uses, aliases, includes.
        follows: the finding that has to be resolved first. Such a diagnostic is a note and is not counted, because
            it disappears with that one, or cannot be judged before.
        times: at how many layers it is found, of a repeat or of a block that is used several times.
    """

    code: str
    message: str
    span: Span
    layer: str | None = None
    notes: tuple[Note, ...] = ()
    fixes: tuple[Fix, ...] = ()
    frames: tuple[Frame, ...] = ()
    follows: Cause | None = None
    times: int = 1

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
    """A spec with errors was used.

    Args:
        diagnostics: what is wrong.
        sources: the texts that their spans lie in, by path, for showing excerpts.
    """

    def __init__(self, diagnostics: Iterable[Diagnostic], sources: Mapping[str, str] | None = None) -> None:
        self.diagnostics = tuple(diagnostics)
        self.sources = dict(sources or {})
        lines = (f"{item.span}: {item.severity}[{item.code}]: {item.message}" for item in self.diagnostics)
        super().__init__("\n".join(map(safe, lines)))


MOST_SUGGESTIONS = 500  # comparing words takes time
MOST_OF_A_CODE = 2_000  # findings that are kept; as many as a text has values would take a gigabyte
UNLISTED = Note("note", "from here on findings of this code are not listed")


class Findings:
    """Collects diagnostics; the same finding at the same span (of a block used twice) is kept once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, Span, str], Diagnostic] = {}
        self._counts = Counter[str]()
        self._close: dict[tuple[str, Span, str], list[str]] = {}

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
        """Add one finding at a node, or at a bare span."""
        span = at if isinstance(at, Span) else at.span
        frames = frames if isinstance(at, Span) else (*at.frames, *frames)
        self.extend([Diagnostic(code, message, span, layer, tuple(notes), tuple(fixes), frames)])

    def misspelt(
        self,
        code: str,
        message: str,
        at: Node,
        known: Iterable[str],
        *,
        layer: str | None = None,
        frames: tuple[Frame, ...] = (),
    ) -> list[str]:
        """Add the finding that a name is unknown; each known name that is close to it becomes a fix.

        Returns:
            the close names. In further copies of a repeat they are those of the first.
        """
        key = (code, at.span, message)
        if key not in self._close:
            fixes = renamings(at, str(getattr(at, "value", "")), known) if self.suggests else []
            self._close[key] = matches = [fix.title for fix in fixes]
            self.add(code, message + did_you_mean(matches), at, layer=layer, fixes=fixes, frames=frames)
        return self._close[key]

    @property
    def suggests(self) -> bool:
        """Whether close matches are still searched for; they are not after `MOST_SUGGESTIONS` findings."""
        return len(self._found) < MOST_SUGGESTIONS

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Add the findings of another stage; of each code only so many are kept."""
        for found in diagnostics:
            key = (found.code, found.span, found.message)
            if key in self._found or self._counts[found.code] >= MOST_OF_A_CODE:
                continue
            self._counts[found.code] += 1
            last = self._counts[found.code] == MOST_OF_A_CODE
            self._found[key] = replace(found, notes=(*found.notes, UNLISTED)) if last else found

    def list(self) -> list[Diagnostic]:
        """All findings, in the order they were made."""
        return [*self._found.values()]
