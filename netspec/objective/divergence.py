"""The loss that keeps codes near the standard normal distribution, as variational autoencoders have it."""

from __future__ import annotations

import torch
from torch import nn


class KLDivergence(nn.Module):
    """The divergence of normal distributions N(m, exp v) from N(0, 1): ½ Σ (m² + exp v - 1 - v), mean over the batch.

    The closed formula is that of Kingma and Welling, Auto-Encoding Variational Bayes (2013), appendix B. It has no
    targets: what they are given is not looked at.
    """

    def forward(self, outputs: torch.Tensor, targets: torch.Tensor | None = None) -> torch.Tensor:
        """The divergence [] of outputs [B, 2K, ...]: K means m, then K log-variances v."""
        mean, log_variance = outputs.flatten(2).chunk(2, 1) if outputs.ndim > 2 else outputs.chunk(2, 1)
        each = mean.square() + log_variance.exp() - 1 - log_variance
        return 0.5 * each.flatten(1).sum(1).mean()
