"""Checks before training: random transforms against masks, which have to move with their pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torchvision import tv_tensors

from netspec.data.split import Data
from netspec.data.transforms import Pipeline, is_spatial
from netspec.runtime.diagnostics import Collector, spec_error


def check_masks(data: Data, pipeline: Pipeline) -> None:
    """Check that the random transforms keep targets with a value a pixel, masks, where their pictures are.

    Raises:
        SpecError: NS605, at each that moves the picture alone.
    """
    if not data.source.picture or not pipeline.augment:
        return
    first = data.train.inputs[0][:1]
    shape = (first if data.source.shaped else pipeline.shape(first)).shape
    if not any(isinstance(each, torch.Tensor) and is_spatial(each, shape) for each in data.train.targets):
        return
    collector = Collector()
    for choice, transform in pipeline.augment:
        if not _takes_masks(transform, shape):
            with collector.step():
                what = f"{choice.name} is for pictures alone, and leaves its mask where it is"
                advice = "RandomAffine, RandomResizedCrop and others move both; ColorJitter and others need not"
                raise spec_error("NS605", what, choice.node, ("fix", advice))
        elif choice.kwargs.get("fill", 0) not in (0, None):
            with collector.step():
                what = f"{choice.name} would fill a mask with the number that it fills the picture with"
                raise spec_error("NS605", what, choice.argument_nodes.get("fill", choice.node), ("fix", "fill: 0"))
    collector.finish()


def _takes_masks(transform: Any, shape: Sequence[int]) -> bool:
    """Whether a transform of torchvision's takes a picture with its mask; the AutoAugment family refuses masks."""
    picture, mask = torch.zeros(*shape[1:]), torch.zeros(*shape[2:], dtype=torch.uint8)
    with torch.random.fork_rng(devices=[]):
        try:
            transform(tv_tensors.Image(picture), tv_tensors.Mask(mask))
        except TypeError:
            return False
        except Exception:  # of its arguments, which the check of a sample reports
            return True
    return True
