"""What inference gives: predictions, scores, and the files or rows that could not be used. Nothing here needs torch.

Input: plain values. Output: records, and their form in JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from netspec.core.escapes import safe


@dataclass(frozen=True)
class Prediction:
    """The prediction of one sample.

    Args:
        file: of the sample.
        row: of a table, counted from 1 without a first row of names; None for a picture.
        classes: (name, probability) pairs, the likeliest first.
        values: numbers, where there are no classes.
        picture: the file with the output, where it was written as a picture.
        labels: (word, label) pairs of a sentence.
        further: the numbers of the further outputs that the loss takes, by the outputs' names.
    """

    file: str
    row: int | None = None
    classes: tuple[tuple[str, float], ...] = ()
    values: tuple[float, ...] = ()
    picture: str | None = None
    labels: tuple[tuple[str, str], ...] = ()
    further: tuple[tuple[str, tuple[float, ...]], ...] = ()

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        content: dict[str, Any] = {"file": self.file, **({"row": self.row} if self.row is not None else {})}
        if self.classes:
            return {**content, "classes": [{"class": name, "probability": value} for name, value in self.classes]}
        if self.labels:
            return {**content, "labels": [{"word": word, "label": label} for word, label in self.labels]}
        if self.picture is not None:
            return {**content, "picture": self.picture}
        outputs = {"outputs": {name: list(values) for name, values in self.further}} if self.further else {}
        return {**content, "values": list(self.values), **outputs}


@dataclass(frozen=True)
class Fault:
    """A file, or a row of it, that could not be used.

    Args:
        file: as it was named.
        row: of a table, counted from 1.
        message: says why; of a row it follows on `row N`.
        unreadable: whether there is no such file.
    """

    file: str
    row: int | None
    message: str
    unreadable: bool = False

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"file": self.file, **({} if self.row is None else {"row": self.row}), "message": str(self)}

    def __str__(self) -> str:
        at = f"{self.file}: " if self.row is None else f"{self.file}: row {self.row}"
        return safe(at + self.message)


@dataclass(frozen=True)
class Scores:
    """The scores of a run.

    Args:
        row: split, samples, loss and metrics.
        classes: their names; empty where there are none.
        counts: the confusion matrix [C][C], rows the true classes and columns the predicted ones.
    """

    row: dict[str, Any]
    classes: tuple[str, ...] = ()
    counts: tuple[tuple[int, ...], ...] = ()

    @property
    def by_class(self) -> list[dict[str, Any]]:
        """For each class its samples, and precision, recall and F1 as scikit-learn defines them; None for 0 / 0."""
        found = []
        for index, name in enumerate(self.classes):
            correct = self.counts[index][index]
            true, predicted = sum(self.counts[index]), sum(row[index] for row in self.counts)
            ratios = {
                "precision": (correct, predicted),
                "recall": (correct, true),
                "f1": (2 * correct, true + predicted),
            }
            values = {key: over / under if under else None for key, (over, under) in ratios.items()}
            found.append({"class": name, "samples": true, **values})
        return found
