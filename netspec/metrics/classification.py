"""Metrics of classes and labels: accuracy, top-k, precision, recall, F1, the confusion matrix, AUROC.

A loss over classes (CrossEntropyLoss) has outputs [N, C] and targets [N], or [N, C] probabilities; for pictures also
[N, C, *places] and [N, *places], where each place counts. A loss over labels
(BCEWithLogitsLoss, BCELoss, SoftMarginLoss, …) has both as [N, *labels]: each label is there or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import nan, prod
from typing import Any

import torch

from netspec.core.shapes import Shape
from netspec.distributed.process_group import ProcessGroup
from netspec.metrics.request import MetricRequest
from netspec.objective.targets import Kind


def predicted_labels(output: torch.Tensor, kind: Kind) -> torch.Tensor:
    """What outputs decide for: a class [N], or labels [N, *labels] that are there or not."""
    return output.argmax(1) if kind == "classes" else output > (0.5 if kind == "probabilities" else 0.0)


def true_labels(target: torch.Tensor, kind: Kind) -> torch.Tensor:
    """The targets, as `said` has the outputs."""
    if kind == "classes":
        return target.argmax(1) if target.is_floating_point() else target
    return target > (0.0 if kind == "signs" else 0.5)


class Accuracy:
    """The share of right answers: of the classes, or of all labels."""

    def __init__(self, kind: Kind, device: torch.device) -> None:
        self.kind = kind
        self.sums = torch.zeros(2, dtype=torch.long, device=device)  # right, seen

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """Add a batch."""
        hits = predicted_labels(output, self.kind) == true_labels(target, self.kind)
        self.sums[0] += hits.sum()
        self.sums[1] += hits.numel()

    def join(self, world: ProcessGroup) -> None:
        """Put together what the processes have seen."""
        self.sums = world.sum(self.sums)

    def result(self) -> dict[str, float]:
        """accuracy."""
        right, seen = self.sums.tolist()
        return {"accuracy": right / seen} if seen else {}


class TopK:
    """The share of samples whose class is among the `k` of the largest outputs."""

    def __init__(self, k: int, device: torch.device) -> None:
        self.k = k
        self.sums = torch.zeros(2, dtype=torch.long, device=device)  # right, seen

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """Add a batch: output [N, C]."""
        best = output.topk(min(self.k, output.shape[1]), 1).indices  # [N, k]
        truth = true_labels(target, "classes")
        self.sums[0] += (best == truth[:, None]).sum()
        self.sums[1] += truth.numel()

    def join(self, world: ProcessGroup) -> None:
        """Put together what the processes have seen."""
        self.sums = world.sum(self.sums)

    def result(self) -> dict[str, float]:
        """top<k>."""
        right, seen = self.sums.tolist()
        return {f"top{self.k}": right / seen} if seen else {}


class PrecisionRecallF1:
    """Precision, recall and F1 as macro averages, and the confusion matrix that they come from.

    Classes that neither occur nor are ever said are left out of the average, as scikit-learn does; a rate with nothing
    to divide by is 0. A single label has the rates of being there.
    """

    NAMES = ("precision", "recall", "f1", "confusion_matrix")

    def __init__(self, kind: Kind, output: Shape, device: torch.device, names: Sequence[str] = NAMES) -> None:
        self.kind, self.names = kind, names
        self.labels, self.classes = (1, output[0]) if kind == "classes" else (prod(output), 2)
        self.counts = torch.zeros(self.labels * self.classes**2, dtype=torch.long, device=device)
        self.first = torch.arange(self.labels, device=device) * self.classes**2  # where each label's matrix begins

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """Add a batch."""
        pair = true_labels(target, self.kind) * self.classes + predicted_labels(output, self.kind)
        index = (pair.reshape(-1, self.labels) + self.first).flatten()
        self.counts.index_add_(0, index, torch.ones_like(index))

    def join(self, world: ProcessGroup) -> None:
        """Put together what the processes have seen."""
        self.counts = world.sum(self.counts)

    def result(self) -> dict[str, Any]:
        """Those of `names`; in the confusion matrix, rows are true classes, columns predicted ones."""
        matrices = self.counts.cpu().reshape(self.labels, self.classes, self.classes)
        if self.kind == "classes":
            right = matrices[0].diagonal()
            predicted, true = matrices[0].sum(0), matrices[0].sum(1)
            there = (predicted + true) > 0
            right, predicted, true = right[there], predicted[there], true[there]
        else:
            right, predicted, true = matrices[:, 1, 1], matrices[:, :, 1].sum(1), matrices[:, 1, :].sum(1)
        values: dict[str, Any] = {
            "precision": _mean(right, predicted),
            "recall": _mean(right, true),
            "f1": _mean(2 * right, predicted + true),
            "confusion_matrix": (matrices[0] if self.labels == 1 else matrices).tolist(),
        }
        return {name: values[name] for name in self.names}


def _mean(part: torch.Tensor, whole: torch.Tensor) -> float:
    """The mean of part/whole, 0 where the whole is."""
    return float((part.double() / whole.clamp(min=1)).mean()) if len(part) else 0.0


class Auroc:
    """The area under the ROC curve: of each class against the rest, or of each label; the macro average.

    Classes of which there is no sample, or nothing else, have no curve and are left out; nan where none is left. All
    scores are kept on the device until the end: 4 bytes for each sample and class.
    """

    def __init__(self, kind: Kind, output: Shape, device: torch.device) -> None:
        self.kind = kind
        columns = output[0] if kind == "classes" else prod(output)
        self.scores = [torch.zeros(0, columns, device=device)]
        targets = (0,) if kind == "classes" else (0, columns)
        self.targets = [torch.zeros(targets, dtype=torch.long, device=device)]

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """Add a batch."""
        known = true_labels(target, self.kind).long()
        if self.kind == "classes":
            self.scores.append(output.float().softmax(1).movedim(1, -1).reshape(-1, output.shape[1]))
            self.targets.append(known.flatten())
        else:
            self.scores.append(output.float().reshape(len(output), -1))
            self.targets.append(known.reshape(len(output), -1))

    def join(self, world: ProcessGroup) -> None:
        """Put together what the processes have seen."""
        self.scores, self.targets = [world.gather(torch.cat(self.scores))], [world.gather(torch.cat(self.targets))]

    def result(self) -> dict[str, float]:
        """auroc."""
        scores, targets = torch.cat(self.scores).cpu(), torch.cat(self.targets).cpu()
        if self.kind == "classes" and scores.shape[1] == 2:
            scores, targets = scores[:, 1:], targets[:, None]  # the two curves are one another's mirror
        elif self.kind == "classes":
            targets = (targets[:, None] == torch.arange(scores.shape[1])).long()
        areas = [area_under_roc(score, target.bool()) for score, target in zip(scores.T, targets.T, strict=True)]
        known = [value for value in areas if value is not None]
        return {"auroc": sum(known) / len(known) if known else nan}


def area_under_roc(scores: torch.Tensor, positive: torch.Tensor) -> float | None:
    """The area under the ROC curve: the chance that a positive sample has a higher score than another; a tie is half.

    Mann and Whitney's U over its largest value, from mean ranks. None where all samples are alike.

    Args:
        scores: [N].
        positive: [N] bool.
    """
    yes = int(positive.sum())
    no = len(positive) - yes
    if not yes or not no:
        return None
    _, place, counts = torch.unique(scores, return_inverse=True, return_counts=True)
    ranks = counts.cumsum(0).double() - (counts.double() - 1) / 2  # of each distinct score, the mean of its samples'
    return float((ranks[place[positive]].sum() - yes * (yes + 1) / 2) / (yes * no))


def make_accuracy(request: MetricRequest) -> Accuracy:
    """accuracy."""
    return Accuracy(request.kind, request.device)


def make_top(request: MetricRequest) -> TopK:
    """top<k>, one."""
    return TopK(int(request.names[0].removeprefix("top")), request.device)


def make_rates(request: MetricRequest) -> PrecisionRecallF1:
    """Those of precision, recall, f1 and confusion_matrix that are asked for."""
    return PrecisionRecallF1(request.kind, request.output, request.device, request.names)


def make_auroc(request: MetricRequest) -> Auroc:
    """auroc."""
    return Auroc(request.kind, request.output, request.device)
