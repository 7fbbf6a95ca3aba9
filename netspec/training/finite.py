"""Whether the numbers of a training are numbers still: asked before anything is stored."""

from __future__ import annotations

import torch

from netspec.distributed.process_group import ALONE, World
from netspec.training.job import NotFiniteError, State


def finite_losses(state: State, rate: float, world: World = ALONE) -> torch.Tensor:
    """The losses of the epoch's steps so far, [steps], on the CPU; those of all processes of `world` added up.

    Args:
        state: whose losses are looked at.
        rate: the learning rate, to be told.
        world: the processes that train together.

    Raises:
        NotFiniteError: one of them is none; it names the first.
    """
    losses = world.sum(state.losses[: state.step].clone()).cpu()
    bad = losses.isfinite().logical_not().nonzero()
    if len(bad):
        raise NotFiniteError(state.epoch, int(bad[0, 0]), rate)
    return losses


def require_finite(state: State) -> None:
    """Losses and trained weights are finite: the loss of the last step was computed before the weights it made.

    Of several processes each looks at its own; what was bad in one is soon bad in the weights of all.

    Raises:
        NotFiniteError: one is not.
    """
    finite_losses(state, rate(state))
    weights = [_own(weight.detach()) for weight in state.model.parameters() if weight.requires_grad]
    if weights and not torch.stack([weight.isfinite().all() for weight in weights]).all():
        epoch, step = (state.epoch, state.step) if state.step else (state.epoch - 1, len(state.losses))
        raise NotFiniteError(epoch, step - 1, rate(state), "the weights are")


def _own(weight: torch.Tensor) -> torch.Tensor:
    """A weight, or this process's part of one that is spread."""
    own: torch.Tensor = weight.to_local() if hasattr(weight, "to_local") else weight
    return own


def rate(state: State) -> float:
    """The learning rate, that of the first group where there are several."""
    return float(state.optimizer.param_groups[0]["lr"])
