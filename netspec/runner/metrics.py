"""How good outputs are: accuracy for classes and labels, error measures for numbers.

Sums stay on the device; `result` is the only place that waits for it. Formulas are scikit-learn's of the same names.
"""

from __future__ import annotations

from typing import Protocol

import torch

from netspec.runner.targets import Kind


class Metric(Protocol):
    """Takes batches, then tells the values by name."""

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """Add one batch: output [N, ...], target as the loss gets it."""

    def result(self) -> dict[str, float]:
        """The values over all batches."""


class Accuracy:
    """The share of right answers: the largest output's class, or every label on its side of the threshold."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.right: torch.Tensor | None = None
        self.count = 0

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """output [N, C] with target [N] (or [N, C] probabilities), or both [N, *labels]."""
        if self.kind == "classes":
            wanted = target if target.ndim == 1 else target.argmax(1)
            hits = output.argmax(1) == wanted
        else:
            threshold = 0.5 if self.kind == "probabilities" else 0.0
            middle = 0.0 if self.kind == "signs" else 0.5
            hits = (output > threshold) == (target > middle)
        total = hits.sum()
        self.right = total if self.right is None else self.right + total
        self.count += hits.numel()

    def result(self) -> dict[str, float]:
        return {} if self.right is None else {"accuracy": self.right.item() / self.count}


class Errors:
    """Mean absolute error, root of the mean squared error, and R² (mean over columns).

    Args:
        near: [*output] the mean of the targets, or of some: the spread is summed from there, without cancellation.
    """

    def __init__(self, near: torch.Tensor) -> None:
        precise = torch.float32 if near.device.type == "mps" else torch.float64
        self.near = near.to(precise)
        self.sums = torch.zeros(4, *near.shape, dtype=precise, device=near.device)
        self.count = 0

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """output and target [N, *output]."""
        error, away = (output.float() - target).to(self.near.dtype), target - self.near
        self.sums += torch.stack([error.abs().sum(0), error.square().sum(0), away.square().sum(0), away.sum(0)])
        self.count += len(target)

    def result(self) -> dict[str, float]:
        if not self.count:
            return {}
        absolute, squared, spread, away = self.sums.cpu().double()
        spread = spread - away.square() / self.count  # from `near` to the mean
        values = {"mae": absolute.mean().item() / self.count, "rmse": (squared.mean().item() / self.count) ** 0.5}
        if bool((spread > 0).all()):
            values["r2"] = (1 - squared / spread).mean().item()
        return values


def make_metric(kind: Kind, targets: torch.Tensor, device: torch.device) -> Metric | None:
    """The metric for a kind of loss; None for lists of labels, which have no plain share of right answers.

    Args:
        kind: what the loss compares.
        targets: [N, ...] those to be measured against, or the first of them.
        device: where the batches are.
    """
    if kind == "labels":
        return None
    if kind == "numbers":
        return Errors(targets.float().mean(0).to(device))
    return Accuracy(kind)
