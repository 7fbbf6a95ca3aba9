"""RandomResizedCrop on whole batches: a rectangle of each picture, resized with antialiasing.

The resize is linear in rows and in columns, so that each sample's is two matrices: [h, H] for the rows, [w, W] for the
columns. Their weights are those of torch's `interpolate(mode="bilinear", antialias=True)`, which are Pillow's.
"""

from __future__ import annotations

import math
from typing import Any

import torch

from netspec.data.augment.draws import Draws
from netspec.data.augment.geometry import ATTEMPTS, Params, mode


def suits(transform: Any) -> bool:
    """Whether it is the bilinear resize with antialiasing, which is the default."""
    return mode(transform) == "bilinear" and bool(transform.antialias)


def draw(transform: Any, x: torch.Tensor, draws: Draws) -> Params:
    """The rectangles `top`, `left`, `height`, `width` [B]; the largest one in the middle where none is found."""
    height, width = x.shape[-2:]
    area = height * width * draws.attempts(transform.scale, ATTEMPTS)  # [B, attempts]
    ratio = draws.attempts(map(math.log, transform.ratio), ATTEMPTS).exp()
    w, h = (area * ratio).sqrt().round().long(), (area / ratio).sqrt().round().long()
    valid = (w > 0) & (w <= width) & (h > 0) & (h <= height)
    first, found = valid.long().argmax(1, keepdim=True), valid.any(1)
    whole_h, whole_w = _middle(transform, height, width)
    h = torch.where(found, h.gather(1, first)[:, 0], whole_h)
    w = torch.where(found, w.gather(1, first)[:, 0], whole_w)
    top = torch.where(found, draws.below(height - h + 1), (height - whole_h) // 2)
    left = torch.where(found, draws.below(width - w + 1), (width - whole_w) // 2)
    return {"top": top, "left": left, "height": h, "width": w}


def _middle(transform: Any, height: int, width: int) -> tuple[int, int]:
    """Height and width of the largest rectangle whose ratio is allowed."""
    narrowest, widest = min(transform.ratio), max(transform.ratio)
    if width / height < narrowest:
        return round(width / narrowest), width
    if width / height > widest:
        return height, round(height * widest)
    return height, width


def apply(transform: Any, x: torch.Tensor, params: Params) -> torch.Tensor:
    """The rectangles at the transform's size."""
    rows = _weights(params["top"], params["height"], x.shape[-2], transform.size[0])
    columns = _weights(params["left"], params["width"], x.shape[-1], transform.size[1])
    rows, columns = (one.to(x.device, x.dtype, non_blocking=True)[:, None] for one in (rows, columns))
    return rows @ (x @ columns.transpose(-1, -2))


def _weights(start: torch.Tensor, length: torch.Tensor, size: int, wanted: int) -> torch.Tensor:
    """float64 [B, wanted, size]: what each of `size` positions gives to each of the `wanted` new ones.

    Args:
        start, length: [B] int64, the part of the positions that is stretched or squeezed to `wanted`.
        size, wanted: numbers of positions.
    """
    scale = (length / wanted)[:, None, None].double()
    reach = scale.clamp(min=1.0)  # of the triangle to each side
    center = scale * (torch.arange(wanted) + 0.5)[None, :, None]
    first = (center - reach + 0.5).long().clamp(min=0)  # toward zero, as C++ casts
    last = torch.minimum((center + reach + 0.5).long(), length[:, None, None])
    at = torch.arange(size)[None, None] - start[:, None, None]  # in the rectangle: [B, 1, size]
    weights = (1 - ((at - center + 0.5) / reach).abs()).clamp(min=0.0) * ((at >= first) & (at < last))
    return weights / weights.sum(-1, keepdim=True)
