"""Losses of pairs and triplets, given or drawn from the batch itself, and the order that brings them into a batch.

Input: outputs [B, *output] and their targets [B], or the outputs for the others of each pair or triplet. Output: the
loss, torch's own of these pairs.

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
    """torch's, of given triplets; or of each sample with the next of its class in the batch, against all of others."""

    def forward(  # type: ignore[override]  # torch's takes a triplet
        self,
        outputs: torch.Tensor,
        labels: torch.Tensor,
        positive: torch.Tensor | None = None,
        negative: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """The loss of outputs [B, *output].

        Args:
            outputs: of the anchors.
            labels: class numbers [B], by which triplets are drawn; not looked at where these are given.
            positive, negative: [B, *output] each, of given triplets.

        Returns:
            []; 0 where the batch has no triplet.
        """
        x = outputs.flatten(1)
        if positive is not None and negative is not None:
            return super().forward(x, positive.flatten(1), negative.flatten(1))
        same = labels[:, None] == labels[None]
        anchors, positives = following(same)
        places, negatives = (near(len(x), x.device) & ~same)[anchors].nonzero(as_tuple=True)
        if not len(places):
            return x.sum() * 0.0
        return super().forward(x[anchors[places]], x[positives[places]], x[negatives])


class CosineEmbeddingLoss(nn.CosineEmbeddingLoss):
    """torch's, of given pairs; or of each sample with the next of its class, and with the next of another class."""

    def forward(self, outputs: torch.Tensor, labels: torch.Tensor, input2: torch.Tensor | None = None) -> torch.Tensor:  # type: ignore[override]  # no pair
        """The loss of outputs [B, *output].

        Args:
            outputs: of the samples, or of the first of each pair.
            labels: class numbers [B], by which pairs are drawn; of given pairs 1 (alike) or -1.
            input2: [B, *output], of the second of each pair.

        Returns:
            []; 0 where the batch has no pair.
        """
        x = outputs.flatten(1)
        if input2 is not None:
            return super().forward(x, input2.flatten(1), labels)
        same = labels[:, None] == labels[None]
        pairs = [following(same), following(~same)]
        first, second = (torch.cat(each) for each in zip(*pairs, strict=True))
        if not len(first):
            return x.sum() * 0.0
        signs = torch.where(same[first, second], 1, -1)
        return super().forward(x[first], x[second], signs)


class MarginRankingLoss(nn.MarginRankingLoss):
    """torch's, of given pairs; or of all in a batch whose targets differ: the larger is to have the larger output."""

    def forward(self, outputs: torch.Tensor, targets: torch.Tensor, input2: torch.Tensor | None = None) -> torch.Tensor:  # type: ignore[override]  # no pair
        """The loss of outputs [B] or [B, 1].

        Args:
            outputs: of the samples, or of the first of each pair.
            targets: numbers of the same shape; of given pairs 1 where the first is to have the larger output, else -1.
            input2: of the second of each pair, in the same shape.

        Returns:
            []; 0 where all targets of the batch are equal.
        """
        x, y = outputs.flatten(), targets.flatten()
        if input2 is not None:
            return super().forward(x, input2.flatten(), y)
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
