"""The progress of a run on stderr: a live display on a terminal, one line an epoch elsewhere.

Input: steps and epochs, as the training loop has done them. Output: text.
"""

from __future__ import annotations

import sys
import time
from typing import Any, Protocol

from netspec.core.escapes import safe, safe_lines
from netspec.language.sections.metrics import BASELINES
from netspec.render.tables import format_value, terminal
from netspec.training.job import Row
from netspec.training.loop import Watcher


class Progress(Watcher, Protocol):
    """Shows a run; the loop's Watcher, with a beginning and an end."""

    def start(self, epochs: int, done: int, steps: int, samples: int) -> None:
        """A run of `epochs` epochs begins, `done` of them are done; `steps` and `samples` are those of one epoch."""

    def message(self, text: str) -> None:
        """A line to a person."""

    def stop(self) -> None:
        """The run is over, however it ended."""


def describe(row: Row) -> str:
    """A row's numbers in one line: `train_loss 0.1234  val_accuracy 0.985`."""
    named = ((name, value) for name, value in row.items() if name.startswith(("train_", "val_")) and not fixed(name))
    return "  ".join(f"{name} {format_value(name, value)}" for name, value in named if isinstance(value, float))


def fixed(column: str) -> bool:
    """Whether a column is of a naive forecast, which is the same in each epoch."""
    return column.rpartition("_")[2] in BASELINES


class _Throttle:
    """True once an `interval` of seconds."""

    def __init__(self, interval: float) -> None:
        self.interval = interval
        self.next = time.monotonic() + interval

    def __call__(self) -> bool:
        now = time.monotonic()
        if now < self.next:
            return False
        self.next = now + self.interval
        return True


class Silent:
    """Shows nothing."""

    def __init__(self) -> None:
        self.due = _Throttle(1.0)
        self.epochs = 0

    def start(self, epochs: int, done: int, steps: int, samples: int) -> None:
        self.epochs = epochs

    def step(self, epoch: int, step: int, steps: int, loss: float, rate: float) -> None:
        pass

    def epoch(self, row: Row, best: bool) -> None:
        pass

    def message(self, text: str) -> None:
        pass

    def stop(self) -> None:
        pass


class Lines(Silent):
    """One line an epoch, for pipes and log files."""

    def epoch(self, row: Row, best: bool) -> None:
        mark = "  best" if best else ""
        rate = f"{row['seconds']:.1f} s  {row['samples_per_second']:,.0f} samples/s"
        self.message(f"epoch {row['epoch']}/{self.epochs}  {describe(row)}  lr {row['lr']:.4g}  {rate}{mark}")

    def message(self, text: str) -> None:
        print(safe_lines(text), file=sys.stderr, flush=True)


class Live(Silent):
    """A bar with rate and remaining time below one line an epoch, drawn by rich."""

    def __init__(self) -> None:
        super().__init__()
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self.due = _Throttle(0.2)
        self.console = terminal(stderr=True)
        columns = (
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[speed]}  loss {task.fields[loss]}  lr {task.fields[rate]}"),
            TextColumn("left"),
            TimeRemainingColumn(compact=True),
        )
        self.bar: Any = Bar(*columns, console=self.console, transient=True)
        self.task: Any = None

    def start(self, epochs: int, done: int, steps: int, samples: int) -> None:
        super().start(epochs, done, steps, samples)
        self.per_step = samples / max(steps, 1)
        self.began, self.first = time.monotonic(), done * steps
        fields = {"epoch": f"{done + 1}/{epochs}", "speed": "", "loss": "…", "rate": "…"}
        self.task = self.bar.add_task("", total=epochs * steps, completed=done * steps, **fields)
        self.bar.start()

    def step(self, epoch: int, step: int, steps: int, loss: float, rate: float) -> None:
        done = epoch * steps + step
        speed = (done - self.first) * self.per_step / max(time.monotonic() - self.began, 1e-6)
        fields = {"epoch": f"{epoch + 1}/{self.epochs}", "speed": f"{speed:,.0f} samples/s"}
        self.bar.update(self.task, completed=done, **fields, loss=f"{loss:.4g}", rate=f"{rate:.3g}")

    def epoch(self, row: Row, best: bool) -> None:
        from rich.text import Text

        lead = f"epoch {row['epoch']:>{len(str(self.epochs))}}/{self.epochs}"
        parts = (
            f"{lead}  {safe(describe(row))}  ",
            (f"{row['seconds']:.1f} s", "dim"),
            ("  best" if best else "", "green"),
        )
        self.bar.print(Text.assemble(*parts))

    def message(self, text: str) -> None:
        from rich.text import Text

        self.bar.print(Text(safe_lines(text)))

    def stop(self) -> None:
        self.bar.stop()


def choose_progress() -> Progress:
    """Live on a terminal, lines elsewhere."""
    return Live() if sys.stderr.isatty() else Lines()
