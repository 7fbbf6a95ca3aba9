"""What cannot be said: the errors of an import, each with the module, the operation and the reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unsayable:
    """One thing that a spec cannot say.

    Args:
        path: the module's path in the network; empty for the network itself.
        operation: what is called there, as torch names it.
        reason: why it cannot be said.
        place: the file and line of the author's code that calls it; empty where that is unknown.
    """

    path: str
    operation: str
    reason: str
    place: str = ""

    def __str__(self) -> str:
        where = f" ({self.place})" if self.place else ""
        return f"{self.path or 'the network'}: {self.operation}: {self.reason}{where}"


class ImportFailure(ValueError):
    """A module that did not become a spec.

    Args:
        message: one line.
        found: everything that cannot be said, in the order of execution.
    """

    def __init__(self, message: str, found: tuple[Unsayable, ...] = ()) -> None:
        super().__init__("\n".join((message, *(f"  {each}" for each in found))))
        self.message = message
        self.found = found


class NotSayable(Exception):
    """The reason why one operation cannot be said; the lowering adds the module and the operation."""
