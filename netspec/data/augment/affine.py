"""RandomRotation and RandomAffine on batches [B, C, H, W]: a matrix for each sample, and one grid_sample for all."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from netspec.data.augment.draws import Draws, Params


def interpolation_mode(transform: Any) -> object:
    """The name of a transform's interpolation, which torchvision takes as its enum or as the name itself."""
    return getattr(transform.interpolation, "value", transform.interpolation)


def has_affine_form(transform: Any) -> bool:
    """Whether pictures keep their size, grid_sample knows the interpolation, and one fill is for all inputs."""
    return (
        interpolation_mode(transform) in ("nearest", "bilinear")
        and not isinstance(transform.fill, dict)
        and not getattr(transform, "expand", False)
    )


def draw_rotation(transform: Any, x: torch.Tensor, draws: Draws) -> Params:
    """`angle` [B] in degrees, and `matrix` [B, 2, 3] from output pixels to input pixels."""
    angle, zero = draws.uniform(*transform.degrees), torch.zeros(len(x), dtype=torch.float64)
    matrix = _inverse_matrix(_center(transform, x), -angle, zero, zero, zero + 1, zero, zero)
    return {"angle": angle, "matrix": matrix}


def draw_affine(transform: Any, x: torch.Tensor, draws: Draws) -> Params:
    """`angle`, `tx`, `ty`, `scale`, `shear_x`, `shear_y` [B], and `matrix` [B, 2, 3] from output to input pixels."""
    zero = torch.zeros(len(x), dtype=torch.float64)
    params = {"angle": draws.uniform(*transform.degrees), "tx": zero, "ty": zero, "scale": zero + 1}
    params |= {"shear_x": zero, "shear_y": zero}
    if transform.translate is not None:
        for name, fraction, size in zip(("tx", "ty"), transform.translate, (x.shape[-1], x.shape[-2]), strict=True):
            params[name] = draws.uniform(-fraction * size, fraction * size).round()
    if transform.scale is not None:
        params["scale"] = draws.uniform(*transform.scale)
    if transform.shear is not None:
        params["shear_x"] = draws.uniform(*transform.shear[:2])
        if len(transform.shear) == 4:
            params["shear_y"] = draws.uniform(*transform.shear[2:])
    return {**params, "matrix": _inverse_matrix(_center(transform, x), *params.values())}


def _center(transform: Any, x: torch.Tensor) -> tuple[float, float]:
    """The transform's center (x, y), in pixels from the middle of the picture."""
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

    With a = cos(r - sy)/cos(sy), b = -(a·tan(sx) + sin(r)), c = sin(r - sy)/cos(sy), d = cos(r) - c·tan(sx) the linear
    map is s·[[a, b], [c, d]] with determinant s², as in torchvision's `_get_inverse_affine_matrix`.
    """
    r, sx, sy = angle.deg2rad(), shear_x.deg2rad(), shear_y.deg2rad()
    a, c = (r - sy).cos() / sy.cos(), (r - sy).sin() / sy.cos()
    b, d = -(a * sx.tan() + r.sin()), r.cos() - c * sx.tan()
    linear = torch.stack([torch.stack([d, -b], 1), torch.stack([-c, a], 1)], 1) / scale[:, None, None]  # [B, 2, 2]
    middle = torch.tensor(center, dtype=torch.float64)
    moved = middle + torch.stack([tx, ty], 1)  # [B, 2]
    return torch.cat([linear, (middle - (linear @ moved[:, :, None])[..., 0])[:, :, None]], 2)


def apply_affine(transform: Any, x: torch.Tensor, params: Params) -> torch.Tensor:
    """Each pixel from the location that the sample's matrix gives; beyond the edge the fill, blended as in torchvision.

    The grid is computed in pixels, as in torchvision: torch's `affine_grid` rounds differently, and of two pixels that
    are equally near it may take the other one.
    """
    height, width = x.shape[-2:]
    theta = params["matrix"].to(x.dtype).to(x.device, non_blocking=True).transpose(1, 2)  # [B, 3, 2]
    base = x.new_ones(height, width, 3)
    base[..., 0] = torch.linspace((1.0 - width) * 0.5, (width - 1.0) * 0.5, width, device=x.device)
    base[..., 1] = torch.linspace((1.0 - height) * 0.5, (height - 1.0) * 0.5, height, device=x.device)[:, None]
    half = torch.tensor([0.5 * width, 0.5 * height], dtype=x.dtype).to(x.device, non_blocking=True)
    grid = (base.view(1, -1, 3) @ (theta / half)).view(len(x), height, width, 2)
    mode, fill = str(interpolation_mode(transform)), transform.fill
    if fill is None:
        return nn.functional.grid_sample(x, grid, mode, "zeros", align_corners=False)
    inside = x.new_ones(len(x), 1, height, width)
    sampled = nn.functional.grid_sample(torch.cat([x, inside], 1), grid, mode, "zeros", align_corners=False)
    picture, inside = sampled[:, :-1], sampled[:, -1:]
    values = [float(value) for value in fill] if isinstance(fill, list | tuple) else [float(fill)]
    color = torch.tensor(values, dtype=x.dtype).to(x.device, non_blocking=True)[:, None, None]
    if mode == "nearest":
        return torch.where(inside < 0.5, color, picture)
    return (picture - color) * inside + color
