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

    def gather(self, value: torch.Tensor) -> torch.Tensor:
        """The rows [N, ...] of all processes, one process's after the other's; each may have another number of them."""
        if self.size == 1:
            return value
        counts = [torch.zeros(1, dtype=torch.long, device=value.device) for _ in range(self.size)]
        torch.distributed.all_gather(counts, torch.tensor([len(value)], device=value.device))
        lengths = [int(count) for count in counts]
        padded = value.new_zeros((max(lengths), *value.shape[1:]))  # a collective wants the same shape of everybody
        padded[: len(value)] = value
        rows = [torch.empty_like(padded) for _ in lengths]
        torch.distributed.all_gather(rows, padded)
        return torch.cat([row[:length] for row, length in zip(rows, lengths, strict=True)])


ALONE = World()
