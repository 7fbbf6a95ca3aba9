"""Losses of pairs and triplets, which are drawn from the batch itself, and the order that brings them into a batch.

Input: outputs [B, *output] and their targets [B]. Output: the loss, torch's own of these pairs.

What is drawn depends on the batch alone: the batch is in a random order that follows from the seed and the epoch, so
that a run that goes on draws the same.
"""

from __future__ import annotations

import torch
from torch import nn

MOST = 2**16  # pairs or triplets of a batch


def following(alike: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """For each sample the next one behind it, around the batch, that is alike.

    Args:
        alike: bool [B, B]; a sample is not its own partner.

    Returns:
        The samples that have one, int64 [P], and these, [P].
    """
    places = torch.arange(len(alike), device=alike.device)
    steps = (places[None] - places[:, None]) % len(alike)  # [B, B], how far behind
    steps = torch.where(alike & (steps > 0), steps, len(alike))
    nearest = steps.min(1)
    found = (nearest.values < len(alike)).nonzero()[:, 0]
    return found, nearest.indices[found]


def near(count: int, device: torch.device) -> torch.Tensor:
    """Pairs of a batch of `count` samples that are considered, bool [B, B]: all, or of a large one those near by."""
    places = torch.arange(count, device=device)
    steps = (places[None] - places[:, None]) % count
    return (steps > 0) & (steps <= max(1, MOST // max(count, 1)))


class TripletMarginLoss(nn.TripletMarginLoss):
    """torch's, of each sample with the next one of its class in the batch, against every one of another class."""

    def forward(self, outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:  # type: ignore[override]  # no triplet
        """The loss of outputs [B, *output] with class numbers [B]; 0 where the batch has no triplet."""
        x = outputs.flatten(1)
        same = labels[:, None] == labels[None]
        anchors, positives = following(same)
        places, negatives = (near(len(x), x.device) & ~same)[anchors].nonzero(as_tuple=True)
        if not len(places):
            return x.sum() * 0.0
        return super().forward(x[anchors[places]], x[positives[places]], x[negatives])


class CosineEmbeddingLoss(nn.CosineEmbeddingLoss):
    """torch's, of each sample with the next one of its class in the batch, and with the next one of another class."""

    def forward(self, outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:  # type: ignore[override]  # no pair
        """The loss of outputs [B, *output] with class numbers [B]; 0 where the batch has no pair."""
        x = outputs.flatten(1)
        same = labels[:, None] == labels[None]
        pairs = [following(same), following(~same)]
        first, second = (torch.cat(each) for each in zip(*pairs, strict=True))
        if not len(first):
            return x.sum() * 0.0
        signs = torch.where(same[first, second], 1, -1)
        return super().forward(x[first], x[second], signs)


class MarginRankingLoss(nn.MarginRankingLoss):
    """torch's, of the pairs of a batch whose targets differ: the larger target is to have the larger output."""

    def forward(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:  # type: ignore[override]  # no pair
        """The loss of outputs [B] or [B, 1] with numbers of the same shape; 0 where all are equal."""
        x, y = outputs.flatten(), targets.flatten()
        first, second = (near(len(x), x.device) & (y[:, None] > y[None])).nonzero(as_tuple=True)
        if not len(first):
            return x.sum() * 0.0
        return super().forward(x[first], x[second], torch.ones_like(x[first]))


class PairedOrder:
    """The order of an epoch in which samples come in pairs of one class: a function of seed and epoch alone.

    Each sample comes once; those that are left over, one of a class at most, come last.

    Args:
        classes: int64 [N], the class of each sample.
    """

    def __init__(self, classes: torch.Tensor) -> None:
        self.classes = torch.unique(classes, return_inverse=True)[1]

    def __call__(self, seed: int, epoch: int) -> torch.Tensor:
        """The samples of an epoch: int64 [N]."""
        order = torch.randperm(len(self.classes), generator=torch.Generator().manual_seed(seed + epoch))
        grouped = order[torch.argsort(self.classes[order], stable=True)]  # one class after the other
        sizes = torch.bincount(self.classes)
        sizes = sizes[sizes > 0]
        rank = torch.arange(len(order)) - (sizes.cumsum(0) - sizes).repeat_interleave(sizes)  # within its class
        single = (rank % 2 == 0) & (rank == sizes.repeat_interleave(sizes) - 1)
        pairs = grouped[~single].reshape(-1, 2)
        when = torch.empty(len(order), dtype=torch.long)
        when[order] = torch.arange(len(order))
        return torch.cat([pairs[torch.argsort(when[pairs[:, 0]])].flatten(), order[torch.isin(order, grouped[single])]])
