"""One step of the optimizer: forward, loss, gradients, clipping, update; and whether losses and weights are finite.

Input: a Job, a State and a batch on the device. Output: the State's weights changed, and the loss.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from netspec.data.batches import Batch
from netspec.distributed.process_group import ALONE, ProcessGroup
from netspec.training.job import Job, NotFiniteError, State


def take_step(job: Job, state: State, batch: Batch) -> torch.Tensor:
    """Take a step of the optimizer.

    Args:
        job: how.
        state: whose weights change.
        batch: of this process, inputs [B, *input].

    Returns:
        The loss [], of several processes this one's part of the mean over all samples.
    """
    batch = batch if job.mix is None else job.mix(batch)
    with job.warmup.scaled(state.optimizer, job.done(state)):
        loss = _update(job, state, batch)
    if state.average is not None:
        state.average.update_parameters(state.model)
    return loss


def _update(job: Job, state: State, batch: Batch) -> torch.Tensor:
    """Compute the gradients of a batch and update the weights; gives the loss []."""
    optimizer: Any = state.optimizer  # torch types the closure of `step` as giving a float; it gives a tensor

    def gradients() -> torch.Tensor:
        for group in optimizer.param_groups:  # as optimizer.zero_grad() does, which takes a moment to be profiled
            for parameter in group["params"]:
                parameter.grad = None
        return add_gradients(job, state, batch)

    if isinstance(optimizer, torch.optim.LBFGS):
        return torch.as_tensor(optimizer.step(gradients)).detach()  # type: ignore[no-untyped-call]  # torch has no types
    loss = gradients()
    if state.scaler is None:
        optimizer.step()
    else:
        state.scaler.step(optimizer)
        state.scaler.update()
    return loss


def add_gradients(job: Job, state: State, batch: Batch) -> torch.Tensor:
    """Add the gradients of a batch to those of the parameters, and clip them; gives the loss [], as `take_step`."""
    total: torch.Tensor | None = None
    for part, weight in parts(batch, job.accumulate):
        with job.precision.autocast():
            loss = job.objective(state.net(*part.inputs), part.targets)  # [], the mean over the part's samples
        loss = loss if weight == 1.0 else loss * weight
        scaled = loss if state.scaler is None else state.scaler.scale(loss)
        scaled = scaled if job.group.size == 1 else scaled * job.group.size  # whose gradients are averaged
        scaled.backward()  # type: ignore[no-untyped-call]  # torch has no types for it
        total = loss.detach() if total is None else total + loss.detach()
    assert total is not None  # a batch has a part
    clip(job, state)
    return total


def parts(batch: Batch, count: int) -> Iterator[tuple[Batch, float]]:
    """A batch in `count` parts or fewer, each with the fraction of the step's samples that it holds."""
    if count == 1 or batch.own < 2:
        yield batch, batch.own / batch.whole
        return
    size = -(-batch.own // count)
    for start in range(0, batch.own, size):
        piece = slice(start, start + size)
        inputs, targets = tuple(x[piece] for x in batch.inputs), tuple(y[piece] for y in batch.targets)
        own = len(inputs[0])
        yield Batch(inputs, targets, own, batch.whole), own / batch.whole


def clip(job: Job, state: State) -> None:
    """Clip the gradients to the bounds that the spec sets."""
    if job.clip_grad_norm is None and job.clip_grad_value is None:
        return
    if state.scaler is not None:
        state.scaler.unscale_(state.optimizer)
    parameters = [parameter for parameter in state.model.parameters() if parameter.grad is not None]
    if job.clip_grad_norm is not None:
        nn.utils.clip_grad_norm_(parameters, job.clip_grad_norm)
    if job.clip_grad_value is not None:
        nn.utils.clip_grad_value_(parameters, job.clip_grad_value)


def finite_losses(state: State, lr: float, group: ProcessGroup = ALONE) -> torch.Tensor:
    """The losses of the epoch's steps so far, [steps], on the CPU.

    Args:
        state: whose losses are wanted.
        lr: the learning rate, for the message.
        group: the processes whose losses are added up.

    Raises:
        NotFiniteError: one of them is not finite; it names the first.
    """
    losses = group.sum(state.losses[: state.step].clone()).cpu()
    bad = losses.isfinite().logical_not().nonzero()
    if len(bad):
        raise NotFiniteError(state.epoch, int(bad[0, 0]), lr)
    return losses


def require_finite(state: State) -> None:
    """Refuse losses or trained weights that are not finite: the last step may have made such weights of a good loss.

    Of several processes each looks at its own; what was bad in one is soon bad in the weights of all.

    Raises:
        NotFiniteError: one is not.
    """
    finite_losses(state, state.lr)
    trained = (weight.detach() for weight in state.model.parameters() if weight.requires_grad)
    weights = [weight.to_local() if hasattr(weight, "to_local") else weight for weight in trained]  # of FSDP: its shard
    if weights and not torch.stack([weight.isfinite().all() for weight in weights]).all():
        epoch, step = (state.epoch, state.step) if state.step else (state.epoch - 1, len(state.losses))
        raise NotFiniteError(epoch, step - 1, state.lr, "the weights are")
