"""How well it goes: the loss of an epoch so far, loss and metrics on a split, and which epoch is the best."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from netspec.runner.job import Feed, Job, NotFiniteError, Row, State
from netspec.runner.objective import as_tuple


def mean_loss(job: Job, state: State) -> float:
    """The loss over the samples of the epoch's steps so far, of all processes, each sample counted alike.

    Raises:
        NotFiniteError: one of the steps had none.
    """
    losses = job.world.sum(state.losses[: state.step].clone()).cpu().double()  # [steps]
    bad = losses.isfinite().logical_not().nonzero()
    if len(bad):
        raise NotFiniteError(state.epoch, int(bad[0, 0]), state.optimizer.param_groups[0]["lr"])
    sizes = torch.full_like(losses, job.batch_size)
    if state.step * job.batch_size > len(job.train):
        sizes[-1] = len(job.train) - (state.step - 1) * job.batch_size
    return float((losses * sizes).sum() / sizes.sum())


def validate(job: Job, state: State) -> Row:
    """Loss and metrics after an epoch: `val_…`, or `train_…` metrics where nothing is held back."""
    net = state.net if job.world.size == 1 else None  # several processes evaluate on their own, without waiting
    if job.val is not None:
        return {f"val_{name}": value for name, value in evaluate(state.model, job.val, job, net).items()}
    values = evaluate(state.model, job.train, job, net)
    return {f"train_{name}": value for name, value in values.items() if name != "loss"}


@torch.inference_mode()
def evaluate(model: nn.Module, feed: Feed, job: Job, net: Callable[..., Any] | None = None) -> dict[str, float]:
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
    return {"loss": mean, **(metric.result() if metric is not None else {})}


def better(row: Row, best: Row | None) -> bool:
    """Whether an epoch beats the best: by accuracy where there is one, then by loss; validation's, if there is one."""
    return best is None or _rank(row) > _rank(best)


def _rank(row: Row) -> tuple[float, float]:
    return float(row.get("val_accuracy", 0.0)), -float(row["val_loss"] if "val_loss" in row else row["train_loss"])
