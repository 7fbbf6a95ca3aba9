"""ColorJitter on batches [B, C, H, W]: brightness, contrast, saturation and hue, in a random order for each sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from netspec.data.augment.draws import Draws, Params


def draw_jitter(transform: Any, x: torch.Tensor, draws: Draws) -> Params:
    """`order` [B, 4], and those of the factors `brightness`, `contrast`, `saturation`, `hue` that change, each [B]."""
    if x.shape[1] not in (1, 3):
        raise TypeError(f"Input image tensor permitted channel values are 1 or 3, but found {x.shape[1]}")
    params = {"order": draws.orders(4)}
    for name in KERNELS:
        limits = getattr(transform, name)
        if limits is not None:
            params[name] = draws.uniform(*limits)
    return params


def apply_jitter(transform: Any, x: torch.Tensor, params: Params) -> torch.Tensor:
    """The changes, each applied to all samples at once that have it first in their order, then second, and so on."""
    x = x.clone()
    for current in params["order"].unbind(1):  # [B]
        for number, (name, change) in enumerate(KERNELS.items()):
            if name in params:
                index = (current == number).nonzero()[:, 0]
                factor = params[name][index].to(x.device, x.dtype, non_blocking=True)[:, None, None, None]
                index = index.to(x.device, non_blocking=True)
                x[index] = change(x[index], factor)
    return x


def _grayscale(x: torch.Tensor) -> torch.Tensor:
    """Gray levels [B, 1, H, W]."""
    from torchvision.transforms.v2 import functional as F

    gray: torch.Tensor = F.rgb_to_grayscale(x)
    return gray


def _brightness(x: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
    return (x * factor).clamp_(0, 1)


def _contrast(x: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
    return _blend(x, _grayscale(x).mean((1, 2, 3), keepdim=True), factor)


def _saturation(x: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
    return x if x.shape[1] == 1 else _blend(x, _grayscale(x), factor)


def _blend(x: torch.Tensor, other: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
    return (x * factor + other * (1 - factor)).clamp_(0, 1)


def _hue(x: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
    """Rotate the hue by `shift` of a full turn: RGB → HSV → RGB, as torchvision's `adjust_hue`."""
    if x.shape[1] == 1:
        return x
    low, high = x.aminmax(dim=1)  # [B, H, W]
    span = high - low
    one = torch.ones_like(span)
    saturation = span / torch.where(span == 0, one, high)
    from_red, from_green, from_blue = ((high[:, None] - x) / torch.where(span == 0, one, span)[:, None]).unbind(1)
    red, green, _ = x.unbind(1)
    hue = torch.where(
        high == red,
        from_blue - from_green,
        torch.where(high == green, 2 + from_red - from_blue, 4 + from_green - from_red),
    )
    hue = (hue / 6 + 1 + shift[:, 0]).remainder(1.0)
    # HSV → RGB: a channel is v - v·s·max(0, min(k, 4 - k, 1)) with k = (n + 6h) mod 6 and n = 5, 3, 1
    channels = []
    for n in (5, 3, 1):
        k = (n + 6 * hue).remainder(6.0)
        channels.append(high - high * saturation * torch.minimum(k, 4 - k).clamp(0, 1))
    return torch.stack(channels, 1)


KERNELS: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "brightness": _brightness,
    "contrast": _contrast,
    "saturation": _saturation,
    "hue": _hue,
}
