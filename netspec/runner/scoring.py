"""How well it goes: the loss of an epoch so far, loss and metrics on a split, and which epoch is the best."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from netspec.runner.finite import finite_losses
from netspec.runner.job import Feed, Job, Row, State
from netspec.runner.objective import as_tuple
from netspec.stages.measures import lower_is_better


def mean_loss(job: Job, state: State) -> float:
    """The loss over the samples of the epoch's steps so far, of all processes, each sample counted alike.

    Raises:
        NotFiniteError: one of the steps had none.
    """
    losses = finite_losses(state, job.rate(state), job.world).double()  # [steps]
    sizes = torch.full_like(losses, job.batch_size)
    if state.step * job.batch_size > len(job.train):
        sizes[-1] = len(job.train) - (state.step - 1) * job.batch_size
    return float((losses * sizes).sum() / sizes.sum())


def validate(job: Job, state: State) -> Row:
    """Loss and metrics after an epoch: `val_…`, or `train_…` metrics where nothing is held back."""
    if job.val is not None:
        return {f"val_{name}": value for name, value in evaluate(state.result, job.val, job).items()}
    values = evaluate(state.result, job.train, job)
    return {f"train_{name}": value for name, value in values.items() if name != "loss"}


@torch.inference_mode()
def evaluate(model: nn.Module, feed: Feed, job: Job, net: Callable[..., Any] | None = None) -> Row:
    """`loss`, the mean over all samples of `feed`, and the metrics; `net` is what is called instead of the model."""
    model.eval()
    net = model if net is None else net
    metric, total = job.metric(), None
    for batch in feed.batches(None, max(job.batch_size, 512), job.world):
        with job.precision.autocast():
            output = net(*batch.inputs)  # [B, *output], or several
            loss = job.objective(output, batch.targets) * batch.own
        total = loss if total is None else total + loss
        if metric is not None:
            metric.update(as_tuple(output)[0][: batch.own], batch.targets[0][: batch.own])
    assert total is not None  # a split has a sample
    mean = job.world.sum(total.float()).item() / len(feed)
    if metric is None:
        return {"loss": mean}
    metric.join(job.world)
    return {"loss": mean, **metric.result()}


def better(row: Row, best: Row | None, monitor: str | None = None) -> bool:
    """Whether an epoch beats the best: by `monitor`, else by accuracy where there is one; then by loss.

    Loss and accuracy are validation's, if there is one.
    """
    return best is None or _rank(row, monitor) > _rank(best, monitor)


def _rank(row: Row, monitor: str | None) -> tuple[float, float]:
    first = watched(row, monitor) if monitor is not None else float(row.get("val_accuracy", 0.0))
    return first, -float(row["val_loss"] if "val_loss" in row else row["train_loss"])


def watched(row: Row, monitor: str) -> float:
    """A column of a row as a number of which more is better; what is not a number is worse than all."""
    value = float(row.get(monitor, math.nan))
    return -math.inf if math.isnan(value) else -value if lower_is_better(monitor) else value


def waited(history: list[Row], best: Row, monitor: str | None, least: float) -> int:
    """How many epochs ago one was last better than those before it, by more than `least`; `best` is the best of all."""
    if not least:
        return int(history[-1]["epoch"]) - int(best["epoch"])
    column = monitor or next(name for name in ("val_accuracy", "val_loss", "train_loss") if name in best)
    top, since = -math.inf, 0
    for row in history:
        value = watched(row, column)
        top, since = (value, 0) if value > top + least else (top, since + 1)
    return since
