"""Predictions and scores as text, CSV and JSON.

Input: Predictions, Scores and Faults. Output: text.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from netspec.core.escapes import safe
from netspec.inference.results import Fault, Prediction, Scores
from netspec.render.json import json_text
from netspec.render.tables import Table, format_value

BLOCK = 256  # lines that are aligned with each other
MATRIX = 20  # classes up to which the confusion matrix is shown as text
MATRIX_JSON = 200  # and as JSON
VERSION = 1  # of the JSON


class TextWriter:
    """One line a sample, `five.png  5  0.992  3  0.005`; the columns of a block of lines are aligned."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._block: list[list[str]] = []

    def add(self, prediction: Prediction) -> None:
        """Add a sample."""
        source = prediction.file if prediction.row is None else f"{prediction.file}:{prediction.row}"
        classes = [cell for name, probability in prediction.classes for cell in (name, f"{probability:.3f}")]
        labels = [f"{word}/{label}" for word, label in prediction.labels]
        values = [f"{value:.6g}" for value in prediction.values]
        values += [cell for name, numbers in prediction.further for cell in (name, *(f"{one:.6g}" for one in numbers))]
        cells = [prediction.picture] if prediction.picture else classes or labels or values
        self._block.append([*map(safe, [source, *cells])])
        if len(self._block) == BLOCK:
            self._flush()

    def close(self, faults: Iterable[Fault]) -> None:
        """Write what is left."""
        self._flush()

    def _flush(self) -> None:
        widths = [max(map(len, column)) for column in zip(*self._block, strict=True)]
        for cells in self._block:
            line = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
            self._out.write(line.rstrip() + "\n")
        self._block.clear()


class CsvWriter:
    """A row of names, then one a sample: file, row (of tables), classes with probabilities or values or a picture."""

    def __init__(self, out: TextIO) -> None:
        self._writer = csv.writer(out, lineterminator="\n")
        self._begun = False

    def add(self, prediction: Prediction) -> None:
        """Add a sample."""
        if not self._begun:
            self._writer.writerow(_names(prediction))
            self._begun = True
        cells: list[object] = [cell for pair in prediction.classes for cell in pair] or [*prediction.values]
        cells += [value for _, values in prediction.further for value in values]
        if prediction.labels:
            cells = [" ".join(part) for part in zip(*prediction.labels, strict=True)]
        cells = [prediction.picture] if prediction.picture else cells
        self._writer.writerow([prediction.file, *([] if prediction.row is None else [prediction.row]), *cells])

    def close(self, faults: Iterable[Fault]) -> None:
        """Write what is left."""


def _names(prediction: Prediction) -> list[str]:
    lead = ["file", *([] if prediction.row is None else ["row"])]
    if prediction.classes:
        ends = ["" if index == 0 else f"_{index + 1}" for index in range(len(prediction.classes))]
        return [*lead, *(name + end for end in ends for name in ("class", "probability"))]
    if prediction.picture:
        return [*lead, "picture"]
    if prediction.labels:
        return [*lead, "words", "labels"]
    each = [("value", prediction.values), *prediction.further]
    return [*lead, *(name for output, values in each for name in _numbered(output, len(values)))]


def _numbered(name: str, count: int) -> list[str]:
    return [name] if count == 1 else [f"{name}_{index}" for index in range(count)]


class JsonWriter:
    """One object: `predictions`, and `errors` where a file or row got none."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._begun = False
        out.write(f'{{"version": {VERSION}, "predictions": [')

    def add(self, prediction: Prediction) -> None:
        """Add a sample."""
        text = json_text(prediction.plain(), self._out)
        self._out.write((",\n" if self._begun else "\n") + text)
        self._begun = True

    def close(self, faults: Iterable[Fault]) -> None:
        """Write what is left."""
        errors = [fault.plain() for fault in faults]
        self._out.write(f'\n], "errors": {json_text(errors, self._out)}}}\n')


Writer = TextWriter | CsvWriter | JsonWriter
WRITERS: dict[str, type[Writer]] = {"text": TextWriter, "csv": CsvWriter, "json": JsonWriter}  # by --format


def scores_json(run: str, weights: str, scores: Scores, faults: Sequence[Fault] | None = None) -> dict[str, Any]:
    """The scores as JSON has them, with `classes` and `confusion` (rows are the true classes) where there are classes.

    Args:
        run: its folder.
        weights: `best` or `last`.
        scores: of the run.
        faults: of files, which are the `errors`; None where the run's own samples were scored.
    """
    content = {"version": VERSION, "run": run, "weights": weights, **scores.row}
    if scores.classes:
        content["classes"] = scores.by_class
        if len(scores.classes) <= MATRIX_JSON:
            content["confusion"] = [list(row) for row in scores.counts]
    if faults is not None:
        content["errors"] = [fault.plain() for fault in faults]
    return content


def scores_csv(scores: Scores) -> str:
    """The scores as CSV, a figure a row: its class (empty: the whole split), the measure, the value.

    Args:
        scores: of a run.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("class", "measure", "value"))
    writer.writerows(("", name, value) for name, value in scores.row.items())
    for entry in scores.by_class:
        writer.writerows((entry["class"], name, value) for name, value in entry.items() if name != "class")
    return out.getvalue()


def scores_tables(scores: Scores) -> list[Table]:
    """The tables of the classes: precision, recall and F1, and the confusion matrix where it is not too large.

    Args:
        scores: of a run; without classes there are no tables.
    """
    if not scores.classes:
        return []
    names = ("precision", "recall", "f1")
    rows = [
        (entry["class"], str(entry["samples"]), *(format_value(name, entry[name]) for name in names))
        for entry in scores.by_class
    ]
    tables = [Table(("class", "samples", *names), tuple(rows))]
    if len(scores.classes) <= MATRIX:
        lines = [
            (name, *(str(count) if count else "·" for count in row))
            for name, row in zip(scores.classes, scores.counts, strict=True)
        ]
        heads = [name if len(name) <= 8 else name[:7] + "…" for name in scores.classes]
        tables.append(Table(("true \\ predicted", *heads), tuple(lines)))
    return tables
