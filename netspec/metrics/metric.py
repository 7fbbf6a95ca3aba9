"""Metrics by name, updated with batches and joined over processes; and the metrics of each output."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from netspec.core.shapes import Shape
from netspec.distributed.process_group import ProcessGroup
from netspec.language.sections.losses import Kind
from netspec.language.sections.metrics import OF_NUMBERS, column_name, measured
from netspec.metrics.classification import Accuracy, Auroc, PrecisionRecallF1, TopK
from netspec.metrics.regression import RegressionErrors
from netspec.objective.losses import Head, Objective, Tensors, WeightedLoss


class Metric(Protocol):
    """Is updated with batches, then gives the values by name."""

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """Add a batch: output [B, *output], target as the loss gets it."""

    def join(self, group: ProcessGroup) -> None:
        """Combine the processes, each of which saw a part of the samples; all of them call it."""

    def result(self) -> dict[str, Any]:
        """The values over all batches: numbers, and nested lists for a confusion matrix."""


class Metrics:
    """Several metrics as one; their values come in the order of `names`."""

    def __init__(self, parts: Sequence[Metric], names: Sequence[str]) -> None:
        self.parts, self.names = parts, names

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """Add one batch to each."""
        for part in self.parts:
            part.update(output, target)

    def join(self, group: ProcessGroup) -> None:
        """Combine the processes."""
        for part in self.parts:
            part.join(group)

    def result(self) -> dict[str, Any]:
        """The values of all."""
        values = {name: value for part in self.parts for name, value in part.result().items()}
        return {name: values[name] for name in self.names if name in values}


def make_metrics(
    names: Sequence[str], kind: Kind, output: Shape, targets: torch.Tensor, device: torch.device
) -> Metric | None:
    """The metrics of these names.

    Args:
        names: metrics that go with the loss, as `measured` of netspec/language/sections/metrics.py gives them.
        kind: what the loss compares.
        output: the output's sample shape.
        targets: [N, *target] the targets, or the first of them: errors of regression are summed around their mean.
        device: where the batches are.

    Returns:
        The metrics as one; None where `names` is empty.
    """
    parts: list[Metric] = []
    if "accuracy" in names:
        parts.append(Accuracy(kind, device))
    for name in names:
        if match := re.fullmatch(r"top(\d+)", name):
            parts.append(TopK(int(match[1]), device))
    if asked := [name for name in names if name in PrecisionRecallF1.NAMES]:
        parts.append(PrecisionRecallF1(kind, output, device, asked))
    if "auroc" in names:
        parts.append(Auroc(kind, output, device))
    if any(name in OF_NUMBERS for name in names):
        parts.append(RegressionErrors(targets.float().mean(0).to(device)))
    return Metrics(parts, names) if parts else None


@dataclass(frozen=True)
class Measure:
    """The metrics of one output.

    Args:
        metric: is updated with the output's batches.
        output: the output's index among those of the network.
        target: its target's index among the targets.
        name: the suffix of its columns; the main output has none.
    """

    metric: Metric
    output: int
    target: int
    name: str = ""


class Measures:
    """The metrics of all outputs that have a loss.

    Args:
        parts: one for each output.
    """

    def __init__(self, parts: Sequence[Measure]) -> None:
        self.parts = parts

    def update(self, outputs: Tensors, targets: Tensors) -> None:
        """Add a batch: all outputs of the network, [B, *output] each, and a target for each loss."""
        for part in self.parts:
            part.metric.update(outputs[part.output], targets[part.target])

    def join(self, group: ProcessGroup) -> None:
        """Combine the processes, each of which saw a part of the samples; all of them call it."""
        for part in self.parts:
            part.metric.join(group)

    def result(self) -> dict[str, Any]:
        """The values over all batches, by column."""
        return {
            column_name(name, part.name) if part.name else name: value
            for part in self.parts
            for name, value in part.metric.result().items()
        }


def make_measures(
    heads: tuple[Head, ...], asked: Sequence[str] | None, targets: Tensors, device: torch.device
) -> tuple[Objective, Callable[[], Measures | None]]:
    """The losses of a network, and a function that makes new metrics for an evaluation.

    Args:
        heads: the outputs that have a loss, the main one first.
        asked: the names of metrics; None: the usual ones.
        targets: [N, *target] for each head: the targets, or the first of them.
        device: where the batches are.

    Returns:
        The objective, and the function; it gives None where nothing is measured.
    """

    def measures() -> Measures | None:
        parts = []
        for index, (head, target) in enumerate(zip(heads, targets, strict=True)):
            names = measured(asked, head.loss.name)
            metric = make_metrics(names, head.kind, head.output.shape, target, device)
            if metric is not None:
                parts.append(Measure(metric, head.index, index, head.name if index else ""))
        return Measures(parts) if parts else None

    parts = tuple(WeightedLoss(head.name, head.index, head.loss.make().to(device), head.weight) for head in heads)
    return Objective(parts), measures
