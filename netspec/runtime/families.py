"""The classes that `data` and `train` name, their arguments as torch takes them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from netspec.core.tree import Node
from netspec.language.evaluate import Values
from netspec.language.sections.class_families import BALANCED, LOSS, OPTIMIZER, SCHEDULER, TRANSFORM
from netspec.runtime.registry import Choice, choose

PER_BATCH = frozenset({"OneCycleLR", "CyclicLR"})  # schedulers that torch documents as stepping after every batch
_TUPLES = ("betas", "etas", "step_sizes", "eps2")


def _loss_value(name: str, value: object, node: Node) -> object:
    """Lists of class weights become tensors; `balanced` stays until the data are there."""
    weights = name in ("weight", "pos_weight") and value is not None and value != BALANCED
    return torch.tensor(value, dtype=torch.float32) if weights else value


def choose_loss(node: Node, values: Values) -> Choice:
    """A loss of torch.nn.

    Args:
        node: `Name`, or `{Name: arguments}`.
        values: gives the value of a node.

    Raises:
        SpecError: NS202, NS604, NS605; see `choose`.
    """
    return choose(node, LOSS, values, _loss_value)


def optimizer_value(name: str, value: object, node: Node) -> object:
    """Pairs become tuples."""
    return tuple(value) if name in _TUPLES and isinstance(value, list) else value


def choose_optimizer(node: Node, values: Values) -> Choice:
    """An optimizer of torch.optim; see `choose`."""
    return choose(node, OPTIMIZER, values, optimizer_value)


def choose_scheduler(node: Node, values: Values) -> Choice:
    """A scheduler of torch.optim.lr_scheduler; in SequentialLR and ChainedScheduler the inner ones are choices too."""
    return choose(node, SCHEDULER, values)


def _transform_value(name: str, value: object, node: Node) -> object:
    """Words become torchvision's enums."""
    from torchvision.transforms import v2

    enum: Any = {"interpolation": v2.InterpolationMode, "policy": v2.AutoAugmentPolicy}.get(name)
    return enum(value.lower()) if enum is not None and isinstance(value, str) else value


def choose_transform(node: Node, values: Values) -> Choice:
    """A transform; the transforms in a container (RandomApply, RandomChoice, …) are constructed.

    Args:
        node: `Name`, or `{Name: arguments}`.
        values: gives the value of a node.

    Raises:
        SpecError: NS604, NS605; see `choose`.
    """
    return _made_inside(choose(node, TRANSFORM, values, _transform_value))


def _made_inside(choice: Choice) -> Choice:
    made = {
        key: [_made_inside(item).make() for item in value]
        for key, value in choice.kwargs.items()
        if isinstance(value, list) and value and all(isinstance(item, Choice) for item in value)
    }
    return replace(choice, kwargs={**choice.kwargs, **made})
