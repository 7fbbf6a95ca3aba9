"""A column of a table: its kind, how a cell is read as one raw number, and how raw numbers become the network's.

Input: cells as text. Output: raw numbers (NaN where a cell is empty), and the numbers [N, width] that are made of them.

A raw number is: of `number` the number; of `binary` 0 or 1; of `category` the index of the value, from 1 on, and 0 for
a value that is not known; of `date` the seconds since 1970-01-01. Reading, filling and scaling are the same for
training, evaluation and prediction, as all of them use the same Column.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from netspec.data.tables.cells import MISSING, CellError, as_date, as_number, canonical
from netspec.language.sections.table_keys import (
    BINARY,
    CATEGORY,
    DATE,
    DROP,
    MEDIAN,
    MINMAX,
    MODE,
    NUMBER,
    ONEHOT,
    RULES,
)

if TYPE_CHECKING:
    from numpy import float32, float64
    from numpy.typing import NDArray

_EPOCH = datetime(1970, 1, 1)
ONE = "1 number"
_PARTS = ("year", "month", "day", "weekday", "hour")


@dataclass(frozen=True)
class Column:
    """One column among the features.

    Args:
        name: of the column.
        kind: number, category, binary or date.
        values: of a category or of two words, in their order.
        encode: onehot or index, of a category.
        hours: of dates, whether some have a time of day.
        missing: mean, median, mode, drop, or the cell that stands for an empty one; None: an empty cell is an error.
        normalize: zscore, minmax or None.
        fill: the raw number for an empty cell, once the column is fitted.
        shift, scale: of each number, which becomes (number - shift) / scale, once the column is fitted; else empty.
        unseen: those of a category's values that the training part has not, once the column is fitted; they are as
            unknown as any other value.
    """

    name: str
    kind: str = NUMBER
    values: tuple[str, ...] = ()
    encode: str = ONEHOT
    hours: bool = False
    missing: str | None = None
    normalize: str | None = None
    fill: float | None = None
    shift: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    unseen: tuple[str, ...] = ()

    @property
    def plain(self) -> bool:
        """Whether its numbers enter the network as they are."""
        return self.kind == NUMBER and self.missing is None and self.normalize is None

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of a date that become numbers."""
        return (_PARTS if self.hours else _PARTS[:-1]) if self.kind == DATE else ()

    @property
    def width(self) -> int:
        """How many numbers it becomes."""
        if self.kind == CATEGORY:
            return len(self.values) if self.encode == ONEHOT else 1
        return len(self.parts) or 1

    @cached_property
    def _codes(self) -> dict[str, float]:
        first = 1 if self.kind == CATEGORY else 0
        codes = {value: float(index) for index, value in enumerate(self.values, first)}
        return {value: code for value, code in codes.items() if value not in self.unseen}

    def read(self, cell: str) -> float:
        """The raw number of a cell; NaN where it has no value.

        Args:
            cell: as written, without blanks around it.

        Raises:
            CellError: it is none of the column's kind.
        """
        if cell in MISSING:
            return math.nan
        if self.kind == NUMBER:
            number = as_number(cell)
            if not math.isfinite(number):
                raise CellError("which is no finite number", f"kinds: {{{self.name}: category}} where it holds words")
            return number
        if self.kind == DATE:
            date = as_date(cell)
            if date is None:
                raise CellError("which is no date like 2024-05-17")
            return (date - _EPOCH).total_seconds()
        found = self._codes.get(canonical(cell))
        if found is None and self.kind == BINARY:
            raise CellError(f"which is neither {' nor '.join(map(repr, self.values))}")
        return found or 0.0

    def knows(self, cell: str) -> bool:
        """Whether a cell is one of the values, or a date where the column holds dates."""
        return canonical(cell) in self._codes or (self.kind == DATE and as_date(cell) is not None)

    def fitted(self, raw: NDArray[float64]) -> Column:
        """The column with what stands for empty cells, and its scaling, from the training part.

        Args:
            raw: numbers [N] of the training part, NaN where a cell is empty.

        Raises:
            CellError: the training part has no value of it, from which to fill empty ones.
        """
        import numpy as np

        column, present = self, raw[~np.isnan(raw)]
        if self.missing is not None and self.missing != DROP:
            if self.missing not in RULES:
                fill = self.read(self.missing)
            elif not len(present):
                raise CellError(f"has no value in the training part, of which to take the {self.missing}")
            else:
                fill = _typical(present, self.missing if self.kind in (NUMBER, DATE) else MODE)
            column = replace(column, fill=fill)
        if self.kind == CATEGORY:
            seen = {*np.unique(present).tolist(), column.fill}
            column = replace(column, unseen=tuple(word for code, word in enumerate(self.values, 1) if code not in seen))
        if self.normalize is None or self.kind not in (NUMBER, DATE):
            return column
        numbers = column.encoded(raw)  # [N, width]
        low = numbers.min(0) if self.normalize == MINMAX else numbers.mean(0)
        scale = numbers.max(0) - low if self.normalize == MINMAX else numbers.std(0)
        scale[scale == 0] = 1  # what does not vary
        return replace(column, shift=tuple(low.tolist()), scale=tuple(scale.tolist()))

    def encoded(self, raw: NDArray[float64]) -> NDArray[float32] | NDArray[float64]:
        """The numbers [N, width] for the network; float32 where they are 0 and 1.

        Args:
            raw: numbers [N], as `read` gives them.
        """
        import numpy as np

        if self.fill is not None:
            raw = np.where(np.isnan(raw), self.fill, raw)
        if self.unseen:
            raw = np.where(np.isin(raw, [self.values.index(word) + 1 for word in self.unseen]), 0.0, raw)
        if self.kind == CATEGORY and self.encode == ONEHOT:
            chosen: NDArray[float32] = (raw[:, None] == np.arange(1, len(self.values) + 1)).astype(np.float32)
            return chosen
        numbers = _calendar(raw, self.hours) if self.kind == DATE else raw[:, None]
        return (numbers - np.array(self.shift)) / np.array(self.scale) if self.scale else numbers

    def text(self, raw: float) -> str:
        """A raw number as its cell was written; empty where there is none.

        Args:
            raw: as `read` gives it.
        """
        if math.isnan(raw):
            return ""
        if self.kind == DATE:
            return (_EPOCH + timedelta(seconds=raw)).isoformat(" ").removesuffix(" 00:00:00")
        if self.values:
            index = int(raw) - (self.kind == CATEGORY)
            return self.values[index] if index >= 0 else "(unknown)"
        return f"{raw:g}"

    @property
    def counted(self) -> str:
        """What its numbers are, in words: `4 values of Embarked`."""
        if self.kind == CATEGORY and self.encode == ONEHOT:
            return f"{self.width} value{'s' * (self.width != 1)} of {self.name}"
        if self.kind == CATEGORY:
            return f"1 index of {self.name}"
        return f"{self.width} parts of {self.name} ({', '.join(self.parts)})" if self.parts else ONE


def _typical(present: NDArray[float64], rule: str) -> float:
    import numpy as np

    if rule == MODE:
        values, counts = np.unique(present, return_counts=True)
        return float(values[counts.argmax()])  # of equally frequent ones the smallest, as scipy.stats.mode has it
    return float(np.median(present) if rule == MEDIAN else present.mean())


def _calendar(seconds: NDArray[float64], hours: bool) -> NDArray[float64]:
    """Year, month (1 to 12), day (1 to 31), weekday (Monday is 0) and, where wanted, hour, as [N, parts]."""
    import numpy as np

    days = np.floor(seconds / 86400)
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    years = dates.astype("datetime64[Y]").astype(int) + 1970
    day = (dates - months).astype(int) + 1
    parts = [years, months.astype(int) % 12 + 1, day, (days + 3) % 7]  # 1970-01-01 was a Thursday
    return np.stack([*parts, *([(seconds - days * 86400) / 3600] if hours else [])], 1).astype(float)
