"""Random numbers for the samples of a step: a function of seed, epoch and step, whatever the number of processes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import torch

Params = dict[str, torch.Tensor]  # of a transform: each [B, ...], on the CPU


@dataclass(frozen=True)
class TrainingStep:
    """A step of training. It seeds everything random in its batch, so that a resumed run sees the same batches.

    Args:
        seed: of the run.
        epoch: from 0.
        step: from 0 in the epoch.
    """

    seed: int
    epoch: int
    step: int

    def generator(self) -> torch.Generator:
        """A new generator, seeded with this step."""
        text = f"{self.seed} {self.epoch} {self.step}".encode()
        return torch.Generator().manual_seed(int.from_bytes(hashlib.blake2b(text, digest_size=8).digest()))


@dataclass(frozen=True)
class Draws:
    """Draws numbers on the CPU, other ones for each of B samples.

    Args:
        count: the number of samples of the step, over all processes.
        generator: to draw from; None: torch's global one.
        own: the B samples of this process; None: all.
    """

    count: int
    generator: torch.Generator | None = None
    own: slice | None = None

    def uniform(self, low: float = 0.0, high: float = 1.0, shape: tuple[int, ...] = ()) -> torch.Tensor:
        """float64 [B, *shape] in [low, high)."""
        numbers = torch.rand((self.count, *shape), dtype=torch.float64, generator=self.generator)
        return self._own(numbers).mul_(high - low).add_(low)

    def below(self, bound: torch.Tensor | int) -> torch.Tensor:
        """int64 [B] in [0, bound), with a bound for each sample [B] or one for all."""
        return (self.uniform() * bound).long()

    def normal(self, shape: tuple[int, ...]) -> torch.Tensor:
        """float32 [B, *shape], normal with mean 0 and standard deviation 1."""
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
