"""How well it goes: the loss of an epoch so far, loss and metrics on a split, and which epoch is the best."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from netspec.data.batches import Feed
from netspec.language.sections.metrics import column_name, lower_is_better
from netspec.objective.losses import as_tuple
from netspec.training.job import Job, Row, State
from netspec.training.step import finite_losses


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
    own = job.world.size == 1 and state.result is state.model  # spread over processes, each evaluates on its own
    net = state.net if own else None
    if job.val is not None:
        return {f"val_{name}": value for name, value in evaluate(state.result, job.val, job, net).items()}
    values = evaluate(state.result, job.train, job, net)
    return {f"train_{name}": value for name, value in values.items() if name != "loss"}


@torch.inference_mode()
def evaluate(model: nn.Module, feed: Feed, job: Job, net: Callable[..., Any] | None = None) -> Row:
    """`loss`, the mean over all samples of `feed`, and the metrics; of several losses each too, as `loss_aux`.

    `net` is what is called instead of the model.
    """
    model.eval()
    net = model if net is None else net
    measures, total = job.measures(), None
    for batch in feed.batches(None, max(job.batch_size, 512), job.world):
        with job.precision.autocast():
            outputs = as_tuple(net(*batch.inputs))  # [B, *output] each
            each = job.objective.each(outputs, batch.targets)
        losses = torch.stack([loss.float() for loss in each]) * batch.own  # [parts]
        total = losses if total is None else total + losses
        if measures is not None:
            measures.update(tuple(y[: batch.own] for y in outputs), tuple(y[: batch.own] for y in batch.targets))
    assert total is not None  # a split has a sample
    parts = job.objective.parts
    means = [value / len(feed) for value in job.world.sum(total).tolist()]  # of each part
    row: Row = {"loss": sum(part.weight * mean for part, mean in zip(parts, means, strict=True))}
    if len(parts) > 1:
        row |= {column_name("loss", part.name): mean for part, mean in zip(parts, means, strict=True)}
    if measures is not None:
        measures.join(job.world)
        row |= measures.result()
    return row


def is_better(row: Row, best: Row | None, monitor: str | None = None) -> bool:
    """Whether an epoch beats the best: by `monitor`, else by accuracy where there is one; then by loss.

    Loss and accuracy are validation's, if there is one.
    """
    return best is None or _rank(row, monitor) > _rank(best, monitor)


def _rank(row: Row, monitor: str | None) -> tuple[float, float]:
    first = monitored_value(row, monitor) if monitor is not None else float(row.get("val_accuracy", 0.0))
    return first, -float(row["val_loss"] if "val_loss" in row else row["train_loss"])


def monitored_value(row: Row, monitor: str) -> float:
    """A column of a row as a number of which more is better; what is not a number is worse than all."""
    value = float(row.get(monitor, math.nan))
    return -math.inf if math.isnan(value) else -value if lower_is_better(monitor) else value


def epochs_since_best(history: list[Row], best: Row, monitor: str | None, least: float) -> int:
    """How many epochs ago one was last better than those before it, by more than `least`; `best` is the best of all."""
    if not least:
        return int(history[-1]["epoch"]) - int(best["epoch"])
    column = monitor or next(name for name in ("val_accuracy", "val_loss", "train_loss") if name in best)
    top, since = -math.inf, 0
    for row in history:
        value = monitored_value(row, column)
        top, since = (value, 0) if value > top + least else (top, since + 1)
    return since
