"""Located findings of the runner: from a node of the spec and a sentence to a SpecError, several at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from netspec.core.diagnostics import Diagnostic, Note, Span, SpecError
from netspec.core.names import closest, did_you_mean
from netspec.core.tree import Node

At = Node | Span


@dataclass(frozen=True, slots=True, order=True)
class Typed(Span):
    """The place of what was typed: an option with its value, and no line of a file."""

    value: str = ""

    def __str__(self) -> str:
        return f"{self.path} {self.value}"


def problem(code: str, message: str, at: At, *notes: tuple[str, str]) -> SpecError:
    """The error that says `message` at a node; `notes` are (label, text)."""
    span, frames = (at, ()) if isinstance(at, Span) else (at.span, at.frames)
    lines = tuple(Note(label, text) for label, text in notes)
    return SpecError([Diagnostic(code, message, span, notes=lines, frames=frames)])


def misspelt(code: str, message: str, at: Node, word: str, known: list[str]) -> SpecError:
    """The error for a name that is not known, with close matches; only the check offers fixes, which it can verify."""
    return problem(code, message + did_you_mean(closest(word, known)), at)


def option(name: str, value: str) -> Typed:
    """The place of a command-line option's value, for findings that are about no line of a file."""
    return Typed(name, 0, 0, 0, 0, value)  # of no line: there is nothing to show but the value


def top(path: str) -> Span:
    """The start of a file, for what is missing from it."""
    return Span(path, 1, 1, 1, 2)


def torch_says(error: BaseException) -> tuple[str, str]:
    """A note that quotes torch, shortened to its first line."""
    text = str(error).strip() or type(error).__name__
    return ("torch", text.splitlines()[0][:300])


def count(number: int, what: str) -> str:
    """`1 epoch`, `3 epochs`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


class Collector:
    """Gathers the findings of several steps, so that one run shows them all.

    Args:
        found: what is known already; a step's finding at the very place of one of these is its echo, and dropped.
    """

    def __init__(self, found: Iterable[Diagnostic] = ()) -> None:
        self.found = list(found)
        self._known = frozenset(item.span for item in self.found)

    @contextmanager
    def step(self) -> Iterator[None]:
        """Run a step; what it raises as SpecError is kept and the next step goes on."""
        try:
            yield
        except SpecError as error:
            self.found.extend(item for item in error.diagnostics if item.span not in self._known)

    def finish(self) -> None:
        """Raise what was found, if anything was."""
        if self.found:
            raise SpecError(self.found)
