"""What the loop works with: a Job (frozen: what to do) and a State (what changes, and what a checkpoint holds)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from netspec.data.batches import Batch, Feed
from netspec.distributed.process_group import ALONE, ProcessGroup
from netspec.metrics.metric import Measures
from netspec.objective.losses import Objective
from netspec.training.devices import FP32, Precision
from netspec.training.optim import NO_WARMUP, Warmup

Row = dict[str, Any]
End = Literal["finished", "stopped early", "interrupted"]


@dataclass(frozen=True)
class Job:
    """What to do. `val` is None where nothing is held back: then the metrics are those of the training samples.

    Args:
        train, val: the samples.
        objective: what is minimised.
        measures: makes what is measured at evaluations.
        epochs: how often the samples are gone through.
        batch_size: samples of a step, over all processes.
        seed: of the order of the samples.
        most_steps: the run ends after so many steps, in the middle of an epoch too.
        accumulate: a step's samples are computed in so many parts, whose gradients are summed.
        warmup: how the learning rate grows at first.
        mix: mixes the samples of a batch and their classes.
        monitor: the column of the rows that the best epoch is chosen by; None for the usual one.
        early_stopping: the run ends after so many epochs that were not better by more than `min_delta`.
        drop_single: a last batch of one sample is left out, which a batch norm could not take.
        world: the processes that train together.
    """

    train: Feed
    val: Feed | None
    objective: Objective
    measures: Callable[[], Measures | None]
    epochs: int
    batch_size: int
    seed: int
    most_steps: int | None = None
    precision: Precision = FP32
    accumulate: int = 1
    clip_grad_norm: float | None = None
    clip_grad_value: float | None = None
    warmup: Warmup = NO_WARMUP
    mix: Callable[[Batch], Batch] | None = None
    monitor: str | None = None
    early_stopping: int | None = None
    min_delta: float = 0.0
    step_scheduler: Literal["epoch", "batch", "loss"] = "epoch"
    drop_single: bool = False
    world: ProcessGroup = ALONE

    @property
    def steps(self) -> int:
        """Steps of a whole epoch."""
        full, rest = divmod(len(self.train), self.batch_size)
        return full + (1 if rest > (1 if self.drop_single and full else 0) else 0)

    @property
    def total(self) -> int:
        """Steps of the whole run."""
        return min(self.epochs * self.steps, self.most_steps or self.epochs * self.steps)

    def steps_in(self, epoch: int) -> int:
        """Steps of an epoch (counted from 0): fewer in the last one, where `most_steps` ends it."""
        return max(0, min(self.steps, self.total - epoch * self.steps))

    def rate(self, state: State) -> float:
        """The learning rate of the next step; of the first of the groups of parameters."""
        rate: float = state.optimizer.param_groups[0]["lr"]
        return rate * self.warmup.factor(self.done(state))

    def done(self, state: State) -> int:
        """The steps that are done, since the run began."""
        return state.epoch * self.steps + state.step


@dataclass
class State:
    """What training changes. `epoch` epochs and `step` steps of the next one are done; `losses` [steps] are theirs.

    `net` is what is called: the model itself, or the model compiled or spread over processes. `average` is the moving
    average of its weights, where the spec wants one. `frozen` are modules that stay in evaluation mode, and `notes` is
    what a person should know of how it began. `blank` makes the model anew, where its weights are spread (FSDP).
    """

    model: nn.Module
    optimizer: torch.optim.Optimizer
    scheduler: Any | None
    losses: torch.Tensor
    net: Callable[..., Any]
    scaler: torch.amp.GradScaler | None = None
    epoch: int = 0
    step: int = 0
    history: list[Row] = field(default_factory=list)
    best: Row | None = None
    average: AveragedModel | None = None
    frozen: tuple[nn.Module, ...] = ()
    notes: tuple[str, ...] = ()
    blank: Callable[[], nn.Module] | None = None

    @property
    def result(self) -> nn.Module:
        """The model whose weights are judged and kept: their average where there is one."""
        if self.average is None:
            return self.model
        average: nn.Module = self.average.module
        return average

    def train(self) -> None:
        """Bring the model into training mode, but for what is frozen."""
        self.model.train()
        for module in self.frozen:
            module.eval()

    @property
    def place(self) -> str:
        """Where it stands, for people: `after 3 epochs and 40 steps`."""
        parts = [f"{n} {what}{'s' if n > 1 else ''}" for n, what in ((self.epoch, "epoch"), (self.step, "step")) if n]
        return f"after {' and '.join(parts)}" if parts else "before the first step"


class NotFiniteError(Exception):
    """The loss, or a weight, became NaN or infinite; `step` is None where an evaluation found it."""

    def __init__(self, epoch: int, step: int | None, rate: float, what: str = "the loss is") -> None:
        where = f"epoch {epoch + 1}, step {step + 1}" if step is not None else f"the evaluation after epoch {epoch + 1}"
        super().__init__(f"{what} no longer finite: {where}, learning rate {rate:g}")
        self.epoch, self.step, self.rate = epoch, step, rate
