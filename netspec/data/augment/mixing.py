"""torchvision's MixUp and CutMix: the pictures of a batch are mixed with each other, and so are their classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from netspec.core.tree import Node, Sequence
from netspec.data.batches import Batch
from netspec.language.evaluate import Values
from netspec.language.sections.class_families import MIXER
from netspec.runtime.registry import Choice, choose


def choose_mixers(node: Node, values: Values) -> tuple[Choice, ...]:
    """The transforms that `mix` names, each constructed once on trial.

    Args:
        node: the value of `mix`.
        values: gives the value of a node.

    Raises:
        SpecError: NS604, NS605.
    """
    chosen = [choose(item, MIXER, values) for item in (node.items if isinstance(node, Sequence) else (node,))]
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
