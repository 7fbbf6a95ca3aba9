"""Trials before a run: one step of everything (`--dry-run`), one batch again and again (`--overfit`). Nothing is kept.

Input: a spec. Output: losses and metrics, or what would stop the run, as a SpecError.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import isfinite

import torch
from torch import nn

from netspec.data.batches import Feed, MemoryFeed
from netspec.language.spec import Spec
from netspec.runtime.diagnostics import spec_error, spec_start
from netspec.training.devices import restored_determinism
from netspec.training.evaluation import mean_loss, validate
from netspec.training.job import Job, NotFiniteError, Row
from netspec.training.optim import NO_WARMUP
from netspec.training.plan import Plan, prepare
from netspec.training.setup import SMALLER_STEPS, first_batch, make_state, step_refused, try_first_step
from netspec.training.step import take_step

LEARNED = 0.01  # of the first loss: what is left of it when a batch has been learned
STEPS = 500


@dataclass(frozen=True)
class DryRun:
    """What one step and one batch of evaluation gave.

    Args:
        row: their losses and metrics.
        device: where it was.
        parameters: of the network, the frozen ones too.
        steps: of an epoch of the run.
        epochs: of the run.
        notes: what a person should know of how it began.
    """

    row: Row
    device: str
    parameters: int
    steps: int
    epochs: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Overfit:
    """What training on one batch gave.

    Args:
        losses: of each step.
        samples: of the batch.
    """

    losses: tuple[float, ...]
    samples: int

    @property
    def learned(self) -> bool:
        """Whether the last loss is at most a hundredth of the first."""
        return self.losses[-1] <= LEARNED * self.losses[0]


def first_samples(feed: Feed, count: int, device: torch.device) -> Feed:
    """The first samples of a feed, `count` or all of them, as they are evaluated."""
    batch = next(feed.batches(None, min(count, len(feed))))
    return MemoryFeed(batch.inputs, batch.targets, device)


def dry_run(spec: Spec, device: str | None = None) -> DryRun:
    """Do all that a run does except for its files: data, weights, one step, one batch of evaluation.

    Args:
        spec: as loaded.
        device: goes before the spec's own.

    Raises:
        SpecError: what would stop the run.
    """
    with restored_determinism():
        plan = prepare(spec, device)
        job, state = make_state(plan)
        steps, epochs = job.steps, job.epochs
        try_first_step(plan, job, state)
        batch = first_batch(job)
        val = None if job.val is None else first_samples(job.val, job.batch_size, plan.device)
        job = replace(job, train=first_samples(job.train, job.batch_size, plan.device), val=val)
        state.train()
        with step_errors(plan, job):
            state.losses[0] = take_step(job, state, batch)
            state.step = 1
            row: Row = {"train_loss": mean_loss(job, state), **validate(job, state)}
    return DryRun(row, str(plan.device), sum(p.numel() for p in state.model.parameters()), steps, epochs, state.notes)


def overfit(spec: Spec, device: str | None = None, steps: int = STEPS) -> Overfit:
    """Train on one batch alone: a network that cannot learn a batch by heart has a fault, or learns too slowly.

    The samples are not augmented or mixed, dropout is off and the learning rate stays as the optimizer has it, so that
    the loss can go to 0. Training ends early when it is a hundredth of the first.

    Args:
        spec: as loaded.
        device: goes before the spec's own.
        steps: the most that are taken.

    Raises:
        SpecError: what would stop a run.
    """
    with restored_determinism():
        plan = prepare(spec, device)
        plan = replace(plan, pipeline=replace(plan.pipeline, augment=()))
        job, state = make_state(plan)
        try_first_step(plan, job, state)
        job = replace(job, mix=None, warmup=NO_WARMUP)
        dropouts = [module for module in state.model.modules() if isinstance(module, nn.modules.dropout._DropoutNd)]
        state = replace(state, frozen=(*state.frozen, *dropouts), average=None)
        state.train()
        batch = first_batch(job)
        losses: list[float] = []
        with step_errors(plan, job):
            for step in range(steps):
                losses.append(take_step(job, state, batch).item())
                if not isfinite(losses[-1]):
                    raise NotFiniteError(0, step, job.lr(state))
                if losses[-1] <= LEARNED * losses[0]:
                    break
    return Overfit(tuple(losses), len(batch.inputs[0]))


@contextmanager
def step_errors(plan: Plan, job: Job) -> Iterator[None]:
    """Turn what torch raises in steps inside into a SpecError."""
    try:
        yield
    except NotFiniteError as error:
        at = plan.settings.nodes.get("optimizer", spec_start(plan.spec.path))
        raise spec_error("NS609", str(error), at, SMALLER_STEPS) from error
    except (RuntimeError, ValueError, IndexError) as error:
        raise step_refused(error, plan, job, []) from error
