"""Before a run, and nothing is kept: one step of everything (`--dry-run`), one batch again and again (`--overfit`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from math import isfinite

import torch
from torch import nn

from netspec.data.batches import Batch, Feed, epoch_order
from netspec.distributed.process_group import ALONE, ProcessGroup
from netspec.language.spec import Spec
from netspec.runtime.diagnostics import spec_error, spec_start
from netspec.training.devices import own_determinism
from netspec.training.evaluation import mean_loss, validate
from netspec.training.job import Job, NotFiniteError, Row
from netspec.training.optim import NO_WARMUP
from netspec.training.plan import Plan, prepare
from netspec.training.setup import make_state, step_refused, try_first_step
from netspec.training.step import take_step

LEARNED = 0.01  # of the first loss: what is left of it when a batch has been learned
STEPS = 500
DROPOUTS = (nn.modules.dropout._DropoutNd,)


@dataclass(frozen=True)
class DryRun:
    """What one step and one batch of evaluation gave: `row` has their losses and metrics; the notes of how it began."""

    row: Row
    device: str
    parameters: int
    steps: int
    epochs: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Overfit:
    """Losses [steps] of the same batch of `samples` samples; whether they went to nearly nothing."""

    losses: tuple[float, ...]
    samples: int

    @property
    def learned(self) -> bool:
        """Whether the last loss is at most a hundredth of the first."""
        return self.losses[-1] <= LEARNED * self.losses[0]


@dataclass(frozen=True)
class FirstBatch:
    """The first `count` samples of a feed."""

    feed: Feed
    count: int

    def __len__(self) -> int:
        return self.count

    def batches(
        self, order: torch.Tensor | None, size: int, world: ProcessGroup = ALONE, *, epoch: int = 0, step: int = 0
    ) -> Iterator[Batch]:
        """Batches of them; see Feed. Without an order it is one batch."""
        if order is None:
            return islice(self.feed.batches(None, self.count, world), 1)
        return self.feed.batches(order, size, world, epoch=epoch, step=step)


def first_batch(job: Job) -> Batch:
    """The batch that a run takes its first step with."""
    order = epoch_order(job.seed, 0, len(job.train))[: job.batch_size]
    return next(job.train.batches(order, job.batch_size, job.world))


def dry_run(spec: Spec, device: str | None = None) -> DryRun:
    """Everything that a run does, but for its files: data, weights, one step, one batch of evaluation.

    Raises:
        SpecError: what would stop the run.
    """
    with own_determinism():
        plan = prepare(spec, device)
        job, state = make_state(plan)
        steps, epochs = job.steps, job.epochs
        try_first_step(plan, job, state)
        batch = first_batch(job)
        val = None if job.val is None else FirstBatch(job.val, min(len(job.val), job.batch_size))
        job = replace(job, train=FirstBatch(job.train, min(len(job.train), job.batch_size)), val=val)
        state.train()
        with step_errors(plan, job):
            state.losses[0] = take_step(job, state, batch)
            state.step = 1
            row: Row = {"train_loss": mean_loss(job, state), **validate(job, state)}
    return DryRun(row, str(plan.device), sum(p.numel() for p in state.model.parameters()), steps, epochs, state.notes)


def overfit(spec: Spec, device: str | None = None, steps: int = STEPS) -> Overfit:
    """Train on one batch alone: a network that cannot learn a batch by heart has a fault, or learns too slowly.

    The samples are not augmented or mixed, dropout is off and the rate stays as the optimizer has it, so that the loss
    can go to nothing. It ends early when it has.

    Args:
        spec: as loaded.
        device: goes before the spec's own.
        steps: the most that are taken.

    Raises:
        SpecError: what would stop a run.
    """
    with own_determinism():
        plan = prepare(spec, device)
        plan = replace(plan, pipeline=replace(plan.pipeline, augment=()))
        job, state = make_state(plan)
        try_first_step(plan, job, state)
        job = replace(job, mix=None, warmup=NO_WARMUP)
        drops = [module for module in state.model.modules() if isinstance(module, DROPOUTS)]
        state = replace(state, frozen=(*state.frozen, *drops), average=None)
        state.train()
        batch = first_batch(job)
        losses: list[float] = []
        with step_errors(plan, job):
            while len(losses) < steps and not (losses and Overfit(tuple(losses), 0).learned):
                losses.append(take_step(job, state, batch).item())
                if not isfinite(losses[-1]):
                    raise NotFiniteError(0, len(losses) - 1, job.rate(state))
    return Overfit(tuple(losses), len(batch.inputs[0]))


@contextmanager
def step_errors(plan: Plan, job: Job) -> Iterator[None]:
    """What stops steps inside becomes a finding."""
    try:
        yield
    except NotFiniteError as error:
        at = plan.settings.nodes.get("optimizer", spec_start(plan.spec.path))
        raise spec_error(
            "NS609", str(error), at, ("fix", "a smaller lr, or clip_grad_norm: 1.0 under train")
        ) from error
    except (RuntimeError, ValueError, IndexError) as error:
        raise step_refused(error, plan, job, []) from error
