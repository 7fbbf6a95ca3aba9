"""What is kept of a run while it trains: checkpoints, the best weights, and the last good state in memory."""

from __future__ import annotations

import contextlib
import copy
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from torch import nn

from netspec.checkpoint.checkpoint import CheckpointError, read_newest, save_weights, write_checkpoint
from netspec.checkpoint.gathering import gather_state, gathered_model, remove_unused_shards
from netspec.checkpoint.run_folder import RunFolder
from netspec.checkpoint.state_dict import load_state_dict, state_dict
from netspec.core.diagnostics import SpecError
from netspec.distributed.process_group import ALONE, ProcessGroup
from netspec.reports.loggers import Loggers
from netspec.runtime.diagnostics import option_span, spec_error
from netspec.training.job import State
from netspec.training.step import require_finite

AFTER = 1.0  # seconds since the last checkpoint, after which the end of an epoch is one,
WITHIN = 60.0  # and after which any step is,
SHARE = 0.05  # as long as writing them takes no more than this share of the time
LARGE = 2**28  # bytes of weights up to which a good epoch that is not stored is kept in memory


@dataclass(frozen=True)
class CheckpointInterval:
    """When a checkpoint is due, as `checkpoint_every` says: after so many steps, seconds or epochs."""

    steps: int | None = None
    seconds: float | None = None
    epochs: int | None = None


class CheckpointManager:
    """Stores the state, so that a kill at any moment loses only what can be trained again, with the same result.

    Nothing that is not finite is stored: what was stored before is good, and stays. Several processes keep their state
    together, at the same steps; one of them writes it.
    """

    def __init__(
        self,
        folder: RunFolder,
        text: str,
        events: Loggers,
        every: CheckpointInterval,
        state: State,
        world: ProcessGroup = ALONE,
    ) -> None:
        self.folder, self.text, self.events, self.every, self.state = folder, text, events, every, state
        self.world = world
        self.best: nn.Module | None = None
        self.last: dict[str, Any] | None = None  # the checkpoint on the disk, where it has its weights elsewhere
        self.good: dict[str, Any] | None = None  # the last whole epoch, where the disk has an earlier state
        self.steps = self.epochs = 0  # of the run, when it was last stored
        self.stored = self.cost = 0.0  # when that was, and how long it took

    def start(self) -> None:
        """The state is what the disk has; where it has none yet, it is stored."""
        if self.world.from_main(not self.folder.checkpoint.exists()):
            self.keep(self.state)
        elif self.state.blank is not None:
            with contextlib.suppress(CheckpointError):
                self.last, _ = read_newest(self.folder.checkpoint)
        self._note()

    def due(self) -> bool:
        """Whether the state is to be stored after this step; an epoch's last one is followed by the epoch's end."""
        return self.state.step < len(self.state.losses) and self._due()

    def step(self, state: State) -> None:
        """Store the state, in the middle of an epoch."""
        self.keep(state)

    def epoch(self, state: State, best: bool) -> None:
        """An epoch is over, and whether it was the best; its row is the last of the history."""
        require_finite(state)
        due = self.world.from_main(self._due(whole=True))
        if best:
            self.best = gathered_model(state)
            if not due and self.best is state.result and self.folder.writes:
                self.best = copy.deepcopy(self.best)
        with self._writing():
            self.folder.add_row(state.history[-1])
            self.events.add(state.history[-1])
        if due:
            self.keep(state)
        elif self.world.size == 1 and sum(weight.nbytes for weight in state.model.parameters()) <= LARGE:
            self.good = copy.deepcopy(state_dict(state))

    def keep(self, state: State) -> None:
        """Store the state, and first the best weights, which it speaks of."""
        require_finite(state)
        began = time.monotonic()
        with self._writing():
            self.finish()
            content = gather_state(state, self.folder.path, self.world)
            if self.folder.writes:
                write_checkpoint(self.folder.checkpoint, content, self.folder.previous)
                remove_unused_shards(self.folder.path, content, self.last)
        self.last, self.good = content if "shards" in content else None, None
        self.cost = time.monotonic() - began
        self._note()

    def _note(self) -> None:
        self.steps, self.epochs = self._steps(), self.state.epoch
        self.stored = time.monotonic()

    def _steps(self) -> int:
        return self.state.epoch * len(self.state.losses) + self.state.step

    def _due(self, whole: bool = False) -> bool:
        every, seconds = self.every, time.monotonic() - self.stored
        if every.steps is not None:
            return self._steps() - self.steps >= every.steps
        if every.seconds is not None:
            return seconds >= every.seconds
        if every.epochs is not None:
            return whole and self.state.epoch - self.epochs >= every.epochs
        return seconds >= max(AFTER if whole else WITHIN, self.cost / SHARE)

    def back(self, state: State) -> None:
        """Bring a state that went wrong to the last good one, and let the folder be as it was there."""
        if not self.folder.writes or state.blank is not None:
            return  # the last checkpoint is what there is
        with self._writing():
            if self.good is not None:
                content = self.good
                write_checkpoint(self.folder.checkpoint, content, self.folder.previous)
            else:
                with contextlib.suppress(CheckpointError):
                    content, _ = read_newest(self.folder.checkpoint, self.folder.previous)
                    self.good = content
            if self.good is not None:
                load_state_dict(self.good, state)
            save_weights(self.folder.last, state.result, self.text)
            self.folder.write_rows(state.history)

    def finish(self) -> None:
        """Store the best weights, if they are not yet."""
        if self.best is not None and self.folder.writes:
            with self._writing():
                save_weights(self.folder.best, self.best, self.text)
        self.best = None

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """A full disk, or a folder that was taken away, as a finding."""
        with write_errors(self.folder):
            yield


@contextlib.contextmanager
def write_errors(folder: RunFolder) -> Iterator[None]:
    """A full disk, or a folder that was taken away, as a finding.

    Raises:
        SpecError: NS607, with what the folder holds still.
    """
    try:
        yield
    except OSError as error:
        raise cannot_write(folder, error) from error


def cannot_write(folder: RunFolder, error: OSError) -> SpecError:
    """The finding that a run's folder cannot be written, and how to go on."""
    reason = (error.strerror or str(error)).lower()
    at, notes = option_span("--out", str(folder.path)), [("fix", "make room, or let it be written to")]
    if folder.checkpoint.is_file() or folder.previous.is_file():
        notes.append(("then", f"netspec train --resume {folder.path} goes on from its last checkpoint"))
    return spec_error("NS607", f"{folder.path} cannot be written: {reason}", at, *notes)
