"""Metrics of numbers: mean absolute error, also of the targets' size, root mean squared error, R²."""

from __future__ import annotations

import torch

from netspec.distributed.process_group import ProcessGroup
from netspec.metrics.metric import MetricRequest

SMALLEST = 2.0**-52  # scikit-learn's, of the targets that errors are divided by


class RegressionErrors:
    """Mean absolute error, mean absolute percentage error, root mean squared error, and R² (the mean over columns).

    The percentage error is a fraction, and targets near 0 count as scikit-learn has them: with 2⁻⁵² at least.

    Args:
        near: [*output] the mean of the targets, or of some of them: squared deviations are summed from there, which
            avoids cancellation.
    """

    def __init__(self, near: torch.Tensor) -> None:
        precise = torch.float32 if near.device.type == "mps" else torch.float64
        self.near = near.to(precise)
        self.sums = torch.zeros(5, *near.shape, dtype=precise, device=near.device)
        self.count = torch.zeros((), dtype=torch.long, device=near.device)

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """Add a batch: output and target [N, *output]."""
        error, deviation = (output.float() - target).to(self.near.dtype), target - self.near
        share = error.abs() / target.to(self.near.dtype).abs().clamp(min=SMALLEST)
        sums = [error.abs().sum(0), error.square().sum(0), deviation.square().sum(0), deviation.sum(0), share.sum(0)]
        self.sums += torch.stack(sums)
        self.count += len(target)

    def join(self, group: ProcessGroup) -> None:
        """Sum over the processes."""
        self.sums, self.count = group.sum(self.sums), group.sum(self.count)

    def result(self) -> dict[str, float]:
        """mae, mape, rmse and, where the targets differ, r2."""
        count = int(self.count)
        if not count:
            return {}
        absolute, squared, spread, deviation, share = self.sums.cpu().double()
        spread = spread - deviation.square() / count  # from `near` to the mean
        values = {"mae": absolute.mean().item() / count, "rmse": (squared.mean().item() / count) ** 0.5}
        values["mape"] = share.mean().item() / count
        if bool((spread > 0).all()):
            values["r2"] = (1 - squared / spread).mean().item()
        return values


def make_errors(request: MetricRequest) -> RegressionErrors:
    """mae, mape, rmse and r2."""
    return RegressionErrors(request.targets.float().mean(0).to(request.device))
