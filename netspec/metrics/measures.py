"""Metrics by name, from the table in netspec/language/sections/metrics.py; and the metrics of each output."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from netspec.core.lazy_import import imported
from netspec.core.shapes import Shape
from netspec.distributed.process_group import ProcessGroup
from netspec.language.sections.losses import Kind
from netspec.language.sections.metrics import column_name, measured, metric_kind, shown
from netspec.metrics.metric import Metric, MetricRequest
from netspec.metrics.own import OwnMetric
from netspec.objective.losses import Head, Objective, Tensors, WeightedLoss
from netspec.objective.units import Unit
from netspec.runtime.registry import Choice


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
    names: Sequence[str],
    kind: Kind,
    output: Shape,
    targets: torch.Tensor,
    device: torch.device,
    own: Mapping[str, Choice] | None = None,
) -> Metric | None:
    """The metrics of these names.

    Args:
        names: metrics that go with the loss, as `measured` of netspec/language/sections/metrics.py gives them.
        kind: what the loss compares.
        output: the output's sample shape.
        targets: [N, *target] the targets, or the first of them: errors of regression are summed around their mean.
        device: where the batches are.
        own: those of one's own, by their names.

    Returns:
        The metrics as one; None where `names` is empty.
    """
    own = own or {}
    together: dict[tuple[str, str], list[str]] = {}  # those that one object measures
    for name in (name for name in names if name not in own):
        found = metric_kind(name)
        assert found is not None  # the check refuses others
        together.setdefault((found.make, name if found.pattern else ""), []).append(name)
    parts: list[Metric] = [OwnMetric(own[name], device) for name in names if name in own]
    for (make, _), asked in together.items():
        parts.append(imported(make)(MetricRequest(tuple(asked), kind, output, targets, device)))
    return Metrics(parts, [*map(shown, names)]) if parts else None


class Counting:
    """Metrics of classes that leave out the places [B, *size] whose target is a number.

    Args:
        metric: is updated with the others, as outputs [places, C] and targets [places].
        ignore: the number, the loss's `ignore_index`.
    """

    def __init__(self, metric: Metric, ignore: int) -> None:
        self.metric, self.ignore = metric, ignore

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """Add a batch."""
        if target.is_floating_point():
            self.metric.update(output, target)
            return
        counts = target != self.ignore
        self.metric.update(output.movedim(1, -1)[counts], target[counts])

    def join(self, group: ProcessGroup) -> None:
        """Combine the processes."""
        self.metric.join(group)

    def result(self) -> dict[str, Any]:
        """The values of the metric."""
        return self.metric.result()


@dataclass(frozen=True)
class Measure:
    """The metrics of one output.

    Args:
        metric: is updated with the output's batches.
        output: the output's index among those of the network.
        target: its target's index among the targets.
        name: the suffix of its columns; the main output has none.
        unit: in which it is measured; None: that of the loss.
    """

    metric: Metric
    output: int
    target: int
    name: str = ""
    unit: Unit | None = None

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """Add a batch: the output [B, *output] and its target, as the loss takes them."""
        if self.unit is not None:
            output, target = self.unit.restored(output.float()), self.unit.restored(target.float())
        self.metric.update(output, target)


class Measures:
    """The metrics of all outputs that have a loss.

    Args:
        parts: one for each output.
        beside: values by column that do not depend on the network: those of naive forecasts.
    """

    def __init__(self, parts: Sequence[Measure], beside: dict[str, float] | None = None) -> None:
        self.parts, self.beside = parts, beside or {}

    def update(self, outputs: Tensors, targets: Tensors) -> None:
        """Add a batch: all outputs of the network, [B, *output] each, and a target for each loss."""
        for part in self.parts:
            part.update(outputs[part.output], targets[part.target])

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
        } | self.beside


def make_measures(
    heads: tuple[Head, ...],
    asked: Sequence[str] | None,
    targets: Tensors,
    device: torch.device,
    units: Sequence[Unit | None] = (),
    naive: Mapping[str, torch.Tensor] | None = None,
    own: Mapping[str, Choice] | None = None,
) -> tuple[Objective, Callable[[], Measures | None]]:
    """The losses of a network, and a function that makes new metrics for an evaluation.

    Args:
        heads: the outputs that have a loss, the main one first.
        asked: the names of metrics; None: the usual ones.
        targets: [N, *target] for each head: the targets, or the first of them.
        device: where the batches are.
        units: of the targets of each head, where they are scaled for the loss.
        naive: forecasts for all samples that are measured, by their names, [N, *target] as the loss takes targets.
        own: metrics of one's own, by their names.

    Returns:
        The objective, and the function; it gives None where nothing is measured.
    """
    units = (*units, *(None for _ in heads[len(units) :]))

    def parts_of() -> list[Measure]:
        parts = []
        for index, (head, target, unit) in enumerate(zip(heads, targets, units, strict=True)):
            if head.training_only:
                continue  # an evaluation does not have it
            names = measured(asked, head.kind)
            near = target if unit is None else unit.restored(target.float())
            metric = make_metrics(names, head.kind, head.output.shape, near, device, own)
            ignore = head.loss.kwargs.get("ignore_index")
            if metric is not None and isinstance(ignore, int) and head.kind == "classes":
                metric = Counting(metric, ignore)
            if metric is not None:
                parts.append(Measure(metric, head.index, index, head.name if index else "", unit))
        return parts

    beside: dict[str, float] = {}
    for name, forecast in (naive or {}).items():
        for part in parts_of()[:1]:
            expected = targets[part.target].to(device)
            part.update(forecast.to(device).reshape(expected.shape), expected)
            beside |= {column_name(metric, name): value for metric, value in part.metric.result().items()}

    def measures() -> Measures | None:
        parts = parts_of()
        return Measures(parts, beside) if parts else None

    parts = (
        WeightedLoss(head.name, head.index, head.loss.make().to(device), head.weight, head.training_only, head.further)
        for head in heads
    )
    return Objective(tuple(parts)), measures
