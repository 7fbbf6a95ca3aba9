"""What a run says of samples, as people and programs read it: aligned text, CSV or JSON, written as it comes."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TextIO

from netspec.render.json_text import json_text

BLOCK = 256  # lines that are aligned with each other
VERSION = 1


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
