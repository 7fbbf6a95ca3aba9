"""Callbacks of one's own: objects with any of the methods of a Logger, called as loggers are.

Input: a class that a spec names. Output: a Logger.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from netspec.render.runs import Plain
from netspec.runtime.diagnostics import spec_error
from netspec.runtime.own import own_says
from netspec.runtime.registry import Choice
from netspec.shapes.report import Report
from netspec.training.job import Row


class Callback:
    """One callback; what it raises ends the run with NS609, at its name, and the last good state is kept.

    Args:
        choice: its class.
    """

    def __init__(self, choice: Choice) -> None:
        self.choice = choice
        self.object = choice.make()

    def begin(self, report: Report, settings: Mapping[str, Plain]) -> None:
        """The run begins."""
        self._call("begin", report, settings)

    def add(self, row: Row) -> None:
        """An epoch has ended."""
        self._call("add", row)

    def picture(self, path: Path, step: int) -> None:
        """A picture was drawn."""
        self._call("picture", path, step)

    def end(self, status: str) -> None:
        """The run has ended."""
        self._call("end", status)

    def close(self) -> None:
        """Nothing comes any more."""
        self._call("close")

    def _call(self, method: str, *arguments: Any) -> None:
        call = getattr(self.object, method, None)
        if call is None:
            return
        try:
            call(*arguments)
        except Exception as error:  # whatever the code of a person raises
            raise spec_error(
                "NS609", f"{self.choice.name} fails in {method}", self.choice.node, own_says(error)
            ) from error
