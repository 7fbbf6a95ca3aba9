"""What a check of one file comes to: its report, or that it could not be read."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.language.spec import Report


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that could not be read; `error` is one line that names it."""

    path: str
    error: str

    @property
    def ok(self) -> bool:
        """It never is."""
        return False


Answer = Report | Unreadable
