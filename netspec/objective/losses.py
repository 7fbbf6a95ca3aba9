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
        return self.total(self.each(outputs, targets))

    def each(self, outputs: torch.Tensor | Tensors, targets: Tensors) -> Tensors:
        """The loss of each part, not weighted."""
        given = as_tuple(outputs)
        pairs = zip(self.parts, targets, strict=True)
        return tuple(part.loss(given[part.output], target) for part, target in pairs)

    def total(self, losses: Tensors) -> torch.Tensor:
        """The weighted sum of the parts' losses, each [] or of one shape."""
        weighted = [
            loss if part.weight == 1.0 else loss * part.weight for part, loss in zip(self.parts, losses, strict=True)
        ]
        total, *others = weighted
        for loss in others:
            total = total + loss
        return total


def as_tuple(outputs: torch.Tensor | Tensors) -> Tensors:
    """What a network gives, as a tuple of its outputs."""
    return outputs if isinstance(outputs, tuple) else (outputs,)
