"""What a metric is, and what is asked of those that the table names: a MetricRequest → a Metric."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import torch

from netspec.core.shapes import Shape
from netspec.distributed.process_group import ProcessGroup
from netspec.objective.targets import Kind


class Metric(Protocol):
    """Takes batches, then tells the values by name."""

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """Add one batch: output [N, ...], target as the loss gets it."""

    def join(self, world: ProcessGroup) -> None:
        """Put together what the processes have seen, each a part of the samples; all of them call it."""

    def result(self) -> dict[str, Any]:
        """The values over all batches: numbers, and lists for a confusion matrix."""


@dataclass(frozen=True)
class MetricRequest:
    """What a `make` of the table is given.

    Args:
        names: the metrics that are asked for, of those that it makes.
        kind: what the loss compares.
        output: the output's sample shape.
        targets: [N, ...] what is measured against, or the first of it.
        device: where the batches are.
    """

    names: tuple[str, ...]
    kind: Kind
    output: Shape
    targets: torch.Tensor
    device: torch.device
