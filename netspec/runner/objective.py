"""What is minimised: a loss for each output, weighted and summed."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

Tensors = tuple[torch.Tensor, ...]


@dataclass(frozen=True)
class Part:
    """One output's loss: `output` is the output's place in what the network gives, `weight` its factor in the sum."""

    name: str
    output: int
    loss: nn.Module
    weight: float = 1.0


@dataclass(frozen=True)
class Objective:
    """The losses of a network, in the order of their targets."""

    parts: tuple[Part, ...]

    def __call__(self, outputs: torch.Tensor | Tensors, targets: Tensors) -> torch.Tensor:
        """The loss of a batch, the mean over its samples.

        Args:
            outputs: [B, *output], or a tuple of them where the network has several.
            targets: one a part, [B] or [B, *output].
        """
        given = as_tuple(outputs)
        total: torch.Tensor | None = None
        for part, target in zip(self.parts, targets, strict=True):
            loss: torch.Tensor = part.loss(given[part.output], target)
            loss = loss if part.weight == 1.0 else loss * part.weight
            total = loss if total is None else total + loss
        assert total is not None  # a network has an output
        return total


def as_tuple(outputs: torch.Tensor | Tensors) -> Tensors:
    """What a network gives, as a tuple of its outputs."""
    return outputs if isinstance(outputs, tuple) else (outputs,)
