"""mixup and CutMix by torchvision: pictures of a batch are mixed with others of it, and their classes likewise."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import torch

from netspec.core.tree import Node, Sequence
from netspec.data.batches import Batch
from netspec.runtime.registry import Choice, Evaluate, Family, choose


@cache
def mixers() -> Family:
    """The transforms of torchvision that mix a batch."""
    from torchvision.transforms import v2

    hidden = frozenset({"num_classes", "labels_getter"})
    return Family("mixer", "torchvision.transforms.v2", {"MixUp": v2.MixUp, "CutMix": v2.CutMix}, hidden=hidden)


def choose_mixers(node: Node, evaluate: Evaluate) -> tuple[Choice, ...]:
    """What `mix` names, tried.

    Raises:
        SpecError: NS604, NS605.
    """
    chosen = [choose(item, mixers(), evaluate) for item in (node.items if isinstance(node, Sequence) else (node,))]
    make_mix(tuple(chosen), 2)
    return tuple(chosen)


def make_mix(chosen: tuple[Choice, ...], classes: int) -> Callable[[Batch], Batch]:
    """What mixes a batch: one of `chosen`, drawn anew each time from torch's generator, which checkpoints keep."""
    made: list[Any] = [choice.make(num_classes=classes) for choice in chosen]

    def mix(batch: Batch) -> Batch:
        index = int(torch.randint(len(made), ())) if len(made) > 1 else 0
        pictures, targets = made[index](batch.inputs[0], batch.targets[0])  # [B, C, H, W], [B, classes]
        return batch._replace(inputs=(pictures,), targets=(targets,) * len(batch.targets))  # outputs share the classes

    return mix
