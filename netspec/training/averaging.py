"""The exponential moving average of a model's weights, which is often better than any of the weights it comes from."""

from __future__ import annotations

from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


def make_average(model: nn.Module, decay: float) -> AveragedModel:
    """torch's AveragedModel, which starts as the model is after its first step.

    Buffers are averaged too: running means and variances then belong to the averaged weights.

    Args:
        model: whose weights are followed.
        decay: average ← decay·average + (1 - decay)·weights, after each step.
    """
    formula = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]  # torch has no types for it
    average = AveragedModel(model, multi_avg_fn=formula, use_buffers=True)
    return average.requires_grad_(False)
