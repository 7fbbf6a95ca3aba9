"""Metrics of numbers: mean absolute error, root of the mean squared error, R²."""

from __future__ import annotations

import torch

from netspec.runner.world import World


class Errors:
    """Mean absolute error, root of the mean squared error, and R² (mean over columns) with `mean` the targets' mean."""

    def __init__(self, mean: torch.Tensor) -> None:
        self.mean = mean  # [*output]; known beforehand, so that the spread is summed without cancellation
        precise = torch.float32 if mean.device.type == "mps" else torch.float64
        self.sums = torch.zeros(3, *mean.shape, dtype=precise, device=mean.device)
        self.count = torch.zeros((), dtype=torch.long, device=mean.device)

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """output and target [N, *output]."""
        error, spread = output.float() - target, target - self.mean
        self.sums += torch.stack([error.abs().sum(0), error.square().sum(0), spread.square().sum(0)])
        self.count += len(target)

    def join(self, world: World) -> None:
        """Put together what the processes have seen."""
        self.sums, self.count = world.sum(self.sums), world.sum(self.count)

    def result(self) -> dict[str, float]:
        """mae, rmse and, where the targets differ, r2."""
        count = int(self.count)
        if not count:
            return {}
        absolute, squared, spread = self.sums.cpu().double()
        values = {"mae": absolute.mean().item() / count, "rmse": (squared.mean().item() / count) ** 0.5}
        if bool((spread > 0).all()):
            values["r2"] = (1 - squared / spread).mean().item()
        return values
