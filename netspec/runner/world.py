"""The processes that train together: which one this is, and what they agree on. One process is a world of its own."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class World:
    """`size` processes, this one is number `rank`; number 0 speaks to people and writes files."""

    rank: int = 0
    size: int = 1

    @property
    def main(self) -> bool:
        """Whether this process shows progress and writes the run's folder."""
        return self.rank == 0

    def share(self, index: torch.Tensor) -> torch.Tensor:
        """This process's part of the samples [N] of a step or an evaluation: every `size`-th of them."""
        return index if self.size == 1 else index[self.rank :: self.size]

    def sum(self, value: torch.Tensor) -> torch.Tensor:
        """The sum of a tensor over all processes; it is changed in place where there are several."""
        if self.size > 1:
            torch.distributed.all_reduce(value)
        return value


ALONE = World()
