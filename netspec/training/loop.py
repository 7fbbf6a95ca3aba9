"""The training loop: epochs, steps, evaluation.

Input: a Job (what to do) and a State (where to start from). Output: the State, changed, and how training ended.
The host waits for the device once an epoch, and about once a second to look at the loss.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Protocol

from netspec.training.evaluation import epochs_since_best, is_better, mean_loss, validate
from netspec.training.interrupts import SynchronizedFlags
from netspec.training.job import End, Job, NotFiniteError, Row, State
from netspec.training.step import take_step


class Watcher(Protocol):
    """Who shows the progress of the loop."""

    def due(self) -> bool:
        """Whether it is time to look at the loss."""

    def step(self, epoch: int, step: int, steps: int, loss: float, rate: float) -> None:
        """`step` of `steps` steps of an epoch are done; the mean loss so far, the learning rate now."""

    def epoch(self, row: Row, best: bool) -> None:
        """An epoch is over."""


class Store(Protocol):
    """Who stores the state, so that nothing is lost."""

    def due(self) -> bool:
        """Whether the state is to be stored after this step; asked after each step."""

    def step(self, state: State) -> None:
        """Store the state, in the middle of an epoch."""

    def epoch(self, state: State, best: bool) -> None:
        """An epoch is over, `best` or not; its row is the last of the history."""


def fit(job: Job, state: State, watcher: Watcher, stop: Callable[[], bool], store: Store) -> End:
    """Train until `job.epochs` epochs, or `job.max_steps` steps, are done.

    Args:
        job: what to do.
        state: where to start from; it is changed.
        watcher: shows the progress.
        stop: asked after a step; true ends the loop there, with the state as it is.
        store: stores the state.

    Returns:
        `finished`, `stopped early` or `interrupted`.

    Raises:
        NotFiniteError: the loss is NaN or infinite; what was stored last is still good.
    """
    while not finished(job, state):
        start, first = time.perf_counter(), state.step
        if not train_epoch(job, state, watcher, stop, store):
            return "interrupted"
        seen = min(len(job.train), state.step * job.batch_size) - first * job.batch_size
        spent = time.perf_counter() - start
        lr, whole = job.lr(state), state.step == job.steps  # `max_steps` may end the last epoch before its end
        row: Row = {"epoch": state.epoch + 1, "train_loss": mean_loss(job, state), **validate(job, state)}
        row |= {"lr": lr, "seconds": round(time.perf_counter() - start, 3)}
        row["samples_per_second"] = round(seen / max(spent, 1e-3), 1)
        if not math.isfinite(row.get("val_loss", 0.0)):
            raise NotFiniteError(state.epoch, None, lr)
        if state.scheduler is not None and job.step_scheduler != "batch" and whole:
            watched = (row.get("val_loss", row["train_loss"]),) if job.step_scheduler == "loss" else ()
            state.scheduler.step(*watched)
        best = is_better(row, state.best, job.monitor)
        state.best = row if best or state.best is None else state.best
        state.history.append(row)
        if whole:
            state.epoch, state.step = state.epoch + 1, 0
        store.epoch(state, best)
        watcher.epoch(row, best)
        if job.judge is not None and job.judge(row):
            return "stopped early"
        if (
            job.early_stopping
            and epochs_since_best(state.history, state.best, job.monitor, job.min_delta) >= job.early_stopping
        ):
            return "stopped early"
    return "finished"


def finished(job: Job, state: State) -> bool:
    """Whether all steps are done, and the last of them evaluated."""
    steps = job.steps_in(state.epoch)
    evaluated = bool(state.history) and state.history[-1]["epoch"] > state.epoch
    return not steps or (state.step >= steps and evaluated)


def reopen_epoch(job: Job, state: State) -> None:
    """Drop the row of an epoch that an earlier end of the run cut off, where more of its steps are to be taken."""
    if state.step < job.steps_in(state.epoch):
        state.history = [row for row in state.history if row["epoch"] <= state.epoch]


def train_epoch(job: Job, state: State, watcher: Watcher, stop: Callable[[], bool], store: Store) -> bool:
    """The steps of one epoch that are still to do; False when `stop` ended them."""
    state.train()
    steps, size = job.steps_in(state.epoch), job.batch_size
    order = job.order(state.epoch)[state.step * size : steps * size]  # [samples to come]
    flags = SynchronizedFlags(job.group, state.losses.device, watcher.due, store.due, stop)
    for batch in job.train.batches(order, size, job.group, epoch=state.epoch, step=state.step):
        state.losses[state.step] = take_step(job, state, batch)
        if state.scheduler is not None and job.step_scheduler == "batch":
            state.scheduler.step()
        state.step += 1
        show, save, end = flags()
        if show:
            watcher.step(state.epoch, state.step, steps, mean_loss(job, state), state.lr)
        if save:
            store.step(state)
        if end:
            return False
    mean_loss(job, state)
    return True
