"""The table of loggers, which receive the settings, epochs and pictures of a run while it trains, as TensorBoard does.

A logger is one record of `LOGGERS`. A run calls all of them, in this order; of several processes only the one that
writes the run's folder has loggers.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from netspec.render.runs import Plain
from netspec.reports.tensorboard import Events
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


@dataclass(frozen=True)
class LoggerKind:
    """One logger.

    Args:
        name: what it is called.
        doc: one sentence: what it writes.
        open: makes it for a run, from the run's folder.
    """

    name: str
    doc: str
    open: Callable[[Path], Logger]


LOGGERS: tuple[LoggerKind, ...] = (
    LoggerKind(
        "TensorBoard", "An events file: numbers of each epoch, the network's graph, settings and pictures.", Events
    ),
)


class Loggers:
    """All loggers of a run as one; for no folder there are none."""

    def __init__(self, folder: Path | None) -> None:
        self.all: list[Logger] = [] if folder is None else [kind.open(folder) for kind in LOGGERS]

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
