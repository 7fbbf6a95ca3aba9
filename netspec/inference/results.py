"""What a run gives for samples: predictions, scores, and the files or rows that could not be used. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Prediction:
    """What is said of one sample: `classes` (name, probability), the likeliest first, or `values`.

    `row` is counted from 1, without a first row of names; None for a picture.
    """

    file: str
    row: int | None = None
    classes: tuple[tuple[str, float], ...] = ()
    values: tuple[float, ...] = ()

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        content: dict[str, Any] = {"file": self.file, **({"row": self.row} if self.row is not None else {})}
        if self.classes:
            return {**content, "classes": [{"class": name, "probability": value} for name, value in self.classes]}
        return {**content, "values": list(self.values)}


@dataclass(frozen=True)
class Fault:
    """Why a file, or a row of it, could not be used; `unreadable` where there is no such file to read."""

    file: str
    row: int | None
    message: str
    unreadable: bool = False

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"file": self.file, **({} if self.row is None else {"row": self.row}), "message": str(self)}

    def __str__(self) -> str:
        return f"{self.file}: {self.message}" if self.row is None else f"{self.file}: row {self.row}{self.message}"


@dataclass(frozen=True)
class Scores:
    """`row` has split, samples, loss and metrics; `counts` [C][C] the confusion matrix, rows the true classes and
    columns the predicted ones; both empty where there are no classes."""

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
