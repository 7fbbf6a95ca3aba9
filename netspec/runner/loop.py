"""The training loop: epochs, steps, evaluation. It reads from top to bottom and does nothing else.

In: a Job (frozen: what to do) and a State (what changes, and what a checkpoint holds). The host waits for the device
once an epoch, and about once a second to look at the loss.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import torch
from torch import nn

from netspec.runner.batches import Feed, epoch_order
from netspec.runner.metrics import Metric

Row = dict[str, Any]
End = Literal["finished", "stopped early", "interrupted"]


class Watcher(Protocol):
    """What the loop tells while it runs."""

    def due(self) -> bool:
        """Whether it is time to look at the loss."""

    def step(self, epoch: int, step: int, steps: int, loss: float) -> None:
        """`step` of `steps` steps of an epoch are done; the mean loss so far."""

    def epoch(self, row: Row, best: bool) -> None:
        """An epoch is over."""


@dataclass(frozen=True)
class Job:
    """What to do. `val` is None where nothing is held back: then the metrics are those of the training samples."""

    train: Feed
    val: Feed | None
    loss: nn.Module
    metric: Callable[[], Metric | None]
    epochs: int
    batch_size: int
    seed: int
    clip_grad_norm: float | None = None
    early_stopping: int | None = None
    step_scheduler: Literal["epoch", "batch", "loss"] = "epoch"
    drop_single: bool = False

    @property
    def steps(self) -> int:
        """Steps of one epoch; a last batch of one sample is left out where a batch norm could not take it."""
        full, rest = divmod(len(self.train), self.batch_size)
        return full + (1 if rest > (1 if self.drop_single and full else 0) else 0)


@dataclass
class State:
    """What training changes. `epoch` epochs and `step` steps of the next one are done; `losses` [steps] are theirs."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    scheduler: Any | None
    losses: torch.Tensor
    epoch: int = 0
    step: int = 0
    history: list[Row] = field(default_factory=list)
    best: Row | None = None


class NotFiniteError(Exception):
    """The loss became NaN or infinite."""

    def __init__(self, epoch: int, step: int | None, rate: float) -> None:
        where = f"epoch {epoch + 1}, step {step + 1}" if step is not None else f"the evaluation after epoch {epoch + 1}"
        super().__init__(f"the loss is no longer a finite number: {where}, learning rate {rate:g}")


def fit(job: Job, state: State, watcher: Watcher, stop: Callable[[], bool], save: Callable[[bool], None]) -> End:
    """Train until `job.epochs` epochs are done.

    Args:
        job: what to do.
        state: where to start from; it is changed.
        watcher: is told how it goes.
        stop: asked after each step; true ends the loop there, with the state as it is.
        save: called after each epoch with whether it was the best; has to store the state.

    Raises:
        NotFiniteError: the loss is NaN or infinite; what was saved last is still good.
    """
    while state.epoch < job.epochs:
        start = time.perf_counter()
        if not train_epoch(job, state, watcher, stop):
            return "interrupted"
        rate = state.optimizer.param_groups[0]["lr"]
        row: Row = {"epoch": state.epoch + 1, "train_loss": mean_loss(job, state)}
        row |= validate(job, state)
        row |= {"lr": rate, "seconds": round(time.perf_counter() - start, 3)}
        row["samples_per_second"] = round(len(job.train) / max(row["seconds"], 1e-3), 1)
        if not math.isfinite(row.get("val_loss", 0.0)):
            raise NotFiniteError(state.epoch, None, rate)
        if state.scheduler is not None and job.step_scheduler != "batch":
            watched = (row.get("val_loss", row["train_loss"]),) if job.step_scheduler == "loss" else ()
            state.scheduler.step(*watched)
        best = better(row, state.best)
        state.best = row if best else state.best
        state.history.append(row)
        state.epoch, state.step = state.epoch + 1, 0
        save(best)
        watcher.epoch(row, best)
        if job.early_stopping and state.best and state.epoch - state.best["epoch"] >= job.early_stopping:
            return "stopped early"
    return "finished"


def train_epoch(job: Job, state: State, watcher: Watcher, stop: Callable[[], bool]) -> bool:
    """The steps of one epoch that are still to do; False when `stop` ended them."""
    model, losses = state.model.train(), state.losses
    optimizer: Any = state.optimizer  # torch types the closure of `step` as giving a float; it gives a tensor
    parameters = [p for p in model.parameters() if p.requires_grad]
    order = epoch_order(job.seed, state.epoch, len(job.train)).to(job.train.inputs.device)  # [N]
    per_batch = state.scheduler if job.step_scheduler == "batch" else None
    needs_closure = isinstance(optimizer, torch.optim.LBFGS)
    steps, size = job.steps, job.batch_size

    while state.step < steps:
        x, y = job.train.take(order[state.step * size : (state.step + 1) * size])  # [B, *input], [B] or [B, *output]

        def gradients(x: torch.Tensor = x, y: torch.Tensor = y) -> torch.Tensor:
            optimizer.zero_grad(set_to_none=True)
            loss: torch.Tensor = job.loss(model(x), y)  # the mean over [B]
            loss.backward()  # type: ignore[no-untyped-call]  # torch has no types for it
            if job.clip_grad_norm is not None:
                nn.utils.clip_grad_norm_(parameters, job.clip_grad_norm)
            return loss

        if needs_closure:
            loss = optimizer.step(gradients)
        else:
            loss = gradients()
            optimizer.step()
        losses[state.step] = loss.detach()
        if per_batch is not None:
            per_batch.step()
        state.step += 1
        if watcher.due():
            mean = mean_loss(job, state)
            watcher.step(state.epoch, state.step, steps, mean)
        if stop():
            return False
    mean_loss(job, state)
    return True


def mean_loss(job: Job, state: State) -> float:
    """The loss over the samples of the epoch's steps so far, each sample counted alike.

    Raises:
        NotFiniteError: one of the steps had none.
    """
    losses = state.losses[: state.step].cpu().double()  # [steps]
    bad = losses.isfinite().logical_not().nonzero()
    if len(bad):
        raise NotFiniteError(state.epoch, int(bad[0, 0]), state.optimizer.param_groups[0]["lr"])
    sizes = torch.full_like(losses, job.batch_size)
    if state.step * job.batch_size > len(job.train):
        sizes[-1] = len(job.train) - (state.step - 1) * job.batch_size
    return float((losses * sizes).sum() / sizes.sum())


def validate(job: Job, state: State) -> Row:
    """Loss and metrics after an epoch: `val_…`, or `train_…` metrics where nothing is held back."""
    if job.val is not None:
        return {f"val_{name}": value for name, value in evaluate(state.model, job.val, job).items()}
    values = evaluate(state.model, job.train, job)
    return {f"train_{name}": value for name, value in values.items() if name != "loss"}


@torch.inference_mode()
def evaluate(model: nn.Module, feed: Feed, job: Job) -> dict[str, float]:
    """`loss`, the mean over all samples of `feed`, and the metrics."""
    model.eval()
    metric, size = job.metric(), max(job.batch_size, 512)
    total = torch.zeros((), device=feed.device)
    for start in range(0, len(feed), size):
        x, y = feed.take(slice(start, start + size))  # [B, *input], [B] or [B, *output]
        output = model(x)  # [B, *output]
        total += job.loss(output, y) * len(y)
        if metric is not None:
            metric.update(output, y)
    return {"loss": total.item() / len(feed), **(metric.result() if metric is not None else {})}


def better(row: Row, best: Row | None) -> bool:
    """Whether an epoch beats the best: by accuracy where there is one, then by loss; validation's, if there is one."""
    return best is None or _rank(row) > _rank(best)


def _rank(row: Row) -> tuple[float, float]:
    return float(row.get("val_accuracy", 0.0)), -float(row["val_loss"] if "val_loss" in row else row["train_loss"])
