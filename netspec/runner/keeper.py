"""What is kept of a run while it trains: checkpoints, the best weights, and the last good state in memory."""

from __future__ import annotations

import contextlib
import copy
import time
from typing import Any

from torch import nn

from netspec.runner.checkpoint import CheckpointError, load_checkpoint, restore, save_checkpoint, save_weights, snapshot
from netspec.runner.events import Events
from netspec.runner.job import State
from netspec.runner.rundir import RunFolder

EVERY = 1.0  # seconds between checkpoints
LARGE = 2**28  # bytes of weights; beyond, each epoch goes to the disk rather than into memory


class Keeper:
    """Stores the state after each epoch; after epochs of a moment, about once a second, and in memory between.

    What a kill loses can be trained again with the same result; waiting for the disk would take longer than that.
    """

    def __init__(self, folder: RunFolder, text: str, events: Events) -> None:
        self.folder, self.text, self.events = folder, text, events
        self.next = 0.0
        self.best: nn.Module | None = None
        self.good: dict[str, Any] | None = None  # the last whole epoch, where the disk has an earlier one

    def due(self) -> bool:
        """Whether the state is to be stored after this step."""
        return False

    def step(self, state: State) -> None:
        """Store the state, in the middle of an epoch."""

    def epoch(self, state: State, best: bool) -> None:
        """An epoch is over, and whether it was the best; its row is the last of the history."""
        self.folder.add_row(state.history[-1])
        self.events.add(state.history[-1])
        due = time.monotonic() >= self.next or _bytes(state.model) > LARGE
        if best:
            self.best = state.result if due else copy.deepcopy(state.result)
        if not due:
            self.good = copy.deepcopy(snapshot(state))
            return
        self.finish()
        save_checkpoint(self.folder.checkpoint, state)
        self.good = None
        self.next = time.monotonic() + EVERY

    def back(self, state: State) -> None:
        """Bring a state that went wrong to the end of the last whole epoch, and store that."""
        if self.good is not None:
            restore(self.good, state)
            save_checkpoint(self.folder.checkpoint, state)
        else:
            with contextlib.suppress(CheckpointError):
                load_checkpoint(self.folder.checkpoint, state)
        save_weights(self.folder.last, state.result, self.text)
        self.folder.write_rows(state.history)

    def finish(self) -> None:
        """Store the best weights, if they are not yet."""
        if self.best is not None:
            save_weights(self.folder.best, self.best, self.text)
            self.best = None


def _bytes(model: nn.Module) -> int:
    return sum(parameter.nbytes for parameter in model.parameters())
