"""What the training loop works with: a Job (what to do) and a State (what changes, and what a checkpoint holds)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from netspec.data.batches import BalancedOrder, Batch, Feed, epoch_order
from netspec.data.streaming import BufferedOrder
from netspec.data.text.feed import TokenFeed
from netspec.distributed.process_group import ALONE, ProcessGroup
from netspec.metrics.measures import Measures
from netspec.objective.losses import Objective
from netspec.objective.pairs import PairedOrder
from netspec.training.devices import FP32, Precision
from netspec.training.optim import NO_WARMUP, Warmup

Row = dict[str, Any]  # an epoch's figures by name: epoch, train_loss, val_loss, metrics, lr, seconds
End = Literal["finished", "stopped early", "interrupted"]


@dataclass(frozen=True)
class Job:
    """What to do.

    Args:
        train: the training samples.
        val: the validation split; None: metrics are those of the training samples.
        objective: what is minimised.
        measures: makes the metrics of an evaluation.
        epochs: how often the samples are gone through.
        batch_size: samples of a step, over all processes.
        seed: of the order of the samples.
        max_steps: the run ends after so many steps, in the middle of an epoch too.
        precision: in which forward and loss are computed.
        accumulate: a step's samples are computed in so many parts, whose gradients are summed.
        clip_grad_norm, clip_grad_value: bounds of the gradients; None: they are not clipped.
        warmup: how the learning rate grows at first.
        mix: mixes the samples of a batch and their classes.
        monitor: the column of the rows that the best epoch is chosen by; None for the usual one.
        early_stopping: the run ends after so many epochs that were not better by more than `min_delta`.
        min_delta: see `early_stopping`.
        step_scheduler: the scheduler steps after each epoch, after each batch, or after each epoch with its loss.
        drop_single: a last batch of one sample is left out, which a batch norm could not take.
        group: the processes that train together.
        judge: is called with the row of each epoch; true ends the run.
        balance: draws or orders the samples of an epoch by their classes; None: each comes once, in any order.
    """

    train: Feed
    val: Feed | None
    objective: Objective
    measures: Callable[[], Measures | None]
    epochs: int
    batch_size: int
    seed: int
    max_steps: int | None = None
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
    group: ProcessGroup = ALONE
    judge: Callable[[Row], bool] | None = None
    balance: BalancedOrder | BufferedOrder | PairedOrder | None = None

    def order(self, epoch: int) -> torch.Tensor:
        """The samples of an epoch (counted from 0) in their order: int64 [N]."""
        count, balance = len(self.train), self.balance
        order = epoch_order(self.seed, epoch, count) if balance is None else balance(self.seed, epoch)
        return self.train.arrange(order, self.batch_size) if isinstance(self.train, TokenFeed) else order

    @property
    def steps(self) -> int:
        """Steps of a whole epoch."""
        full, rest = divmod(len(self.train), self.batch_size)
        return full + (1 if rest > (1 if self.drop_single and full else 0) else 0)

    @property
    def total(self) -> int:
        """Steps of the whole run."""
        return min(self.epochs * self.steps, self.max_steps or self.epochs * self.steps)

    def steps_in(self, epoch: int) -> int:
        """Steps of an epoch (counted from 0): fewer in the last one, where `max_steps` ends it."""
        return max(0, min(self.steps, self.total - epoch * self.steps))

    def lr(self, state: State) -> float:
        """The learning rate of the next step, of the first parameter group."""
        return state.lr * self.warmup.factor(self.done(state))

    def done(self, state: State) -> int:
        """The steps done since the run began."""
        return state.epoch * self.steps + state.step


@dataclass
class State:
    """What training changes.

    Args:
        model: the network.
        optimizer: of its weights.
        scheduler: of the optimizer; None: its learning rates stay.
        losses: [S], of the S steps of an epoch, the first `step` of them computed, on the device.
        net: what is called: the model itself, compiled, or wrapped for several processes.
        scaler: of the losses and gradients of fp16.
        epoch: how many epochs are done.
        step: how many steps of the next epoch are done.
        history: the rows of the epochs.
        best: the row of the best epoch.
        average: the moving average of the weights, where the spec wants one.
        frozen: the modules that stay in evaluation mode.
        notes: what a person should know of how it began, a line each.
        new_model: makes the network once more, where its weights are sharded (FSDP); else None.
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
    new_model: Callable[[], nn.Module] | None = None

    @property
    def result(self) -> nn.Module:
        """The model that is evaluated and kept: the averaged one where there is one."""
        return self.model if self.average is None else self.average.module

    @property
    def lr(self) -> float:
        """The learning rate that the scheduler set, of the first parameter group."""
        return float(self.optimizer.param_groups[0]["lr"])

    def train(self) -> None:
        """Bring the model into training mode, except for what is frozen."""
        self.model.train()
        for module in self.frozen:
            module.eval()

    @property
    def elapsed(self) -> str:
        """How far training is, for people: `after 3 epochs and 40 steps`."""
        parts = [f"{n} {what}{'s' if n > 1 else ''}" for n, what in ((self.epoch, "epoch"), (self.step, "step")) if n]
        return f"after {' and '.join(parts)}" if parts else "before the first step"


class NotFiniteError(Exception):
    """The loss, or a weight, became NaN or infinite.

    Args:
        epoch: in which it did, counted from 0.
        step: in which it did, counted from 0; None where an evaluation found it.
        lr: the learning rate.
        what: the start of the message.
    """

    def __init__(self, epoch: int, step: int | None, lr: float, what: str = "the loss is") -> None:
        where = f"epoch {epoch + 1}, step {step + 1}" if step is not None else f"the evaluation after epoch {epoch + 1}"
        super().__init__(f"{what} no longer finite: {where}, learning rate {lr:g}")
        self.epoch, self.step = epoch, step
