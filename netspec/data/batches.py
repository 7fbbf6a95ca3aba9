"""Batches on the device: what the loop gets of the data, and batches as index selections from tensors in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch

from netspec.data.augment.draws import Draws, TrainingStep
from netspec.data.transforms import Pipeline
from netspec.distributed.process_group import ALONE, ProcessGroup
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
        self, order: torch.Tensor | None, size: int, group: ProcessGroup = ALONE, *, epoch: int = 0, step: int = 0
    ) -> Iterator[Batch]:
        """The samples `order` [N], None for all as they come, `size` at a time over all processes.

        `epoch` and `step` are the first batch's: what is random in a batch follows from them and the run's seed.
        Without an order, which is how samples are evaluated, nothing is random.
        """


Index = torch.Tensor | slice


def epoch_order(seed: int, epoch: int, count: int) -> torch.Tensor:
    """The order of `count` samples in an epoch (counted from 0), a function of seed and epoch alone."""
    return torch.randperm(count, generator=torch.Generator().manual_seed(seed + epoch))


@dataclass(frozen=True)
class ToInput:
    """How stored pictures become the network's input.

    Args:
        pipeline: the spec's transforms.
        shaped: whether those before Normalize are done.
        dtype: of the network's input.
        augment: whether the random ones are applied to batches that have a moment.
    """

    pipeline: Pipeline
    shaped: bool
    dtype: torch.dtype
    augment: bool = False

    def __call__(self, x: torch.Tensor, draws: Draws | None = None) -> torch.Tensor:
        """A batch; without `draws` nothing is random."""
        x = x if self.shaped else self.pipeline.shape(x)
        if self.augment and draws is not None:
            x = self.pipeline.random(x, draws)
        return self.pipeline.finish(x).to(self.dtype)


@dataclass(frozen=True)
class MemoryFeed:
    """Samples in memory: a batch is an index selection.

    Args:
        inputs: [N, ...] each, ready for the network or, where `change` is given, for it.
        targets: [N, ...] each, as the losses want them.
        device: where batches are wanted.
        change: what is still to be done to a batch of the first input.
        channels_last: whether batches [B, C, H, W] are laid out so.
        seed: what is random in a batch follows from it, the epoch and the step.
    """

    inputs: Tensors
    targets: Tensors
    device: torch.device
    change: ToInput | None = None
    channels_last: bool = False
    seed: int = 0

    def __len__(self) -> int:
        return len(self.inputs[0])

    def batches(
        self, order: torch.Tensor | None, size: int, group: ProcessGroup = ALONE, *, epoch: int = 0, step: int = 0
    ) -> Iterator[Batch]:
        """See `Feed`."""
        if order is None:
            for start in range(0, len(self), size):
                whole = min(size, len(self) - start)
                yield self.take(slice(start, start + whole), whole, group)
            return
        random = self.change is not None and self.change.augment
        order = order.to(self.inputs[0].device, non_blocking=True)
        for number, chunk in enumerate(torch.split(order, size) if len(order) else ()):
            yield self.take(chunk, len(chunk), group, TrainingStep(self.seed, epoch, step + number) if random else None)

    def take(self, index: Index, whole: int, group: ProcessGroup = ALONE, moment: TrainingStep | None = None) -> Batch:
        """The batch of the `whole` samples `index`, as far as they are this process's."""
        if group.size > 1:
            index = torch.arange(len(self), device=self.inputs[0].device)[index] if isinstance(index, slice) else index
        index, own = process_share(index, whole, group)
        first, *others = (rows(x, index) for x in self.inputs)
        if self.change is not None:
            first = self.change(first, draws_for(moment, whole, group))
        inputs = tuple(placed(x, self.device, self.channels_last) for x in (first, *others))
        targets = tuple(rows(y, index).to(self.device, non_blocking=True) for y in self.targets)
        return Batch(inputs, targets, own, whole)


def process_share(index: Index, whole: int, group: ProcessGroup) -> tuple[Index, int]:
    """Of the `whole` samples of a step those that are this process's, and how many of them count.

    Where they are fewer than there are processes, one that gets none gets the first, which does not count.
    """
    if group.size == 1 or isinstance(index, slice):
        return index, whole
    part = group.share(index)
    return (part, len(part)) if len(part) else (index[:1], 0)


def draws_for(moment: TrainingStep | None, whole: int, group: ProcessGroup) -> Draws | None:
    """The draws of a step of `whole` samples, those that are this process's; None where nothing is random."""
    if moment is None:
        return None
    own = slice(group.rank, None, group.size) if group.rank < whole else slice(1)  # see `share`
    return Draws(whole, moment.generator(), None if group.size == 1 else own)


def rows(x: torch.Tensor, index: Index) -> torch.Tensor:
    """Some of the samples of x [N, ...], in its layout: index_select, which copies whole rows, is the quick way."""
    if isinstance(index, slice):
        return x[index]
    if x.ndim == 4 and not x.is_contiguous() and x.is_contiguous(memory_format=torch.channels_last):
        return x.permute(0, 2, 3, 1).index_select(0, index).permute(0, 3, 1, 2)
    return x.index_select(0, index)


def placed(x: torch.Tensor, device: torch.device, channels_last: bool) -> torch.Tensor:
    """A batch on the device, in the layout that is wanted."""
    x = x.to(device, non_blocking=True)
    if not channels_last or x.ndim != 4:
        return x
    if x.shape[1] == 1 and x.is_contiguous():  # in both layouts at once: its strides are what convolutions go by
        return x.view(len(x), *x.shape[2:], 1).permute(0, 3, 1, 2)
    return x.contiguous(memory_format=torch.channels_last)
