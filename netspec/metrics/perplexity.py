"""Perplexity: e to the mean cross-entropy of the true classes, over all places of all samples.

Jelinek, Mercer, Bahl and Baker, "Perplexity — a measure of the difficulty of speech recognition tasks", 1977. What
the loss smooths or weighs does not enter.
"""

from __future__ import annotations

import math

import torch
from torch.nn import functional as F

from netspec.distributed.process_group import ProcessGroup
from netspec.metrics.metric import MetricRequest


class Perplexity:
    """Sums the cross-entropy of outputs [N, C, *size], which are scores or log-probabilities."""

    def __init__(self, device: torch.device) -> None:
        self.total = torch.zeros((), dtype=torch.float32 if device.type == "mps" else torch.float64, device=device)
        self.count = torch.zeros((), dtype=torch.long, device=device)

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """Add a batch: target [N, *size], or [N, C, *size] probabilities."""
        summed = F.cross_entropy(output.float(), target, reduction="sum")
        self.total += summed.to(self.total.dtype)
        self.count += output.numel() // output.shape[1]

    def join(self, group: ProcessGroup) -> None:
        """Sum over the processes."""
        self.total, self.count = group.sum(self.total), group.sum(self.count)

    def result(self) -> dict[str, float]:
        """perplexity; empty where nothing was added."""
        count = int(self.count)
        mean = float(self.total) / count if count else 0.0
        return {"perplexity": math.exp(mean) if mean < 700 else math.inf} if count else {}


def make_perplexity(request: MetricRequest) -> Perplexity:
    """perplexity."""
    return Perplexity(request.device)
