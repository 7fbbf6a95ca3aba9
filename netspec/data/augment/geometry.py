"""Random crops, resized crops, erased rectangles, rotations and affine maps of whole batches [B, C, H, W]."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

from netspec.data.augment.draws import Draws

Params = dict[str, torch.Tensor]
ATTEMPTS = 10  # that torchvision makes to find a rectangle


def same_fill(transform: Any) -> bool:
    """Whether the fill is numbers, and no table by kind of sample."""
    return not isinstance(transform.fill, dict)


def mode(transform: Any) -> object:
    """The word for how a transform interpolates: torchvision takes its enum, or the word itself."""
    return getattr(transform.interpolation, "value", transform.interpolation)


def draw_crop(transform: Any, x: torch.Tensor, draws: Draws) -> Params:
    """`top` and `left` [B] of windows in the padded batch."""
    left, top, right, bottom = crop_padding(transform, x)
    height, width = x.shape[-2] + top + bottom, x.shape[-1] + left + right
    if height < transform.size[0] or width < transform.size[1]:
        transform.make_params([x])  # torchvision raises what is wrong
    return {
        "top": draws.below(height - transform.size[0] + 1),
        "left": draws.below(width - transform.size[1] + 1),
    }


def crop_padding(transform: Any, x: torch.Tensor) -> list[int]:
    """Rows and columns to add: left, top, right, bottom. What `pad_if_needed` adds comes on both sides."""
    left, right, top, bottom = transform.padding or (0, 0, 0, 0)
    if transform.pad_if_needed:
        missing = max(0, transform.size[0] - (x.shape[-2] + top + bottom))
        top, bottom = top + missing, bottom + missing
        missing = max(0, transform.size[1] - (x.shape[-1] + left + right))
        left, right = left + missing, right + missing
    return [left, top, right, bottom]


def apply_crop(transform: Any, x: torch.Tensor, params: Params) -> torch.Tensor:
    """The windows, as an index into the view of all windows."""
    padding = crop_padding(transform, x)
    if any(padding):
        x = transform.transform(x, {"needs_pad": True, "needs_crop": False, "padding": padding})
    windows = x.unfold(2, transform.size[0], 1).unfold(3, transform.size[1], 1)  # [B, C, tops, lefts, h, w]
    top, left = (params[name].to(x.device, non_blocking=True) for name in ("top", "left"))
    chosen: torch.Tensor = windows[torch.arange(len(x), device=x.device), :, top, left]  # [B, C, h, w]
    return chosen


def draw_erasing(transform: Any, x: torch.Tensor, draws: Draws) -> Params:
    """`chosen` [B] and the rectangles `i`, `j`, `h`, `w` [B]; `noise` [B, C, H, W] where that is what is put there."""
    channels, height, width = x.shape[1:]
    if transform.value is not None and len(transform.value) not in (1, channels):
        transform.make_params([x])  # torchvision raises what is wrong
    area = height * width * draws.attempts(transform.scale, ATTEMPTS)  # [B, attempts]
    ratio = draws.attempts(map(math.log, transform.ratio), ATTEMPTS).exp()
    h, w = (area * ratio).sqrt().round().long(), (area / ratio).sqrt().round().long()
    valid = (h < height) & (w < width)
    first = valid.long().argmax(1, keepdim=True)  # of equal ones argmax gives the first
    h, w = h.gather(1, first)[:, 0], w.gather(1, first)[:, 0]
    params = {"chosen": (draws.uniform() < transform.p) & valid.any(1), "h": h, "w": w}
    params |= {"i": draws.below(height - h + 1), "j": draws.below(width - w + 1)}
    if transform.value is None:
        params["noise"] = draws.normal((channels, height, width))
    return params


def apply_erasing(transform: Any, x: torch.Tensor, params: Params) -> torch.Tensor:
    """The rectangles filled."""
    there = {name: value.to(x.device, non_blocking=True) for name, value in params.items()}
    rows = _between(x.shape[-2], there["i"], there["h"])[:, None, :, None]
    columns = _between(x.shape[-1], there["j"], there["w"])[:, None, None, :]
    inside = rows & columns & there["chosen"][:, None, None, None]  # [B, 1, H, W]
    if transform.value is None:
        return torch.where(inside, there["noise"].to(x.dtype), x)
    value = torch.tensor(transform.value, dtype=x.dtype).to(x.device, non_blocking=True)
    return torch.where(inside, value[:, None, None], x)


def _between(size: int, start: torch.Tensor, length: torch.Tensor) -> torch.Tensor:
    """bool [B, size]: which positions lie in `length` [B] from `start` [B] on."""
    at = torch.arange(size, device=start.device)
    return (at >= start[:, None]) & (at < (start + length)[:, None])


def turns(transform: Any) -> bool:
    """Whether pictures keep their size, and are sampled as grid_sample can."""
    return (
        mode(transform) in ("nearest", "bilinear") and same_fill(transform) and not getattr(transform, "expand", False)
    )


def draw_rotation(transform: Any, x: torch.Tensor, draws: Draws) -> Params:
    """`angle` [B], `matrix` [B, 2, 3]: where each pixel is taken from."""
    angle, zero = draws.uniform(*transform.degrees), torch.zeros(len(x), dtype=torch.float64)
    matrix = _inverse_matrix(_center(transform, x), -angle, zero, zero, zero + 1, zero, zero)
    return {"angle": angle, "matrix": matrix}


def draw_affine(transform: Any, x: torch.Tensor, draws: Draws) -> Params:
    """`angle`, `tx`, `ty`, `scale`, `shear_x`, `shear_y` [B], `matrix` [B, 2, 3]: where each pixel is taken from."""
    zero = torch.zeros(len(x), dtype=torch.float64)
    params = {"angle": draws.uniform(*transform.degrees), "tx": zero, "ty": zero, "scale": zero + 1}
    params |= {"shear_x": zero, "shear_y": zero}
    if transform.translate is not None:
        for name, share, size in zip(("tx", "ty"), transform.translate, (x.shape[-1], x.shape[-2]), strict=True):
            params[name] = draws.uniform(-share * size, share * size).round()
    if transform.scale is not None:
        params["scale"] = draws.uniform(*transform.scale)
    if transform.shear is not None:
        params["shear_x"] = draws.uniform(*transform.shear[:2])
        if len(transform.shear) == 4:
            params["shear_y"] = draws.uniform(*transform.shear[2:])
    return {**params, "matrix": _inverse_matrix(_center(transform, x), *params.values())}


def _center(transform: Any, x: torch.Tensor) -> tuple[float, float]:
    """The center from the picture's middle, in pixels: x, y."""
    if transform.center is None:
        return 0.0, 0.0
    return transform.center[0] - x.shape[-1] * 0.5, transform.center[1] - x.shape[-2] * 0.5


def _inverse_matrix(
    center: tuple[float, float],
    angle: torch.Tensor,
    tx: torch.Tensor,
    ty: torch.Tensor,
    scale: torch.Tensor,
    shear_x: torch.Tensor,
    shear_y: torch.Tensor,
) -> torch.Tensor:
    """[B, 2, 3], the inverse of: shear, scale and rotate (degrees, [B] each) about the center, then move by tx, ty.

    With a = cos(r - sy)/cos(sy), b = -(a·tan(sx) + sin(r)), c = sin(r - sy)/cos(sy), d = cos(r) - c·tan(sx) the map is
    s·[[a, b], [c, d]], of determinant s²; it is how torchvision and Pillow define an affine map.
    """
    turn, sx, sy = angle.deg2rad(), shear_x.deg2rad(), shear_y.deg2rad()
    a, c = (turn - sy).cos() / sy.cos(), (turn - sy).sin() / sy.cos()
    b, d = -(a * sx.tan() + turn.sin()), turn.cos() - c * sx.tan()
    linear = torch.stack([torch.stack([d, -b], 1), torch.stack([-c, a], 1)], 1) / scale[:, None, None]  # [B, 2, 2]
    middle = torch.tensor(center, dtype=torch.float64)
    moved = middle + torch.stack([tx, ty], 1)  # [B, 2]
    return torch.cat([linear, (middle - (linear @ moved[:, :, None])[..., 0])[:, :, None]], 2)


def apply_affine(transform: Any, x: torch.Tensor, params: Params) -> torch.Tensor:
    """Each pixel from where the sample's matrix says; beyond the edge the fill, blended in as torchvision does.

    The grid is computed in pixels, as in torchvision: torch's `affine_grid` rounds differently, and of two pixels that
    are equally near it may take the other one.
    """
    height, width = x.shape[-2:]
    theta = params["matrix"].to(x.dtype)
    theta = theta.to(x.device, non_blocking=True).transpose(1, 2)  # [B, 3, 2]
    base = x.new_ones(height, width, 3)
    base[..., 0] = torch.linspace((1.0 - width) * 0.5, (width - 1.0) * 0.5, width, device=x.device)
    base[..., 1] = torch.linspace((1.0 - height) * 0.5, (height - 1.0) * 0.5, height, device=x.device)[:, None]
    half = torch.tensor([0.5 * width, 0.5 * height], dtype=x.dtype).to(x.device, non_blocking=True)
    grid = (base.view(1, -1, 3) @ (theta / half)).view(len(x), height, width, 2)
    how, fill = str(mode(transform)), transform.fill
    if fill is None:
        return nn.functional.grid_sample(x, grid, how, "zeros", align_corners=False)
    inside = x.new_ones(len(x), 1, height, width)
    sampled = nn.functional.grid_sample(torch.cat([x, inside], 1), grid, how, "zeros", align_corners=False)
    picture, inside = sampled[:, :-1], sampled[:, -1:]
    values = [float(value) for value in fill] if isinstance(fill, list | tuple) else [float(fill)]
    color = torch.tensor(values, dtype=x.dtype).to(x.device, non_blocking=True)[:, None, None]
    if how == "nearest":
        return torch.where(inside < 0.5, color, picture)
    return (picture - color) * inside + color


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
