"""torchvision's MixUp and CutMix: the pictures of a batch are mixed with each other, and so are their classes."""

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
    """The transforms that `mix` names, each constructed once on trial.

    Args:
        node: the value of `mix`.
        evaluate: gives the value of a node.

    Raises:
        SpecError: NS604, NS605.
    """
    chosen = [choose(item, mixers(), evaluate) for item in (node.items if isinstance(node, Sequence) else (node,))]
    make_mix(tuple(chosen), 2)
    return tuple(chosen)


def make_mix(chosen: tuple[Choice, ...], classes: int) -> Callable[[Batch], Batch]:
    """A function that mixes a batch by a random transform, drawn from torch's generator, which checkpoints hold.

    Args:
        chosen: the transforms.
        classes: their number.
    """
    made: list[Any] = [choice.make(num_classes=classes) for choice in chosen]

    def mix(batch: Batch) -> Batch:
        index = int(torch.randint(len(made), ())) if len(made) > 1 else 0
        pictures, targets = made[index](batch.inputs[0], batch.targets[0])  # [B, C, H, W], [B, classes]
        return batch._replace(inputs=(pictures,), targets=(targets,) * len(batch.targets))  # outputs share the classes

    return mix
