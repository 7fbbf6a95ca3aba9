"""Warm-up: in the first steps the learning rate that the scheduler sets is multiplied with a factor that grows to 1."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Warmup:
    """`steps` steps, a factor from `start` on: a function of the step's number, so that nothing has to be stored."""

    steps: int = 0
    start: float = 1.0

    def factor(self, step: int) -> float:
        """What the rate of a step (counted from 0) is multiplied with, as torch's LinearLR has it."""
        return self.start + (1 - self.start) * min(1.0, step / self.steps) if self.steps else 1.0

    @contextmanager
    def dampened(self, optimizer: torch.optim.Optimizer, step: int) -> Iterator[None]:
        """While this is open the optimizer has the rates of the warm-up; after it the scheduler's own again.

        So it goes with every scheduler: those that compute a rate from the last one never see a dampened one.
        """
        factor = self.factor(step)
        if factor == 1.0:
            yield
            return
        rates = [group["lr"] for group in optimizer.param_groups]
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * factor
        try:
            yield
        finally:
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate


NO_WARMUP = Warmup()
