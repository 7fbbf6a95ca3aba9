"""A run's scores: the figures of the whole split, of each class, and who was taken for what."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from netspec.render.predictions import Fault
from netspec.render.tables import Table, shown

MATRIX = 20  # classes up to which the confusion matrix is shown as text
MATRIX_JSON = 200  # and as JSON


@dataclass(frozen=True)
class Scores:
    """`row` has split, samples, loss and metrics; `counts` [C][C] the samples of each class (a row) by what they were
    taken for; both empty where there are no classes."""

    row: dict[str, Any]
    classes: tuple[str, ...] = ()
    counts: tuple[tuple[int, ...], ...] = ()

    @property
    def by_class(self) -> list[dict[str, Any]]:
        """For each class its samples, and precision, recall and F1 as scikit-learn defines them; None for 0 / 0."""
        found = []
        for index, name in enumerate(self.classes):
            right = self.counts[index][index]
            has, said = sum(self.counts[index]), sum(row[index] for row in self.counts)
            shares = {"precision": (right, said), "recall": (right, has), "f1": (2 * right, has + said)}
            values = {key: over / under if under else None for key, (over, under) in shares.items()}
            found.append({"class": name, "samples": has, **values})
        return found


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
        (entry["class"], str(entry["samples"]), *(shown(name, entry[name]) for name in ("precision", "recall", "f1")))
        for entry in scores.by_class
    ]
    tables = [Table(("class", "samples", "precision", "recall", "f1"), tuple(rows))]
    if len(scores.classes) <= MATRIX:
        lines = [
            (name, *(str(count) if count else "·" for count in row))
            for name, row in zip(scores.classes, scores.counts, strict=True)
        ]
        tables.append(Table(("is \\ taken for", *_numbered(scores.classes)), tuple(lines)))
    return tables


def _numbered(names: Sequence[str]) -> list[str]:
    """Heads of columns: long names would make the matrix too wide."""
    return [name if len(name) <= 8 else name[:7] + "…" for name in names]
