"""Predictions and scores as text, CSV and JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from netspec.inference.results import Fault, Prediction, Scores
from netspec.render.json import json_text
from netspec.render.tables import Table, format_value

BLOCK = 256  # lines that are aligned with each other
VERSION = 1


class TextWriter:
    """One line a sample, `five.png  5  99.2%  3  0.5%`; the columns of a block of lines are aligned."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._block: list[list[str]] = []

    def add(self, said: Prediction) -> None:
        """Add a sample."""
        place = said.file if said.row is None else f"{said.file}:{said.row}"
        classes = [cell for name, share in said.classes for cell in (name, f"{share:.1%}")]
        self._block.append([place, *(classes or (f"{value:.6g}" for value in said.values))])
        if len(self._block) == BLOCK:
            self._flush()

    def close(self, faults: Iterable[Fault]) -> None:
        """All is said."""
        self._flush()

    def _flush(self) -> None:
        widths = [max(map(len, column)) for column in zip(*self._block, strict=True)]
        for cells in self._block:
            line = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
            self._out.write(line.rstrip() + "\n")
        self._block.clear()


class CsvWriter:
    """A row of names, then a row a sample: file, row (of tables), and classes with probabilities, or values."""

    def __init__(self, out: TextIO) -> None:
        self._writer = csv.writer(out, lineterminator="\n")
        self._begun = False

    def add(self, said: Prediction) -> None:
        """Add a sample."""
        if not self._begun:
            self._writer.writerow(_names(said))
            self._begun = True
        cells = [cell for pair in said.classes for cell in pair] or list(said.values)
        self._writer.writerow([said.file, *([] if said.row is None else [said.row]), *cells])

    def close(self, faults: Iterable[Fault]) -> None:
        """All is said."""


def _names(said: Prediction) -> list[str]:
    lead = ["file", *([] if said.row is None else ["row"])]
    if said.classes:
        ends = ["" if place == 0 else f"_{place + 1}" for place in range(len(said.classes))]
        return [*lead, *(name + end for end in ends for name in ("class", "probability"))]
    return [*lead, *(["value"] if len(said.values) == 1 else [f"value_{i}" for i in range(len(said.values))])]


class JsonWriter:
    """One object: `predictions`, and `errors` where a file or row got none."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._begun = False
        out.write(f'{{"version": {VERSION}, "predictions": [')

    def add(self, said: Prediction) -> None:
        """Add a sample."""
        text = json_text(said.plain(), self._out)
        self._out.write((",\n" if self._begun else "\n") + text)
        self._begun = True

    def close(self, faults: Iterable[Fault]) -> None:
        """All is said."""
        errors = [fault.plain() for fault in faults]
        self._out.write(f'\n], "errors": {json_text(errors, self._out)}}}\n')


Writer = TextWriter | CsvWriter | JsonWriter
WRITERS: dict[str, type[Writer]] = {"text": TextWriter, "csv": CsvWriter, "json": JsonWriter}


MATRIX = 20  # classes up to which the confusion matrix is shown as text
MATRIX_JSON = 200  # and as JSON


def scores_json(run: str, weights: str, scores: Scores, faults: Sequence[Fault] | None = None) -> dict[str, Any]:
    """The scores of the contracts, with `classes` and `confusion` (rows are the truth) where there are classes.

    `errors` are the faults of files; None where none were given.
    """
    content = {"version": 1, "run": run, "weights": weights, **scores.row}
    if scores.classes:
        content["classes"] = scores.by_class
        if len(scores.classes) <= MATRIX_JSON:
            content["confusion"] = [list(row) for row in scores.counts]
    if faults is not None:
        content["errors"] = [fault.plain() for fault in faults]
    return content


def scores_csv(scores: Scores) -> str:
    """A figure a row: the class it is of (empty: the whole split), the measure, the value."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("class", "measure", "value"))
    writer.writerows(("", name, value) for name, value in scores.row.items())
    for entry in scores.by_class:
        writer.writerows((entry["class"], name, value) for name, value in entry.items() if name != "class")
    return out.getvalue()


def scores_tables(scores: Scores) -> list[Table]:
    """The tables of the classes; none where there are none."""
    if not scores.classes:
        return []
    rows = [
        (
            entry["class"],
            str(entry["samples"]),
            *(format_value(name, entry[name]) for name in ("precision", "recall", "f1")),
        )
        for entry in scores.by_class
    ]
    tables = [Table(("class", "samples", "precision", "recall", "f1"), tuple(rows))]
    if len(scores.classes) <= MATRIX:
        lines = [
            (name, *(str(count) if count else "·" for count in row))
            for name, row in zip(scores.classes, scores.counts, strict=True)
        ]
        tables.append(Table(("true \\ predicted", *_numbered(scores.classes)), tuple(lines)))
    return tables


def _numbered(names: Sequence[str]) -> list[str]:
    """Heads of columns: long names would make the matrix too wide."""
    return [name if len(name) <= 8 else name[:7] + "…" for name in names]
