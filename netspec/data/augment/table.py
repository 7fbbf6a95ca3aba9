"""torchvision's random transforms on whole batches: for each sample what torchvision gives one by one.

Each has two halves: `draw` gives the parameters of every sample, as torchvision's `make_params` gives those of one, and
`apply` does to a batch what torchvision does to a sample with its parameters. Whatever is not in the table goes sample
by sample.

torchvision gives all samples of a batch the same random numbers. What else it offers takes this many times as long
(benchmarks/augment.py, 256×3×32×32, one thread, torch 2.15, torchvision 0.29), where torch.vmap takes its functional:

    transform               transform in a loop   functional under vmap   why it stands here
    RandomHorizontalFlip                    5.5                     1.7   vmap changes all samples; netspec only the
    RandomVerticalFlip                      5.3                     1.7   chosen ones, by torchvision's transform
    RandomGrayscale                        14.4                     1.7   on that part of the batch
    RandomInvert                            5.7                     1.5
    RandomSolarize                          3.7                     2.8
    RandomAutocontrast                      8.9                     2.3
    RandomAdjustSharpness                   1.6                     1.4
    GaussianNoise                           4.1                     3.2   torchvision's takes no generator
    RandomCrop                             11.4                       -   F.crop slices: its bounds are Python numbers
    RandomErasing                           8.0                       -   F.erase slices
    RandomRotation                          3.7                       -   F.rotate computes its matrix in Python numbers
    RandomAffine                            7.4                       -   F.affine too
    RandomResizedCrop                       2.5                       -   F.resized_crop slices
    ColorJitter                      4.7 to 12                        -   F.adjust_hue and others test their factor

Transforms that are not random, such as Normalize, are torchvision's, on the whole batch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from netspec.data.augment import affine, color, rectangles
from netspec.data.augment.draws import Draws, Params


@dataclass(frozen=True)
class Batched:
    """A transform on batches [B, C, H, W].

    Args:
        draw: (torchvision's transform, batch, draws) → parameters.
        apply: (torchvision's transform, batch, parameters) → new batch.
        supports: whether a transform's arguments have a form for batches.
    """

    draw: Callable[[Any, torch.Tensor, Draws], Params]
    apply: Callable[[Any, torch.Tensor, Params], torch.Tensor]
    supports: Callable[[Any], bool] = lambda transform: True


def _draw_coin(transform: Any, x: torch.Tensor, draws: Draws) -> Params:
    return {"chosen": draws.uniform() < transform.p}


def _apply_chosen(transform: Any, x: torch.Tensor, params: Params) -> torch.Tensor:
    """torchvision's own transform, on the chosen samples."""
    index = params["chosen"].nonzero()[:, 0]
    if not len(index):
        return x
    index = index.to(x.device, non_blocking=True)
    changed = x.clone()
    changed[index] = transform.transform(x[index], transform.make_params([x]))
    return changed


def _draw_noise(transform: Any, x: torch.Tensor, draws: Draws) -> Params:
    return {"noise": draws.normal(tuple(x.shape[1:]))}


def _apply_noise(transform: Any, x: torch.Tensor, params: Params) -> torch.Tensor:
    noisy: torch.Tensor = x + (transform.mean + params["noise"].to(x.device, non_blocking=True) * transform.sigma)
    return noisy.clamp(0, 1) if transform.clip else noisy


COIN = Batched(_draw_coin, _apply_chosen)  # transforms without further parameters
TABLE: dict[str, Batched] = {
    "RandomHorizontalFlip": COIN,
    "RandomVerticalFlip": COIN,
    "RandomGrayscale": COIN,
    "RandomInvert": COIN,
    "RandomSolarize": COIN,
    "RandomAutocontrast": COIN,
    "RandomAdjustSharpness": COIN,
    "GaussianNoise": Batched(_draw_noise, _apply_noise),
    "RandomCrop": Batched(rectangles.draw_crop, rectangles.apply_crop, rectangles.has_crop_form),
    "RandomErasing": Batched(rectangles.draw_erasing, rectangles.apply_erasing),
    "RandomRotation": Batched(affine.draw_rotation, affine.apply_affine, affine.has_affine_form),
    "RandomAffine": Batched(affine.draw_affine, affine.apply_affine, affine.has_affine_form),
    "RandomResizedCrop": Batched(
        rectangles.draw_resized_crop, rectangles.apply_resized_crop, rectangles.has_resized_crop_form
    ),
    "ColorJitter": Batched(color.draw_jitter, color.apply_jitter),
}


def batched(name: str, transform: Any) -> Batched | None:
    """The form for batches of a transform.

    Args:
        name: of its class.
        transform: torchvision's.

    Returns:
        The form; None where the transform, or its arguments, have none.
    """
    found = TABLE.get(name)
    return found if found is not None and found.supports(transform) else None


def per_sample_with_masks(
    transform: Callable[..., Any], x: torch.Tensor, masks: tuple[torch.Tensor, ...], draws: Draws
) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
    """A transform on each sample of a batch, and on its masks alike.

    Args:
        transform: torchvision's, which takes tv_tensors.
        x: [B, C, H, W].
        masks: [B, ..., H, W] each.
        draws: as of `per_sample`, which gives the same pictures.
    """
    from torchvision import tv_tensors

    rows = iter(zip(*masks, strict=True))
    moved: list[list[torch.Tensor]] = []

    def with_masks(sample: torch.Tensor) -> torch.Tensor:
        picture, *found = transform(tv_tensors.Image(sample), *map(tv_tensors.Mask, next(rows)))
        moved.append([mask.as_subclass(torch.Tensor) for mask in found])
        plain: torch.Tensor = picture.as_subclass(torch.Tensor)
        return plain

    changed = per_sample(with_masks, x, draws)
    return changed, tuple(map(torch.stack, zip(*moved, strict=True)))


def per_sample(transform: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor, draws: Draws) -> torch.Tensor:
    """A transform on each sample of a batch.

    Args:
        transform: torchvision's.
        x: [B, C, H, W].
        draws: seeds torch's global generator for each sample; without a generator of its own the seed stays.
    """
    if draws.generator is None:
        return torch.stack([transform(sample) for sample in x])
    before = torch.get_rng_state()
    try:
        results = []
        for sample, seed in zip(x, draws.seeds(), strict=True):
            torch.default_generator.manual_seed(seed)  # torch.manual_seed would seed the GPUs too
            results.append(transform(sample))
        return torch.stack(results)
    finally:
        torch.set_rng_state(before)
