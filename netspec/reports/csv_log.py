"""metrics.csv in a run's folder: a row for each epoch, a column for each number.

Input: rows. Output: a file that is right after each epoch, and after a kill.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from netspec.core.files import write_atomically
from netspec.render.runs import Plain, read_rows
from netspec.shapes.report import Report
from netspec.training.job import Row


class CsvLog:
    """Writes metrics.csv.

    Args:
        folder: of the run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._rows = folder, list[Row]()

    def begin(self, report: Report, settings: Mapping[str, Plain]) -> None:
        """Take the epochs that a run which goes on has already."""
        self._rows = read_rows(self._folder / "metrics.jsonl")

    def add(self, row: Row) -> None:
        """Write an epoch."""
        self._rows = [*(each for each in self._rows if each["epoch"] < row["epoch"]), row]
        names = dict.fromkeys(name for each in self._rows for name in each)
        out = io.StringIO()
        writer = csv.DictWriter(out, list(names), restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(self._rows)
        write_atomically(self._folder / "metrics.csv", lambda file: file.write_text(out.getvalue(), encoding="utf-8"))

    def picture(self, path: Path, step: int) -> None:
        """A picture is no row."""

    def end(self, status: str) -> None:
        """All is written."""

    def close(self) -> None:
        """All is written."""
