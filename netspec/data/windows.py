"""Rows that follow each other in time → samples: windows of rows, with the targets of the rows behind them.

The rows are split by time first, then windows are cut from each part by itself, so that none crosses the cut; scaling
is fitted between the two, to the rows of the training part. Input: rows with their inputs and targets. Output: Samples,
with what a naive forecast says of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from netspec.data.tables.columns import Column
from netspec.language.sections.metrics import NAIVE, SEASONAL
from netspec.objective.losses import Tensors
from netspec.objective.units import Unit


class WindowError(Exception):
    """Why no windows can be cut; the message is one sentence."""


@dataclass(frozen=True)
class Windows:
    """How windows are cut from the rows of a table.

    Args:
        window: the rows that the network sees.
        horizon: the rows behind them whose targets it predicts; 0 where samples are their own targets.
        stride: the rows from one window to the next.
        following: int64 [L], by row of the table the next one of its series; -1 at its end, -2 before a gap.
        moments: int64 [L], by row the index of its time among all times; None: the rows of each series count.
        season: the rows of a season; None: there is none.
        normalize: how targets are scaled: zscore, minmax or None.
        flat: for each input whether its windows are one axis of numbers, row after row.
        several: whether a target is a list of columns.
        memory: bytes that windows may take where they have to be copied.
    """

    window: int
    horizon: int
    stride: int
    following: torch.Tensor
    moments: torch.Tensor | None = None
    season: int | None = None
    normalize: str | None = None
    flat: tuple[bool, ...] = (False,)
    several: bool = False
    memory: int = 2**63

    @property
    def length(self) -> int:
        """The rows of a sample, with its targets."""
        return self.window + self.horizon

    def held_out(self, rows: torch.Tensor, fraction: float) -> torch.Tensor:
        """Which rows validate: those from a time on, or where there are no times the last ones of each series.

        Args:
            rows: int64 [R] of the table, one series after the other.
            fraction: of the times, or of each series, that comes last.

        Returns:
            bool [R].
        """
        if self.moments is not None:
            moments = self.moments[rows]
            times = torch.unique(moments)
            count = round(len(times) * fraction)
            return moments >= times[len(times) - count] if count else torch.zeros(len(rows), dtype=torch.bool)
        starts = self._runs(rows)
        lengths = torch.diff(starts, append=torch.tensor([len(rows)]))
        firsts = torch.cumsum(lengths, 0) - (lengths * fraction).round().long()
        return torch.arange(len(rows)) >= firsts.repeat_interleave(lengths)

    def _runs(self, rows: torch.Tensor) -> torch.Tensor:
        """Where a run of rows that follow each other begins, in rows [R]."""
        breaks = self.following[rows[:-1]] != rows[1:]
        return torch.cat([torch.zeros(min(1, len(rows)), dtype=torch.long), breaks.nonzero()[:, 0] + 1])

    def starts(self, rows: torch.Tensor, targets: torch.Tensor | None) -> torch.Tensor:
        """The indexes in rows [R] of the first row of each window.

        Args:
            rows: of a part.
            targets: [R, K]; windows whose targets are missing, NaN, are left out. None: there are no targets.

        Raises:
            WindowError: no run of rows is long enough.
        """
        begins = self._runs(rows)
        lengths = torch.diff(begins, append=torch.tensor([len(rows)]))
        longest = int(lengths.max()) if len(lengths) else 0
        index = torch.arange(len(rows))
        inside = index - begins.repeat_interleave(lengths)
        left = lengths.repeat_interleave(lengths) - inside
        found = index[(inside % self.stride == 0) & (left >= self.length)]
        if not len(found):
            what = f"window: {self.window} and horizon: {self.horizon} take {self.length} rows"
            raise WindowError(f"{what}, and its longest run has {longest}")
        if targets is not None and bool(targets.isnan().any()):
            missing = torch.cat([torch.zeros(1, dtype=torch.long), targets.isnan().any(1).long().cumsum(0)])
            first = found + self.window
            found = found[missing[first + self.horizon] == missing[first]]
            if not len(found):
                raise WindowError("each window has a target without a value")
        return found

    def cut(self, rows: torch.Tensor, inputs: Tensors, targets: torch.Tensor | None) -> Samples:
        """The windows of a part.

        Args:
            rows: int64 [R] of the table.
            inputs: [R, columns] each, as the network takes them.
            targets: [R, K] float32, NaN where a value is missing; None: there are none.

        Raises:
            WindowError: as of `starts`, or they take too much memory.
        """
        starts = self.starts(rows, targets)
        pairs = zip(inputs, self.flat, strict=True)
        samples = tuple(self._windows(x, self.window, starts, flat) for x, flat in pairs)
        first = rows[starts + (self.window if self.horizon else self.window - 1)]
        if targets is None:
            return Samples(samples, (), first)
        behind = self._targets(self._windows(targets, self.horizon, starts + self.window))
        return Samples(samples, (behind,), first, self._naive(targets, starts))

    def last(self, rows: torch.Tensor, inputs: Tensors) -> tuple[Tensors, torch.Tensor, list[int]]:
        """The last window of each series, behind which is what is not known yet.

        Args:
            rows, inputs: as of `cut`, of whole series.

        Returns:
            [N, window, columns] for each input, or as they are flat; the last row of each window; the last rows of
            series that are too short.
        """
        begins = self._runs(rows)
        ends = torch.cat([begins[1:], torch.tensor([len(rows)])])  # exclusive
        final = self.following[rows[ends - 1]] == -1
        enough = final & (ends - begins >= self.window)
        starts = ends[enough] - self.window
        if not len(starts):
            return (), starts, rows[ends[final] - 1].tolist()
        pairs = zip(inputs, self.flat, strict=True)
        samples = tuple(self._windows(x, self.window, starts, flat) for x, flat in pairs)
        return samples, rows[ends[enough] - 1], rows[ends[final & ~enough] - 1].tolist()

    def _windows(self, x: torch.Tensor, length: int, starts: torch.Tensor, flat: bool = False) -> torch.Tensor:
        """Windows [N, length, columns] of x [R, columns]: a view where one follows the other by equal steps."""
        views = x.unfold(0, length, 1).transpose(1, 2)  # [R - length + 1, length, columns]
        step = int(starts[1] - starts[0]) if len(starts) > 1 else 1
        if bool((starts.diff() == step).all()):
            found = views[int(starts[0]) : int(starts[-1]) + 1 : step]
        else:
            needed = len(starts) * length * x.shape[1] * x.itemsize
            if needed > self.memory:
                what = f"{len(starts):,} windows of {length}×{x.shape[1]} take {needed:,} bytes"
                raise WindowError(f"{what}, more than `memory` allows; a larger stride gives fewer")
            found = views[starts]
        return found.flatten(1) if flat else found

    def _targets(self, found: torch.Tensor) -> torch.Tensor:
        """Targets [N, horizon, K] without the axes that are of one column, or of one row."""
        found = found if self.several else found[:, :, 0]
        return found[:, 0] if self.horizon == 1 else found

    def _naive(self, targets: torch.Tensor, starts: torch.Tensor) -> dict[str, torch.Tensor]:
        """The forecasts that repeat the last value, or the last season."""
        present = torch.where(targets.isnan(), 0, torch.arange(len(targets))[:, None]).cummax(0).values
        known = targets.gather(0, present).nan_to_num()  # [R, K], the last value before a missing one
        last = known[starts + self.window - 1][:, None].expand(-1, self.horizon, -1)  # [N, horizon, K]
        found = {NAIVE: self._targets(last)}
        if self.season is not None:
            ago = torch.arange(self.horizon) % self.season - self.season
            found[SEASONAL] = self._targets(known[(starts + self.window)[:, None] + ago])
        return found


@dataclass(frozen=True)
class Samples:
    """The windows of a part.

    Args:
        inputs: [N, window, columns] each, or [N, window * columns].
        targets: [N, horizon, K] without the axes that are of one row, or of one column; none where there are none.
        rows: int64 [N], the first row that is predicted.
        naive: naive forecasts by their names, as targets.
    """

    inputs: Tensors
    targets: Tensors
    rows: torch.Tensor
    naive: dict[str, torch.Tensor] = field(default_factory=dict)


def target_unit(columns: torch.Tensor, normalize: str | None) -> Unit | None:
    """The unit of targets, from those of the training part.

    Args:
        columns: [R, K], NaN where a value is missing.
        normalize: zscore, minmax or None, which leaves them as they are.
    """
    if normalize is None:
        return None
    fitted = []
    for values in columns.double().T:
        present = values[~values.isnan()].numpy()
        fitted.append(Column("target", normalize=normalize).fitted(present) if len(present) else Column("target"))
    shift = tuple(column.shift[0] if column.shift else 0.0 for column in fitted)
    return Unit(shift, tuple(column.scale[0] if column.scale else 1.0 for column in fitted))


LOOKED_AT = 65  # samples at the start that are compared


def overlapping(inputs: Sequence[torch.Tensor]) -> int:
    """How far samples are from each other where they are windows of one series, one behind the other.

    Args:
        inputs: [N, W, ...] each, of which the first is looked at.

    Returns:
        The stride: how many numbers of a sample are no longer in the next one; 0 where they are no such windows.
    """
    x = inputs[0][:LOOKED_AT] if inputs else torch.empty(0)
    if x.ndim < 2 or len(x) < 5 or x.shape[1] < 3 or len(torch.unique(x.flatten(1)[:, 0])) < len(x) / 2:
        return 0  # few different numbers are alike by chance
    for stride in range(1, x.shape[1] - 1):
        if torch.equal(x[1:, :-stride], x[:-1, stride:]):
            return stride
    return 0
