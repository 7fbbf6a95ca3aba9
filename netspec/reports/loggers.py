"""Loggers, which receive the settings, epochs and pictures of a run while it trains, as TensorBoard does.

Their table is `netspec.language.sections.loggers`. A run calls those that its spec names, in the table's order; of
several processes only the one that writes the run's folder has loggers.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from netspec.core.installed import require_packages
from netspec.core.lazy_import import imported
from netspec.language.sections.loggers import Wanted
from netspec.render.runs import Plain
from netspec.reports.callbacks import Callback
from netspec.runtime.registry import Choice
from netspec.shapes.report import Report
from netspec.training.job import Row


class Logger(Protocol):
    """Receives one run. An OSError that it raises ends the run with NS607, as a folder that cannot be written."""

    def begin(self, report: Report, settings: Mapping[str, Plain]) -> None:
        """What is trained, and how: a checked network, and the run's settings by their dotted paths."""

    def add(self, row: Row) -> None:
        """An epoch has ended: its row of metrics.jsonl."""

    def picture(self, path: Path, step: int) -> None:
        """A PNG file was drawn, of the epoch `step`."""

    def end(self, status: str) -> None:
        """How the run ended: `finished`, `stopped early`, `interrupted` or `failed`."""

    def close(self) -> None:
        """Nothing comes any more."""


def require_loggers(wanted: Wanted) -> None:
    """Check that what the loggers need is installed.

    Args:
        wanted: of the spec.

    Raises:
        MissingPackageError: it is not.
    """
    for kind, _ in wanted:
        if kind.modules is not None:
            require_packages(f"loggers: [{kind.name}]", kind.modules, kind.extra)


class Loggers:
    """All loggers of a run as one.

    Args:
        folder: of the run; None, in a process that does not write it: there are none.
        wanted: of the spec, with their arguments.
        callbacks: of one's own.
    """

    def __init__(self, folder: Path | None, wanted: Wanted, callbacks: tuple[Choice, ...] = ()) -> None:
        self.all: list[Logger] = []
        if folder is not None:
            self.all += map(Callback, callbacks)
        for kind, arguments in wanted if folder is not None else ():
            self.all.append(imported(kind.open)(folder, **arguments))

    def begin(self, report: Report, settings: Mapping[str, Plain]) -> None:
        """What is trained, and how."""
        for logger in self.all:
            logger.begin(report, settings)

    def add(self, row: Row) -> None:
        """An epoch has ended."""
        for logger in self.all:
            logger.add(row)

    def picture(self, path: Path, step: int) -> None:
        """A picture was drawn."""
        for logger in self.all:
            logger.picture(path, step)

    def end(self, status: str) -> None:
        """How the run ended."""
        for logger in self.all:
            logger.end(status)

    def close(self) -> None:
        """Nothing comes any more; what one of them cannot finish keeps no other from it."""
        with contextlib.ExitStack() as closing:
            for logger in reversed(self.all):
                closing.callback(logger.close)
