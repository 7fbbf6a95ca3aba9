"""Metrics of numbers: mean absolute error, root mean squared error, R²."""

from __future__ import annotations

import torch

from netspec.distributed.process_group import ProcessGroup
from netspec.metrics.metric import MetricRequest


class RegressionErrors:
    """Mean absolute error, root mean squared error, and R² (the mean over columns).

    Args:
        near: [*output] the mean of the targets, or of some of them: squared deviations are summed from there, which
            avoids cancellation.
    """

    def __init__(self, near: torch.Tensor) -> None:
        precise = torch.float32 if near.device.type == "mps" else torch.float64
        self.near = near.to(precise)
        self.sums = torch.zeros(4, *near.shape, dtype=precise, device=near.device)
        self.count = torch.zeros((), dtype=torch.long, device=near.device)

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """Add a batch: output and target [N, *output]."""
        error, deviation = (output.float() - target).to(self.near.dtype), target - self.near
        sums = [error.abs().sum(0), error.square().sum(0), deviation.square().sum(0), deviation.sum(0)]
        self.sums += torch.stack(sums)
        self.count += len(target)

    def join(self, group: ProcessGroup) -> None:
        """Sum over the processes."""
        self.sums, self.count = group.sum(self.sums), group.sum(self.count)

    def result(self) -> dict[str, float]:
        """mae, rmse and, where the targets differ, r2."""
        count = int(self.count)
        if not count:
            return {}
        absolute, squared, spread, deviation = self.sums.cpu().double()
        spread = spread - deviation.square() / count  # from `near` to the mean
        values = {"mae": absolute.mean().item() / count, "rmse": (squared.mean().item() / count) ** 0.5}
        if bool((spread > 0).all()):
            values["r2"] = (1 - squared / spread).mean().item()
        return values


def make_errors(request: MetricRequest) -> RegressionErrors:
    """mae, rmse and r2."""
    return RegressionErrors(request.targets.float().mean(0).to(request.device))
