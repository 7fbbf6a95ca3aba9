"""What is stored of a run while it trains: checkpoints, the best weights, and the last good state in memory.

Input: the State after a step or an epoch. Output: the files of the run's folder, or a SpecError where they cannot be
written.
"""

from __future__ import annotations

import contextlib
import copy
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from torch import nn

from netspec.checkpoint.checkpoint import CheckpointError, read_newest, save_checkpoint, save_weights
from netspec.checkpoint.gathering import gather_state, gathered_model, remove_unused_shards
from netspec.checkpoint.run_folder import RunFolder
from netspec.checkpoint.state_dict import load_state_dict, state_dict
from netspec.distributed.process_group import ALONE, ProcessGroup
from netspec.reports.loggers import Loggers
from netspec.runtime.diagnostics import option_span, spec_error
from netspec.training.job import State
from netspec.training.step import require_finite

EPOCH_SECONDS = 1.0  # since the last checkpoint, after which there is one at the end of an epoch,
STEP_SECONDS = 60.0  # and after which there is one at any step,
TIME_FRACTION = 0.05  # as long as writing them takes no more than this part of the time
MEMORY_BYTES = 2**28  # of weights, up to which a good epoch that is not stored is kept in memory


@dataclass(frozen=True)
class CheckpointInterval:
    """When a checkpoint is due: after so many `steps`, `seconds` or `epochs`, as `checkpoint_every` says."""

    steps: int | None = None
    seconds: float | None = None
    epochs: int | None = None


class CheckpointManager:
    """The loop's Store: a kill at any moment loses only what can be trained again, with the same result.

    Nothing that is not finite is stored. Several processes store their state together, at the same steps.

    Args:
        folder: of the run.
        spec: its YAML.
        events: which get each epoch.
        every: when a checkpoint is due.
        state: what is trained.
        group: the processes that train together.
    """

    def __init__(
        self,
        folder: RunFolder,
        spec: str,
        events: Loggers,
        every: CheckpointInterval,
        state: State,
        group: ProcessGroup = ALONE,
    ) -> None:
        self.folder, self.spec, self.events, self.every, self.state = folder, spec, events, every, state
        self.group = group
        self.best: nn.Module | None = None  # the best model, where it is not written yet
        self.last: dict[str, Any] | None = None  # the checkpoint on the disk, where it has shards
        self.good: dict[str, Any] | None = None  # the state after the last epoch, where the disk has an earlier one
        self.steps = self.epochs = 0  # of the run, when it was last stored
        self.stored = self.cost = 0.0  # when that was, and how long it took

    def start(self) -> None:
        """Store the initial state, where there is no checkpoint yet."""
        if self.group.from_main(not self.folder.checkpoint.exists()):
            self.save()
        elif self.state.new_model is not None:
            with contextlib.suppress(CheckpointError):
                self.last, _ = read_newest(self.folder.checkpoint)
        self._note()

    def due(self) -> bool:
        """Whether the state is to be stored after this step; an epoch's last one is followed by the epoch's end."""
        return self.state.step < len(self.state.losses) and self._due()

    def step(self, state: State) -> None:
        """Store the state, in the middle of an epoch."""
        self.save()

    def epoch(self, state: State, best: bool) -> None:
        """An epoch is over, `best` or not; its row is the last of the history."""
        require_finite(state)
        due = self.group.from_main(self._due(whole=True))
        if best:
            self.best = gathered_model(state)
            if not due and self.best is state.result and self.folder.writes:
                self.best = copy.deepcopy(self.best)
        with write_errors(self.folder):
            self.folder.add_row(state.history[-1])
            self.events.add(state.history[-1])
        if due:
            self.save()
        elif self.group.size == 1 and sum(weight.nbytes for weight in state.model.parameters()) <= MEMORY_BYTES:
            self.good = copy.deepcopy(state_dict(state))

    def save(self) -> None:
        """Write a checkpoint, and before it the best weights, whose epoch it names.

        Raises:
            NotFiniteError: a loss or a weight is not finite; nothing is written.
            SpecError: NS607, the folder cannot be written.
        """
        require_finite(self.state)
        began = time.monotonic()
        with write_errors(self.folder):
            self.save_best()
            content = gather_state(self.state, self.folder.path, self.group)
            if self.folder.writes:
                save_checkpoint(self.folder.checkpoint, content, self.folder.previous)
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
        return seconds >= max(EPOCH_SECONDS if whole else STEP_SECONDS, self.cost / TIME_FRACTION)

    def roll_back(self) -> None:
        """Bring a state that went wrong, and the folder, to the last good state; under FSDP both stay as they are.

        Raises:
            SpecError: NS607, the folder cannot be written.
        """
        if not self.folder.writes or self.state.new_model is not None:
            return
        with write_errors(self.folder):
            if self.good is not None:
                save_checkpoint(self.folder.checkpoint, self.good, self.folder.previous)
            else:
                with contextlib.suppress(CheckpointError):
                    self.good, _ = read_newest(self.folder.checkpoint, self.folder.previous)
            if self.good is not None:
                load_state_dict(self.good, self.state)
            save_weights(self.folder.last, self.state.result, self.spec)
            self.folder.write_rows(self.state.history)

    def save_best(self) -> None:
        """Write the best weights, where they are not written yet.

        Raises:
            SpecError: NS607, the folder cannot be written.
        """
        if self.best is not None and self.folder.writes:
            with write_errors(self.folder):
                save_weights(self.folder.best, self.best, self.spec)
        self.best = None


@contextlib.contextmanager
def write_errors(folder: RunFolder) -> Iterator[None]:
    """Turn an OSError inside, of a full disk or a folder that was taken away, into a finding that says how to go on.

    Args:
        folder: that is written.

    Raises:
        SpecError: NS607.
    """
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        at, notes = option_span("--out", str(folder.path)), [("fix", "make room, or let it be written to")]
        if folder.has_checkpoint():
            notes.append(("then", f"netspec train --resume {folder.path} goes on from its last checkpoint"))
        raise spec_error("NS607", f"{folder.path} cannot be written: {reason}", at, *notes) from error
