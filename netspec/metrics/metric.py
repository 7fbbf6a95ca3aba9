"""Metrics by name, which the table in netspec/language/sections/metrics.py lists; what is measured of each output."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from netspec.core.late import imported
from netspec.core.shapes import Shape
from netspec.distributed.process_group import ProcessGroup
from netspec.language.sections.metrics import column_name, measured, metric_kind
from netspec.metrics.request import Metric, MetricRequest
from netspec.objective.losses import Head, Objective, Tensors, WeightedLoss
from netspec.objective.targets import Kind


class Metrics:
    """Several metrics as one; `names` is the order that their values are told in."""

    def __init__(self, parts: Sequence[Metric], names: Sequence[str]) -> None:
        self.parts, self.names = parts, names

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """Add one batch to each."""
        for part in self.parts:
            part.update(output, target)

    def join(self, world: ProcessGroup) -> None:
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
    together: dict[tuple[str, str], list[str]] = {}  # those that one object measures
    for name in names:
        found = metric_kind(name)
        assert found is not None  # the check refuses others
        together.setdefault((found.make, name if found.pattern else ""), []).append(name)
    parts: list[Metric] = []
    for (make, _), asked in together.items():
        parts.append(imported(make)(MetricRequest(tuple(asked), kind, output, targets, device)))
    return Metrics(parts, names) if parts else None


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

    def join(self, world: ProcessGroup) -> None:
        """Put together what the processes have seen, each a part of the samples; all of them call it."""
        for part in self.parts:
            part.metric.join(world)

    def result(self) -> dict[str, Any]:
        """The values over all batches."""
        return {
            column_name(name, part.name) if part.name else name: value
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

    parts = tuple(WeightedLoss(head.name, head.place, head.loss.make().to(device), head.weight) for head in heads)
    return Objective(parts), measures
