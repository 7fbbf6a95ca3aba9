"""Transforms: stored samples → the network's input.

Pictures come as uint8 [C, H, W]. The `transforms` that only change their size come first and keep whole numbers, as
PIL does; then they are scaled to [0, 1]. The other `transforms` before the first Normalize follow, for training samples
those of `augment`, and the rest. They work on batches [N, C, H, W]; random ones that have no form for batches go sample
by sample.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torchvision import tv_tensors

from netspec.core.tree import Mapping, describe
from netspec.core.tree import Sequence as ListNode
from netspec.data.augment.draws import Draws
from netspec.data.augment.table import batched, per_sample, per_sample_with_masks
from netspec.language.sections.class_families import is_random
from netspec.language.spec import Spec
from netspec.runtime.diagnostics import Collector, spec_error
from netspec.runtime.families import choose_transform
from netspec.runtime.registry import Choice

Step = tuple[Choice, Callable[[torch.Tensor], torch.Tensor]]
CHUNK = 1024  # samples
SIZES = frozenset({"Resize", "CenterCrop"})  # change the size alone; of uint8 torch resizes in a quarter of the time
Tensors = tuple[torch.Tensor, ...]
MOVES = frozenset({"RandomHorizontalFlip", "RandomVerticalFlip", "RandomCrop"})  # pixels, without a mixture of them
COLOURS = frozenset({  # change pixels where they are
    "ColorJitter", "GaussianBlur", "GaussianNoise", "Grayscale", "Normalize", "RandomAdjustSharpness",
    "RandomAutocontrast", "RandomChannelPermutation", "RandomEqualize", "RandomErasing", "RandomGrayscale",
    "RandomInvert", "RandomPhotometricDistort", "RandomPosterize", "RandomSolarize",
})  # fmt: skip


def is_spatial(targets: torch.Tensor, pictures: Sequence[int]) -> bool:
    """Whether targets [N, ...] have a value for each pixel of pictures of the shape [N, C, H, W]."""
    return targets.ndim > 2 and len(pictures) == 4 and tuple(targets.shape[-2:]) == tuple(pictures[-2:])


def to_float(x: torch.Tensor) -> torch.Tensor:
    """uint8 as float32 in [0, 1]; floats, and masks, unchanged."""
    return x.to(torch.float32).div_(255) if x.dtype == torch.uint8 and not isinstance(x, tv_tensors.Mask) else x


@dataclass(frozen=True)
class Pipeline:
    """The spec's transforms.

    Args:
        before: those before Normalize, applied first.
        augment: the random ones, of training samples only.
        after: Normalize and what follows it, applied last.
    """

    before: tuple[Step, ...] = ()
    augment: tuple[Step, ...] = ()
    after: tuple[Step, ...] = ()

    def shape(self, x: torch.Tensor) -> torch.Tensor:
        """Apply the transforms before Normalize, on a picture or a batch; uint8 remains where they only change sizes.

        A tv_tensors.Mask keeps its numbers: torchvision moves its pixels alone, and never mixes them.
        """
        others = next((at for at, (choice, _) in enumerate(self.before) if choice.name not in SIZES), None)
        if others is None:
            return _apply(self.before, x)
        return _apply(self.before[others:], to_float(_apply(self.before[:others], x)))

    def finish(self, x: torch.Tensor) -> torch.Tensor:
        """Apply the transforms after the random ones, on a batch, scaled if it is not yet."""
        return _apply(self.after, to_float(x))

    def plain(self, x: torch.Tensor) -> torch.Tensor:
        """Apply all transforms but the random ones, on a batch."""
        return self.finish(self.shape(x))

    def random(self, x: torch.Tensor, draws: Draws | None = None) -> torch.Tensor:
        """Apply the random transforms, with other numbers for each sample; None: from the global generator."""
        draws = draws or Draws(len(x))
        steps = [(choice, partial(_apply_random, choice.name, transform, draws)) for choice, transform in self.augment]
        return _apply(steps, to_float(x))

    def random_with_masks(self, x: torch.Tensor, masks: Tensors, draws: Draws) -> tuple[torch.Tensor, Tensors]:
        """`random`, where masks of the same height and width move with their pictures.

        A transform that moves whole pixels gets the masks as further channels, so that both have the same numbers. One
        that only changes colours leaves them as they are. Others go sample by sample, as torchvision has them for
        pictures with their masks.

        Args:
            x: [B, C, H, W].
            masks: [B, ..., H, W] each.
            draws: of the step.
        """
        x = to_float(x)
        for choice, transform in self.augment:
            step = [(choice, partial(_apply_random, choice.name, transform, draws))]
            if choice.name not in MOVES | COLOURS:
                try:
                    x, masks = per_sample_with_masks(transform, x, masks, draws)
                except Exception as error:  # torchvision raises many types
                    raise choice.refuse(error) from error
            if choice.name not in MOVES:
                x = _apply(step, x) if choice.name in COLOURS else x
                continue
            channels = [mask.reshape(len(x), -1, *x.shape[-2:]).to(x.dtype) for mask in masks]
            moved = _apply(step, torch.cat([x, *channels], 1))
            x, *parts = torch.split(moved, [x.shape[1], *(part.shape[1] for part in channels)], 1)
            size = x.shape[-2:]
            masks = tuple(p.reshape(*m.shape[:-2], *size).to(m.dtype) for p, m in zip(parts, masks, strict=True))
        return x, masks

    @property
    def in_batches(self) -> bool:
        """Whether all random transforms have a form for batches."""
        return all(not is_random(choice.name) or batched(choice.name, made) for choice, made in self.augment)


def _apply_random(name: str, transform: Any, draws: Draws, x: torch.Tensor) -> torch.Tensor:
    if not is_random(name):
        changed: torch.Tensor = transform(x)
        return changed
    form = batched(name, transform)
    if form is None:
        return per_sample(transform, x, draws)
    return form.apply(transform, x, form.draw(transform, x, draws))


def _apply(steps: Sequence[Step], x: torch.Tensor) -> torch.Tensor:
    for choice, transform in steps:
        try:
            x = transform(x)
        except Exception as error:  # torchvision raises many types
            raise choice.refuse(error) from error
    return x


def in_chunks(function: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """`function` over a whole set [N, ...], in bounded extra memory."""
    first = function(x[:CHUNK])
    if len(x) <= CHUNK:
        return first
    result = first.new_empty((len(x), *first.shape[1:]))
    result[:CHUNK] = first
    for start in range(CHUNK, len(x), CHUNK):
        result[start : start + CHUNK] = function(x[start : start + CHUNK])
    return result


def read_pipeline(spec: Spec) -> Pipeline:
    """The transforms of a spec's `data`, constructed.

    Args:
        spec: to read.

    Raises:
        SpecError: NS202, NS604, NS605 for each unknown transform and for its arguments.
    """
    section = spec.data
    if not isinstance(section, Mapping):
        return Pipeline()
    collector = Collector()
    steps: dict[str, list[Step]] = {"transforms": [], "augment": []}
    for key, chosen in steps.items():
        node = section.get(key)
        if node is None:
            continue
        if not isinstance(node, ListNode):
            raise spec_error("NS202", f"data → {key} is a list of transforms, not {describe(node)}", node)
        for item in node.items:
            with collector.step():
                choice = choose_transform(item, spec.values)
                if key == "transforms" and is_random(choice.name):
                    message = f"{choice.name} is random: under `augment` it is for training samples only"
                    raise spec_error("NS605", message, choice.node)
                chosen.append((choice, choice.make()))
    collector.finish()
    names = [choice.name for choice, _ in steps["transforms"]]
    cut = names.index("Normalize") if "Normalize" in names else len(names)
    before, after = steps["transforms"][:cut], steps["transforms"][cut:]
    return Pipeline(tuple(before), tuple(steps["augment"]), tuple(after))
