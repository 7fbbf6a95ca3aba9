"""Samples of several pictures, as pairs and triplets are → a Feed over the pictures one by one, and one over samples.

The pictures of a sample stand side by side in one source, so that a batch of B samples of k pictures is k·B pictures of
it: they are decoded, kept and transformed as any others, each with random transforms of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from netspec.data.batches import Batch, Feed, batch_to_device, select_rows, whole_numbers
from netspec.data.pictures import Pictures
from netspec.data.split import Split
from netspec.distributed.process_group import ALONE, ProcessGroup
from netspec.objective.losses import Tensors


def side_by_side(inputs: Sequence[Any]) -> Split:
    """All pictures of the samples, those of a sample one behind the other.

    Args:
        inputs: Pictures [N, C, H, W] of one source each.
    """
    pictures = [x for x in inputs if isinstance(x, Pictures)]
    indexes = torch.stack([x.indexes for x in pictures], 1).flatten()  # [N·k]
    return Split((replace(pictures[0], indexes=indexes),), (), torch.arange(len(indexes)))


@dataclass(frozen=True)
class SeveralPicturesFeed:
    """Samples of several pictures each, in one process.

    Args:
        pictures: the pictures, those of a sample one behind the other.
        targets: [N, ...] each, as the losses take them; none where the first pictures are their own targets.
        count: how many pictures a sample has.
        device: of the batches.
        channels_last: whether batches [B, C, H, W] are in this memory format.
    """

    pictures: Feed
    targets: Tensors
    count: int
    device: torch.device
    channels_last: bool = False

    def __len__(self) -> int:
        return len(self.pictures) // self.count

    def batches(
        self, order: torch.Tensor | None, size: int, group: ProcessGroup = ALONE, *, epoch: int = 0, step: int = 0
    ) -> Iterator[Batch]:
        """See `Feed`; the inputs are one for each picture of a sample."""
        each = None if order is None else (order[:, None] * self.count + torch.arange(self.count)).flatten()
        samples = torch.split(torch.arange(len(self)) if order is None else order, size)
        batches = self.pictures.batches(each, size * self.count, epoch=epoch, step=step)
        for chunk, batch in zip(samples, batches, strict=True):
            places = [torch.arange(at, self.count * len(chunk), self.count) for at in range(self.count)]
            (x,) = batch.inputs
            inputs = (select_rows(x, place.to(x.device)) for place in places)
            own = tuple(select_rows(y, places[0].to(y.device)) for y in batch.targets)
            targets = tuple(whole_numbers(y[chunk].to(self.device, non_blocking=True)) for y in self.targets)
            laid = tuple(batch_to_device(x, self.device, self.channels_last) for x in inputs)
            yield Batch(laid, targets + own, len(chunk), len(chunk))
