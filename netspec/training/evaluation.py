"""The loss of an epoch so far, loss and metrics on a split, and which epoch is the best.

Input: a Job and a State, or a model and samples. Output: numbers by name, as a Row has them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from netspec.data.batches import Feed
from netspec.language.sections.metrics import column_name, lower_is_better
from netspec.objective.losses import Objective, as_tuple
from netspec.training.job import Job, Row, State
from netspec.training.step import finite_losses


def mean_loss(job: Job, state: State) -> float:
    """The mean loss over the samples of the epoch's steps so far, of all processes.

    Raises:
        NotFiniteError: the loss of a step is not finite.
    """
    losses = finite_losses(state, job.lr(state), job.group).double()  # [steps]
    sizes = torch.full_like(losses, job.batch_size)
    if state.step * job.batch_size > len(job.train):
        sizes[-1] = len(job.train) - (state.step - 1) * job.batch_size
    return float((losses * sizes).sum() / sizes.sum())


def validate(job: Job, state: State) -> Row:
    """Loss and metrics after an epoch: `val_…`, or `train_…` metrics where there is no validation split."""
    net = state.net if job.group.size == 1 and state.result is state.model else None  # else without DDP's wrapper
    if job.val is not None:
        return {f"val_{name}": value for name, value in evaluate(state.result, job.val, job, net).items()}
    values = evaluate(state.result, job.train, job, net)
    return {f"train_{name}": value for name, value in values.items() if name != "loss"}


@torch.inference_mode()
def evaluate(model: nn.Module, feed: Feed, job: Job, net: Callable[..., Any] | None = None) -> Row:
    """Evaluate a model on the samples of a feed, of all processes together.

    Args:
        model: is brought into evaluation mode.
        feed: the samples.
        job: what is computed of them.
        net: what is called instead of the model: its compiled form.

    Returns:
        `loss`, the mean over all samples, each of several losses, as `loss_aux`, and the metrics.
    """
    model.eval()
    net = model if net is None else net
    measures, total = job.measures(), None
    kept = job.objective.evaluated
    objective = Objective(tuple(job.objective.parts[index] for index in kept))
    for batch in feed.batches(None, max(job.batch_size, 512), job.group):
        with job.precision.autocast():
            outputs = as_tuple(net(*batch.inputs))  # [B, *output] each
            each = objective.each(outputs, tuple(batch.targets[index] for index in kept))
        losses = torch.stack([loss.float() for loss in each]) * batch.own  # [parts]
        total = losses if total is None else total + losses
        if measures is not None:
            measures.update(tuple(y[: batch.own] for y in outputs), tuple(y[: batch.own] for y in batch.targets))
    assert total is not None  # a split has a sample
    parts = objective.parts
    means = [value / len(feed) for value in job.group.sum(total).tolist()]  # of each part
    row: Row = {"loss": sum(part.weight * mean for part, mean in zip(parts, means, strict=True))}
    if len(parts) > 1:
        row |= {column_name("loss", part.name): mean for part, mean in zip(parts, means, strict=True)}
    if measures is not None:
        measures.join(job.group)
        row |= measures.result()
    return row


def is_better(row: Row, best: Row | None, monitor: str | None = None) -> bool:
    """Whether an epoch is better than the best: by `monitor`, else by val_accuracy; where that is equal, by the loss.

    Args:
        row: the epoch's.
        best: the best epoch's so far; None at first.
        monitor: a column.
    """

    def rank(row: Row) -> tuple[float, float]:
        first = monitored_value(row, monitor) if monitor is not None else float(row.get("val_accuracy", 0.0))
        return first, -float(row["val_loss"] if "val_loss" in row else row["train_loss"])

    return best is None or rank(row) > rank(best)


def monitored_value(row: Row, monitor: str) -> float:
    """A column of a row as a number of which more is better; NaN is worse than all."""
    value = float(row.get(monitor, math.nan))
    return -math.inf if math.isnan(value) else -value if lower_is_better(monitor) else value


def epochs_since_best(history: list[Row], best: Row, monitor: str | None, least: float) -> int:
    """How many epochs ago one was last better than those before it by more than `least`; `best` is the best row."""
    if not least:
        return int(history[-1]["epoch"]) - int(best["epoch"])
    column = monitor or next(name for name in ("val_accuracy", "val_loss", "train_loss") if name in best)
    highest, since = -math.inf, 0
    for row in history:
        value = monitored_value(row, column)
        highest, since = (value, 0) if value > highest + least else (highest, since + 1)
    return since
