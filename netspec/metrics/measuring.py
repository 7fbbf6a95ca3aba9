"""What outputs are measured by: the losses, weighted and summed, and the metrics of each output that has one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from netspec.distributed.process_group import World
from netspec.language.measures import measured, named
from netspec.metrics.metric import Metric, make_metrics
from netspec.objective.heads import Head
from netspec.objective.losses import Objective, Part, Tensors


@dataclass(frozen=True)
class Measure:
    """The metrics of one output: its place among the outputs, its target's among the targets, and what its columns have
    behind their names."""

    metric: Metric
    output: int
    target: int
    name: str = ""


class Measures:
    """The metrics of all outputs that have a loss, by the names of their columns."""

    def __init__(self, parts: Sequence[Measure]) -> None:
        self.parts = parts

    def update(self, outputs: Tensors, targets: Tensors) -> None:
        """Add a batch: all that the network gives, [B, *output] each, and a target for each loss."""
        for part in self.parts:
            part.metric.update(outputs[part.output], targets[part.target])

    def join(self, world: World) -> None:
        """Put together what the processes have seen, each a part of the samples; all of them call it."""
        for part in self.parts:
            part.metric.join(world)

    def result(self) -> dict[str, Any]:
        """The values over all batches."""
        return {
            named(name, part.name) if part.name else name: value
            for part in self.parts
            for name, value in part.metric.result().items()
        }


def make_measures(
    heads: tuple[Head, ...], asked: Sequence[str] | None, targets: Tensors, device: torch.device
) -> tuple[Objective, Callable[[], Measures | None]]:
    """The objective, and what makes the metrics of an evaluation; None where nothing is measured.

    Args:
        heads: the outputs that have a loss, the main one first.
        asked: the names of metrics; None: the usual ones.
        targets: [N, ...] what is measured against, or the first of it, for each head.
        device: where the batches are.
    """

    def measures() -> Measures | None:
        parts = []
        for index, (head, target) in enumerate(zip(heads, targets, strict=True)):
            names = measured(asked, head.loss.name)
            metric = make_metrics(names, head.kind, head.output.shape, target, device)
            if metric is not None:
                parts.append(Measure(metric, head.place, index, head.name if index else ""))
        return Measures(parts) if parts else None

    parts = tuple(Part(head.name, head.place, head.loss.make().to(device), head.weight) for head in heads)
    return Objective(parts), measures
