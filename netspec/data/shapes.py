"""Drawn shapes → LoadedData: grey pictures of discs, squares and triangles, with masks or with the labels of a picture.

Nothing is read or downloaded; the same arguments give the same pictures.
"""

from __future__ import annotations

from typing import Any

import torch

from netspec.core.conforms import conforms
from netspec.core.tree import Scalar
from netspec.data.split import LoadedData, LoadRequest, Split, Target, all_of, own_arguments
from netspec.language.sections.array_keys import SHAPE_NAMES, SHAPES_KEYS
from netspec.runtime.diagnostics import spec_error

NOISE = 0.15  # its standard deviation, where black is 0 and white 1
CHANCE = 0.6  # that a shape is in a picture


def load(request: LoadRequest) -> LoadedData:
    """`{Shapes: {target: masks}}`: training pictures, and half as many of another seed to validate.

    Pictures are uint8 [N, 1, size, size]; masks int64 [N, size, size], 0 for the background; labels int64 [N, 3].

    Raises:
        SpecError: NS202, an argument is out of its range.
    """
    given: dict[str, Any] = {key.name: key.default for key in SHAPES_KEYS}
    if isinstance(request.arguments, Scalar):
        given["target"] = request.evaluate(request.arguments)
    else:
        given |= own_arguments(request, *given)
    for key in SHAPES_KEYS:
        if not conforms(given[key.name], key.schema):
            at = request.argument(key.name) or request.arguments or request.name
            raise spec_error("NS202", f"Shapes → {key.name} is {key.wants}", at)
    masks, count, size, seed = given["target"] == "masks", given["count"], given["size"], given["seed"]
    classes = ("background", *SHAPE_NAMES) if masks else SHAPE_NAMES
    whole = draw(count, size, seed, masks)
    test = draw(-(-count // 2), size, seed + 1, masks) if request.parts else None
    return LoadedData(whole, test, targets=(Target(None, classes),), picture=True)


def draw(count: int, size: int, seed: int, masks: bool) -> Split:
    """Pictures with up to one disc, square and triangle each, a later one over an earlier one, in noise.

    Args:
        count: the number of pictures.
        size: of their sides, in pixels.
        seed: of everything random.
        masks: whether the target is the shape of each pixel; else whether each shape is there.
    """
    random = torch.Generator().manual_seed(seed)
    uniform = torch.rand((count, len(SHAPE_NAMES), 5), generator=random)  # centre y and x, half a side, grey, presence
    y, x = (uniform[..., axis, None, None] * 0.7 + 0.15 for axis in (0, 1))
    radius, grey = uniform[..., 2, None, None] * 0.1 + 0.12, uniform[..., 3, None, None] * 0.5 + 0.5
    at = (torch.arange(size) + 0.5) / size
    down, across = at[:, None] - y, (at[None, :] - x).abs()  # [N, shapes, size, 1], [N, shapes, 1, size]
    inside = torch.stack([
        down[:, 0] ** 2 + across[:, 0] ** 2 < radius[:, 0] ** 2,
        torch.maximum(down[:, 1].abs(), across[:, 1]) < radius[:, 1],
        (down[:, 2].abs() < radius[:, 2]) & (across[:, 2] < (down[:, 2] + radius[:, 2]) / 2),
    ])  # fmt: skip
    there = uniform[..., 4].T < CHANCE  # [shapes, N]
    mask, picture = torch.zeros(count, size, size, dtype=torch.long), torch.full((count, size, size), 0.25)
    for index, region in enumerate(inside & there[:, :, None, None]):
        mask[region] = index + 1
        picture = torch.where(region, grey[:, index], picture)
    noisy = picture + NOISE * torch.randn(picture.shape, generator=random)
    pictures = (noisy.clamp(0, 1) * 255).round().to(torch.uint8)[:, None]
    visible = torch.stack([(mask == index + 1).flatten(1).any(1) for index in range(len(SHAPE_NAMES))], 1)
    return all_of(pictures, mask if masks else visible.long())
