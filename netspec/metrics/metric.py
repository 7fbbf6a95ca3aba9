"""The interface of a metric, and the request from which a record of the table makes one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import torch

from netspec.core.shapes import Shape
from netspec.distributed.process_group import ProcessGroup
from netspec.language.sections.losses import Kind


class Metric(Protocol):
    """Is updated with batches, then gives the values by name."""

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """Add a batch: output [B, *output], target as the loss gets it."""

    def join(self, group: ProcessGroup) -> None:
        """Combine the processes, each of which saw a part of the samples; all of them call it."""

    def result(self) -> dict[str, Any]:
        """The values over all batches: numbers, and nested lists for a confusion matrix."""


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
