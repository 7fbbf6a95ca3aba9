"""How good outputs are: what is asked for by name, summed over batches and joined over processes.

Sums stay on the device; `result` is the only place that waits for it. Formulas are scikit-learn's of the same names;
what it averages over classes or labels is the macro average.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Protocol

import torch

from netspec.core.shapes import Shape
from netspec.distributed.process_group import World
from netspec.language.measures import OF_NUMBERS
from netspec.metrics.classes import Accuracy, Auroc, Rates, TopK
from netspec.metrics.numbers import Errors
from netspec.objective.targets import Kind


class Metric(Protocol):
    """Takes batches, then tells the values by name."""

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """Add one batch: output [N, ...], target as the loss gets it."""

    def join(self, world: World) -> None:
        """Put together what the processes have seen, each a part of the samples; all of them call it."""

    def result(self) -> dict[str, Any]:
        """The values over all batches: numbers, and lists for a confusion matrix."""


class Metrics:
    """Several metrics as one; `names` is the order that their values are told in."""

    def __init__(self, parts: Sequence[Metric], names: Sequence[str]) -> None:
        self.parts, self.names = parts, names

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """Add one batch to each."""
        for part in self.parts:
            part.update(output, target)

    def join(self, world: World) -> None:
        """Put each together."""
        for part in self.parts:
            part.join(world)

    def result(self) -> dict[str, Any]:
        """The values of all."""
        values = {name: value for part in self.parts for name, value in part.result().items()}
        return {name: values[name] for name in self.names if name in values}


def make_metrics(
    names: Sequence[str], kind: Kind, output: Shape, targets: torch.Tensor, device: torch.device
) -> Metric | None:
    """The metrics of these names; None where there are none.

    Args:
        names: as `stages.measures` has them, those that go with the loss.
        kind: what the loss compares.
        output: the output's sample shape.
        targets: [N, ...] what is measured against, or the first of it, for what has to be known beforehand.
        device: where the batches are.
    """
    parts: list[Metric] = []
    if "accuracy" in names:
        parts.append(Accuracy(kind, device))
    for name in names:
        if match := re.fullmatch(r"top(\d+)", name):
            parts.append(TopK(int(match[1]), device))
    if asked := [name for name in names if name in Rates.NAMES]:
        parts.append(Rates(kind, output, device, asked))
    if "auroc" in names:
        parts.append(Auroc(kind, output, device))
    if any(name in OF_NUMBERS for name in names):
        parts.append(Errors(targets.float().mean(0).to(device)))
    return Metrics(parts, names) if parts else None
