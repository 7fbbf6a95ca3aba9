"""Batches are index selections from tensors in memory: the order of an epoch, and how a batch is got."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch

from netspec.runner.job import Batch
from netspec.runner.objective import Tensors
from netspec.runner.pipeline import Pipeline, in_chunks
from netspec.runner.samples import Loaded, Split
from netspec.runner.world import ALONE, World

READY = 2 * 2**30  # bytes up to which transformed samples are kept; beyond, batches are transformed one by one
Change = Callable[[torch.Tensor], torch.Tensor]


def epoch_order(seed: int, epoch: int, count: int) -> torch.Tensor:
    """The order of `count` samples in an epoch (counted from 0), a function of seed and epoch alone."""
    return torch.randperm(count, generator=torch.Generator().manual_seed(seed + epoch))


@dataclass(frozen=True)
class MemoryFeed:
    """Samples in memory: a batch is an index selection.

    Args:
        inputs: [N, ...] each, ready for the network or, where `change` is given, for it.
        targets: [N, ...] each, as the losses want them.
        device: where batches are wanted.
        change: what is still to be done to a batch of the first input.
        channels_last: whether batches [B, C, H, W] are laid out so.
    """

    inputs: Tensors
    targets: Tensors
    device: torch.device
    change: Change | None = None
    channels_last: bool = False

    def __len__(self) -> int:
        return len(self.inputs[0])

    def batches(self, order: torch.Tensor | None, size: int, world: World = ALONE) -> Iterator[Batch]:
        """The samples `order` [N], None for all as they come, `size` at a time over all processes."""
        count = len(self) if order is None else len(order)
        if order is not None:
            order = order.to(self.inputs[0].device)
        for start in range(0, count, size):
            whole = min(size, count - start)
            index = slice(start, start + whole) if order is None else order[start : start + whole]
            yield self.take(index, whole, world)

    def take(self, index: torch.Tensor | slice, whole: int, world: World = ALONE) -> Batch:
        """The batch of the `whole` samples `index`, as far as they are this process's.

        Where they are fewer than there are processes, one that gets none gets the first, which does not count.
        """
        own = whole
        if world.size > 1:
            index = torch.arange(len(self))[index] if isinstance(index, slice) else index
            part = world.share(index)
            index, own = (part, len(part)) if len(part) else (index[:1], 0)
        first, *others = (x[index] for x in self.inputs)
        if self.change is not None:
            first = self.change(first)
        inputs = tuple(self._place(x) for x in (first, *others))
        return Batch(inputs, tuple(y[index].to(self.device, non_blocking=True) for y in self.targets), own, whole)

    def _place(self, x: torch.Tensor) -> torch.Tensor:
        x = x.to(self.device, non_blocking=True)
        return x.contiguous(memory_format=torch.channels_last) if self.channels_last and x.ndim == 4 else x


def make_feed(
    split: Split,
    targets: torch.Tensor,
    pipeline: Pipeline,
    source: Loaded,
    device: torch.device,
    *,
    dtype: torch.dtype,
    augment: bool,
    channels_last: bool,
) -> MemoryFeed:
    """Bring a split as near to the network's input as it is worth keeping.

    Args:
        split: the samples as stored.
        targets: as the loss wants them.
        pipeline: the spec's transforms.
        source: what the samples are.
        device: where to train.
        dtype: of the network's input.
        augment: whether the random transforms are applied (training samples).
        channels_last: the layout of batches.
    """
    inputs, change = split.inputs, None
    if not source.picture:
        inputs = inputs.to(dtype)
    elif augment and pipeline.augment:
        stored = inputs if source.shaped or not pipeline.before else in_chunks(pipeline.shape, inputs)
        done = source.shaped or bool(pipeline.before)
        return MemoryFeed((stored,), (targets,), device, _augmented(pipeline, done, dtype), channels_last)
    elif inputs.numel() * 4 <= READY:
        inputs = in_chunks(lambda x: pipeline.plain(x, source.shaped).to(dtype), inputs)
    else:
        change = _plain(pipeline, source.shaped, dtype)
    if _fits(inputs, device):
        inputs, targets = inputs.to(device), targets.to(device)
    return MemoryFeed((inputs,), (targets,), device, change, channels_last)


def _plain(pipeline: Pipeline, shaped: bool, dtype: torch.dtype) -> Change:
    return lambda x: pipeline.plain(x, shaped).to(dtype)


def _augmented(pipeline: Pipeline, shaped: bool, dtype: torch.dtype) -> Change:
    return lambda x: pipeline.finish(pipeline.random(x if shaped else pipeline.shape(x))).to(dtype)


def _fits(inputs: torch.Tensor, device: torch.device) -> bool:
    """Whether a whole set goes on the device: half of a GPU's free memory is left to the network."""
    if device.type == "cuda":
        return inputs.nbytes <= torch.cuda.mem_get_info(device)[0] // 2
    return True
