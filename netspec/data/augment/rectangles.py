"""RandomCrop, RandomErasing and RandomResizedCrop on batches [B, C, H, W]: a rectangle for each sample."""

from __future__ import annotations

import math
from typing import Any

import torch

from netspec.data.augment.affine import interpolation_mode
from netspec.data.augment.draws import Draws, Params

ATTEMPTS = 10  # that torchvision makes to find a rectangle


def has_crop_form(transform: Any) -> bool:
    """Whether one fill is for all inputs."""
    return not isinstance(transform.fill, dict)


def draw_crop(transform: Any, x: torch.Tensor, draws: Draws) -> Params:
    """`top` and `left` [B] of windows in the padded batch."""
    left, top, right, bottom = _crop_padding(transform, x)
    height, width = x.shape[-2] + top + bottom, x.shape[-1] + left + right
    if height < transform.size[0] or width < transform.size[1]:
        transform.make_params([x])  # torchvision raises what is wrong
    return {
        "top": draws.below(height - transform.size[0] + 1),
        "left": draws.below(width - transform.size[1] + 1),
    }


def _crop_padding(transform: Any, x: torch.Tensor) -> list[int]:
    """Columns and rows to add: left, top, right, bottom. Those of `pad_if_needed` are added on both sides."""
    left, right, top, bottom = transform.padding or (0, 0, 0, 0)
    if transform.pad_if_needed:
        missing = max(0, transform.size[0] - (x.shape[-2] + top + bottom))
        top, bottom = top + missing, bottom + missing
        missing = max(0, transform.size[1] - (x.shape[-1] + left + right))
        left, right = left + missing, right + missing
    return [left, top, right, bottom]


def apply_crop(transform: Any, x: torch.Tensor, params: Params) -> torch.Tensor:
    """The windows, selected from the view of all windows."""
    padding = _crop_padding(transform, x)
    if any(padding):
        x = transform.transform(x, {"needs_pad": True, "needs_crop": False, "padding": padding})
    windows = x.unfold(2, transform.size[0], 1).unfold(3, transform.size[1], 1)  # [B, C, tops, lefts, h, w]
    top, left = (params[name].to(x.device, non_blocking=True) for name in ("top", "left"))
    chosen: torch.Tensor = windows[torch.arange(len(x), device=x.device), :, top, left]  # [B, C, h, w]
    return chosen


def draw_erasing(transform: Any, x: torch.Tensor, draws: Draws) -> Params:
    """`chosen` [B], the rectangles `i`, `j`, `h`, `w` [B], and `noise` [B, C, H, W] for value="random"."""
    channels, height, width = x.shape[1:]
    if transform.value is not None and len(transform.value) not in (1, channels):
        transform.make_params([x])  # torchvision raises what is wrong
    h, w = _attempts(transform, x, draws)  # torchvision's ratio is height / width here
    found, h, w = _first(h, w, (h < height) & (w < width))
    params = {"chosen": (draws.uniform() < transform.p) & found, "h": h, "w": w}
    params |= {"i": draws.below(height - h + 1), "j": draws.below(width - w + 1)}
    if transform.value is None:
        params["noise"] = draws.normal((channels, height, width))
    return params


def apply_erasing(transform: Any, x: torch.Tensor, params: Params) -> torch.Tensor:
    """The batch with its rectangles filled."""
    params = {name: value.to(x.device, non_blocking=True) for name, value in params.items()}
    rows = _between(x.shape[-2], params["i"], params["h"])[:, None, :, None]
    columns = _between(x.shape[-1], params["j"], params["w"])[:, None, None, :]
    inside = rows & columns & params["chosen"][:, None, None, None]  # [B, 1, H, W]
    if transform.value is None:
        return torch.where(inside, params["noise"].to(x.dtype), x)
    value = torch.tensor(transform.value, dtype=x.dtype).to(x.device, non_blocking=True)
    return torch.where(inside, value[:, None, None], x)


def _between(size: int, start: torch.Tensor, length: torch.Tensor) -> torch.Tensor:
    """bool [B, size]: which positions are among the `length` [B] from `start` [B] on."""
    position = torch.arange(size, device=start.device)
    return (position >= start[:, None]) & (position < (start + length)[:, None])


def _attempts(transform: Any, x: torch.Tensor, draws: Draws) -> tuple[torch.Tensor, torch.Tensor]:
    """Pairs of sides [B, ATTEMPTS] of random area; the first over the second is the random ratio."""
    smallest, largest = transform.scale
    area = x.shape[-2] * x.shape[-1] * draws.uniform(smallest, largest, (ATTEMPTS,))
    low, high = map(math.log, transform.ratio)
    ratio = draws.uniform(low, high, (ATTEMPTS,)).exp()
    return (area * ratio).sqrt().round().long(), (area / ratio).sqrt().round().long()


def _first(h: torch.Tensor, w: torch.Tensor, valid: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Whether an attempt of each sample is valid [B], and the sides of its first one."""
    first = valid.long().argmax(1, keepdim=True)  # argmax gives the first of equal ones
    return valid.any(1), h.gather(1, first)[:, 0], w.gather(1, first)[:, 0]


def has_resized_crop_form(transform: Any) -> bool:
    """Whether pictures are resized bilinearly with antialiasing, which is the default."""
    return interpolation_mode(transform) == "bilinear" and bool(transform.antialias)


def draw_resized_crop(transform: Any, x: torch.Tensor, draws: Draws) -> Params:
    """The rectangles `top`, `left`, `height`, `width` [B]; the largest one in the middle where none is found."""
    height, width = x.shape[-2:]
    w, h = _attempts(transform, x, draws)
    found, h, w = _first(h, w, (w > 0) & (w <= width) & (h > 0) & (h <= height))
    largest_h, largest_w = _largest(transform, height, width)
    h, w = torch.where(found, h, largest_h), torch.where(found, w, largest_w)
    top = torch.where(found, draws.below(height - h + 1), (height - largest_h) // 2)
    left = torch.where(found, draws.below(width - w + 1), (width - largest_w) // 2)
    return {"top": top, "left": left, "height": h, "width": w}


def _largest(transform: Any, height: int, width: int) -> tuple[int, int]:
    """Height and width of the largest rectangle whose ratio is allowed."""
    narrowest, widest = min(transform.ratio), max(transform.ratio)
    if width / height < narrowest:
        return round(width / narrowest), width
    if width / height > widest:
        return height, round(height * widest)
    return height, width


def apply_resized_crop(transform: Any, x: torch.Tensor, params: Params) -> torch.Tensor:
    """The rectangles, resized to the transform's size."""
    rows = _resize_matrix(params["top"], params["height"], x.shape[-2], transform.size[0])
    columns = _resize_matrix(params["left"], params["width"], x.shape[-1], transform.size[1])
    rows, columns = (one.to(x.device, x.dtype, non_blocking=True)[:, None] for one in (rows, columns))
    return rows @ (x @ columns.transpose(-1, -2))


def _resize_matrix(start: torch.Tensor, length: torch.Tensor, size: int, new_size: int) -> torch.Tensor:
    """float64 [B, new_size, size]: the weight of each pixel of a row in each pixel of the resized row.

    It is the triangle filter of torch's `interpolate(mode="bilinear", antialias=True)`.

    Args:
        start, length: [B] int64, the part of the row that is resized.
        size, new_size: in pixels.
    """
    scale = (length / new_size)[:, None, None].double()
    reach = scale.clamp(min=1.0)  # half the width of the triangle
    center = scale * (torch.arange(new_size) + 0.5)[None, :, None]
    first = (center - reach + 0.5).long().clamp(min=0)  # toward zero, as C++ casts
    last = torch.minimum((center + reach + 0.5).long(), length[:, None, None])
    pixel = torch.arange(size)[None, None] - start[:, None, None]  # from the start of the part: [B, 1, size]
    weights = (1 - ((pixel - center + 0.5) / reach).abs()).clamp(min=0.0) * ((pixel >= first) & (pixel < last))
    return weights / weights.sum(-1, keepdim=True)
