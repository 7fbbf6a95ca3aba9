"""What the loop gets of the data: batches on the device, and what gives them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import torch

from netspec.distributed.process_group import ALONE, World
from netspec.objective.losses import Tensors


class Batch(NamedTuple):
    """Samples on the device: inputs, each [B, *input], and targets, each [B] or [B, *output].

    `own` of them count, all but where a process has a stand-in for none; all processes together have `whole`.
    """

    inputs: Tensors
    targets: Tensors
    own: int
    whole: int


class Feed(Protocol):
    """The samples of a split, as batches on the device."""

    def __len__(self) -> int:
        """The number of samples, over all processes."""

    def batches(
        self, order: torch.Tensor | None, size: int, world: World = ALONE, *, epoch: int = 0, step: int = 0
    ) -> Iterator[Batch]:
        """The samples `order` [N], None for all as they come, `size` at a time over all processes.

        `epoch` and `step` are the first batch's: what is random in a batch follows from them and the run's seed.
        Without an order, which is how samples are evaluated, nothing is random.
        """
