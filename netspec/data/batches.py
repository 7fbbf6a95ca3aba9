"""Batches on the device: what a training loop takes, and batches that are selected from tensors in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch

from netspec.data.augment.draws import Draws, TrainingStep
from netspec.data.transforms import Pipeline, is_spatial
from netspec.distributed.process_group import ALONE, ProcessGroup
from netspec.objective.losses import Tensors


class Batch(NamedTuple):
    """Samples on the device.

    Args:
        inputs: [B, *input] each.
        targets: [B] or [B, *output] each.
        own: the number of samples that count: B, or 0 where there is none for this process and it has another one.
        whole: the number of samples of the step, over all processes.
    """

    inputs: Tensors
    targets: Tensors
    own: int
    whole: int


class Feed(Protocol):
    """The samples of a split as batches on the device."""

    def __len__(self) -> int:
        """The number of samples, over all processes."""

    def batches(
        self, order: torch.Tensor | None, size: int, group: ProcessGroup = ALONE, *, epoch: int = 0, step: int = 0
    ) -> Iterator[Batch]:
        """The batches of the samples `order` [N], with `size` samples each over all processes.

        Random transforms are seeded with the run's seed and `epoch` and `step`, which are those of the first batch.
        Without an order, as in an evaluation, all samples come in their order, and nothing is random.
        """


Index = torch.Tensor | slice


def epoch_order(seed: int, epoch: int, count: int) -> torch.Tensor:
    """The random order of the samples in an epoch: int64 [N], a function of seed and epoch alone.

    Args:
        seed: of the run.
        epoch: from 0.
        count: the number N of samples.
    """
    return torch.randperm(count, generator=torch.Generator().manual_seed(seed + epoch))


class BalancedOrder:
    """Draws samples with replacement so that each class is drawn equally often: a function of seed and epoch alone.

    It is the distribution of torch's WeightedRandomSampler with weights of 1 / size of the class, for any number of
    samples.

    Args:
        classes: int64 [N], the class of each sample.
    """

    def __init__(self, classes: torch.Tensor) -> None:
        _, codes, self.sizes = torch.unique(classes, return_inverse=True, return_counts=True)
        self.members = torch.argsort(codes, stable=True)  # [N], one class after the other
        self.starts = self.sizes.cumsum(0) - self.sizes

    def __call__(self, seed: int, epoch: int) -> torch.Tensor:
        """The samples of an epoch: int64 [N]."""
        generator = torch.Generator().manual_seed(seed + epoch)
        count = len(self.members)
        drawn = torch.randint(len(self.sizes), (count,), generator=generator)
        sizes = self.sizes[drawn]
        place = (torch.rand(count, generator=generator, dtype=torch.float64) * sizes).long()
        return self.members[self.starts[drawn] + place.minimum(sizes - 1)]


@dataclass(frozen=True)
class ToInput:
    """Stored pictures → the network's input.

    Args:
        pipeline: the spec's transforms.
        shaped: whether the pictures have gone through those before Normalize.
        dtype: of the network's input.
        augment: whether batches of a training step go through the random ones.
    """

    pipeline: Pipeline
    shaped: bool
    dtype: torch.dtype
    augment: bool = False

    def __call__(self, x: torch.Tensor, draws: Draws | None = None) -> torch.Tensor:
        """The network's input for a batch; without `draws` nothing is random."""
        x = x if self.shaped else self.pipeline.shape(x)
        if self.augment and draws is not None:
            x = self.pipeline.random(x, draws)
        return self.pipeline.finish(x).to(self.dtype)

    def with_masks(self, x: torch.Tensor, targets: Tensors, draws: Draws) -> tuple[torch.Tensor, Tensors]:
        """The network's input, and the targets, of which masks have moved with it."""
        x = x if self.shaped else self.pipeline.shape(x)
        masks = [at for at, target in enumerate(targets) if is_spatial(target, x.shape)]
        x, moved = self.pipeline.random_with_masks(x, tuple(targets[at] for at in masks), draws)
        new = dict(zip(masks, moved, strict=True))
        return self.pipeline.finish(x).to(self.dtype), tuple(new.get(at, y) for at, y in enumerate(targets))

    def pair(self, x: torch.Tensor, draws: Draws | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """The network's input, and the same without the random transforms, for which it is the target."""
        x = x if self.shaped else self.pipeline.shape(x)
        if not self.augment or draws is None:
            plain = self.pipeline.finish(x).to(self.dtype)
            return plain, plain
        changed = self.pipeline.random(x.clone(), draws)  # a transform may work in place
        return tuple(self.pipeline.finish(each).to(self.dtype) for each in (changed, x))  # type: ignore[return-value]


@dataclass(frozen=True)
class MemoryFeed:
    """Samples in memory.

    Args:
        inputs: [N, ...] each.
        targets: [N, ...] each, as the losses take them.
        device: of the batches.
        transform: for batches of the first input; None: it is ready for the network.
        channels_last: whether batches [B, C, H, W] are in this memory format.
        seed: of the run.
        reconstruct: the dtype of each target, where the targets are the first input itself, without random transforms.
    """

    inputs: Tensors
    targets: Tensors
    device: torch.device
    transform: ToInput | None = None
    channels_last: bool = False
    seed: int = 0
    reconstruct: tuple[torch.dtype, ...] = ()

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
        random = self.transform is not None and self.transform.augment
        order = order.to(self.inputs[0].device, non_blocking=True)
        for number, chunk in enumerate(torch.split(order, size) if len(order) else ()):
            yield self.take(chunk, len(chunk), group, TrainingStep(self.seed, epoch, step + number) if random else None)

    def take(
        self, index: Index, whole: int, group: ProcessGroup = ALONE, training_step: TrainingStep | None = None
    ) -> Batch:
        """This process's batch of the `whole` samples `index`."""
        if group.size > 1:
            index = torch.arange(len(self), device=self.inputs[0].device)[index] if isinstance(index, slice) else index
        index, own = process_share(index, whole, group)
        first, *others = (select_rows(x, index) for x in self.inputs)
        plain, targets = first, tuple(select_rows(y, index) for y in self.targets)
        if self.transform is not None:
            draws = draws_for(training_step, whole, group)
            if draws is not None and any(y.ndim > 2 for y in targets):
                first, targets = self.transform.with_masks(first, targets, draws)
            elif self.reconstruct:
                first, plain = self.transform.pair(first, draws)
            else:
                first = self.transform(first, draws)
        inputs = tuple(batch_to_device(x, self.device, self.channels_last) for x in (first, *others))
        targets = tuple(whole_numbers(y.to(self.device, non_blocking=True)) for y in targets)
        targets += tuple(plain.to(self.device, dtype, non_blocking=True) for dtype in self.reconstruct)
        return Batch(inputs, targets, own, whole)


def whole_numbers(targets: torch.Tensor) -> torch.Tensor:
    """Masks, which are stored as uint8, in the dtype of class numbers that losses take; others as they are."""
    return targets.long() if targets.dtype == torch.uint8 else targets


def process_share(index: Index, whole: int, group: ProcessGroup) -> tuple[Index, int]:
    """This process's part of the `whole` samples of a step, and how many of it count.

    A process without a sample, where there are fewer samples than processes, gets the first one, which does not count.
    """
    if group.size == 1 or isinstance(index, slice):
        return index, whole
    part = group.share(index)
    return (part, len(part)) if len(part) else (index[:1], 0)


def draws_for(training_step: TrainingStep | None, whole: int, group: ProcessGroup) -> Draws | None:
    """This process's draws for a step of `whole` samples; None where nothing is random."""
    if training_step is None:
        return None
    own = slice(group.rank, None, group.size) if group.rank < whole else slice(1)  # as in `process_share`
    return Draws(whole, training_step.generator(), None if group.size == 1 else own)


def select_rows(x: torch.Tensor, index: Index) -> torch.Tensor:
    """Some samples of x [N, ...], in its memory format, by index_select, which copies whole rows."""
    if isinstance(index, slice):
        return x[index]
    if x.ndim == 4 and not x.is_contiguous() and x.is_contiguous(memory_format=torch.channels_last):
        return x.permute(0, 2, 3, 1).index_select(0, index).permute(0, 3, 1, 2)
    return x.index_select(0, index)


def batch_to_device(x: torch.Tensor, device: torch.device, channels_last: bool) -> torch.Tensor:
    """A batch x [B, ...] on the device, in the memory format that is asked for."""
    x = x.to(device, non_blocking=True)
    if not channels_last or x.ndim != 4:
        return x
    if x.shape[1] == 1 and x.is_contiguous():  # one channel needs new strides, but no copy
        return x.view(len(x), *x.shape[2:], 1).permute(0, 3, 1, 2)
    return x.contiguous(memory_format=torch.channels_last)
