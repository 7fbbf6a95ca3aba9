"""Metrics of numbers: mean absolute error, root of the mean squared error, R²."""

from __future__ import annotations

import torch

from netspec.distributed.process_group import ProcessGroup
from netspec.metrics.request import MetricRequest


class RegressionErrors:
    """Mean absolute error, root of the mean squared error, and R² (mean over columns).

    Args:
        near: [*output] the mean of the targets, or of some: the spread is summed from there, without cancellation.
    """

    def __init__(self, near: torch.Tensor) -> None:
        precise = torch.float32 if near.device.type == "mps" else torch.float64
        self.near = near.to(precise)
        self.sums = torch.zeros(4, *near.shape, dtype=precise, device=near.device)
        self.count = torch.zeros((), dtype=torch.long, device=near.device)

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """output and target [N, *output]."""
        error, away = (output.float() - target).to(self.near.dtype), target - self.near
        self.sums += torch.stack([error.abs().sum(0), error.square().sum(0), away.square().sum(0), away.sum(0)])
        self.count += len(target)

    def join(self, world: ProcessGroup) -> None:
        """Put together what the processes have seen."""
        self.sums, self.count = world.sum(self.sums), world.sum(self.count)

    def result(self) -> dict[str, float]:
        """mae, rmse and, where the targets differ, r2."""
        count = int(self.count)
        if not count:
            return {}
        absolute, squared, spread, away = self.sums.cpu().double()
        spread = spread - away.square() / count  # from `near` to the mean
        values = {"mae": absolute.mean().item() / count, "rmse": (squared.mean().item() / count) ** 0.5}
        if bool((spread > 0).all()):
            values["r2"] = (1 - squared / spread).mean().item()
        return values


def make_errors(request: MetricRequest) -> RegressionErrors:
    """mae, rmse and r2."""
    return RegressionErrors(request.targets.float().mean(0).to(request.device))
