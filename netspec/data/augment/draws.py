"""Random numbers for the samples of a step: a function of seed, epoch and step, however its samples are shared."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class TrainingStep:
    """A step of training, which everything random in its batch follows from: so a resumed run sees the same batches."""

    seed: int
    epoch: int
    step: int

    def generator(self) -> torch.Generator:
        """A new generator for this step."""
        text = f"{self.seed} {self.epoch} {self.step}".encode()
        return torch.Generator().manual_seed(int.from_bytes(hashlib.blake2b(text, digest_size=8).digest()))


@dataclass(frozen=True)
class Draws:
    """Draws numbers for B samples, each its own; they lie on the CPU, where what depends on them is decided.

    Args:
        count: samples of the whole step.
        generator: what is drawn from; None: torch's global one.
        own: which of them are wanted here, B of them: those of this process, where several share a step; None: all.
    """

    count: int
    generator: torch.Generator | None = None
    own: slice | None = None

    def uniform(self, low: float = 0.0, high: float = 1.0, shape: tuple[int, ...] = ()) -> torch.Tensor:
        """float64 [B, *shape] in [low, high)."""
        numbers = torch.rand((self.count, *shape), dtype=torch.float64, generator=self.generator)
        return self._own(numbers).mul_(high - low).add_(low)

    def attempts(self, limits: Iterable[float], count: int) -> torch.Tensor:
        """float64 [B, count] between the two limits."""
        low, high = limits
        return self.uniform(low, high, (count,))

    def below(self, bound: torch.Tensor | int) -> torch.Tensor:
        """int64 [B] in [0, bound); `bound` [B], or one for all."""
        return (self.uniform() * bound).long()

    def normal(self, shape: tuple[int, ...]) -> torch.Tensor:
        """float32 [B, *shape] of mean 0 and deviation 1."""
        return self._own(torch.randn((self.count, *shape), generator=self.generator))

    def orders(self, length: int) -> torch.Tensor:
        """int64 [B, length]: a permutation for each sample."""
        return self.uniform(shape=(length,)).argsort(1)

    def seeds(self) -> list[int]:
        """A seed for each sample."""
        seeds: list[int] = self._own(torch.randint(0, 2**62, (self.count,), generator=self.generator)).tolist()
        return seeds

    def _own(self, numbers: torch.Tensor) -> torch.Tensor:
        return numbers if self.own is None else numbers[self.own]
