"""Metrics of classes and labels: accuracy, top-k, precision, recall, F1, the confusion matrix, AUROC.

A loss over classes (CrossEntropyLoss) has outputs [N, C] and targets [N], or [N, C] probabilities; for dense prediction
[N, C, *size] and [N, *size], where each position counts. A loss over labels (BCEWithLogitsLoss, BCELoss,
SoftMarginLoss) has both as [N, *labels]: each label is true or false.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import nan, prod
from typing import Any

import torch

from netspec.core.shapes import Shape
from netspec.distributed.process_group import ProcessGroup
from netspec.language.sections.losses import Kind
from netspec.metrics.metric import MetricRequest


def predicted_labels(output: torch.Tensor, kind: Kind) -> torch.Tensor:
    """The predicted class [N, *size] of outputs [N, C, *size], or the predicted labels [N, *labels], which are bool."""
    return output.argmax(1) if kind == "classes" else output > (0.5 if kind == "probabilities" else 0.0)


def true_labels(target: torch.Tensor, kind: Kind) -> torch.Tensor:
    """The true labels of targets, in the form of `predicted_labels`."""
    if kind == "classes":
        return target.argmax(1) if target.is_floating_point() else target
    return target > (0.0 if kind == "signs" else 0.5)


class _HitRate:
    """The rate of hits, by a name."""

    def __init__(self, name: str, device: torch.device) -> None:
        self.name = name
        self.sums = torch.zeros(2, dtype=torch.long, device=device)  # hits, all

    def add(self, hits: torch.Tensor, count: int) -> None:
        """Add the hits (bool) among `count` answers."""
        self.sums[0] += hits.sum()
        self.sums[1] += count

    def join(self, group: ProcessGroup) -> None:
        """Sum over the processes."""
        self.sums = group.sum(self.sums)

    def result(self) -> dict[str, float]:
        """The rate; empty where nothing was added."""
        hits, count = self.sums.tolist()
        return {self.name: hits / count} if count else {}


class Accuracy(_HitRate):
    """The rate of correct classes, or of correct labels."""

    def __init__(self, kind: Kind, device: torch.device) -> None:
        super().__init__("accuracy", device)
        self.kind = kind

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """Add a batch."""
        hits = predicted_labels(output, self.kind) == true_labels(target, self.kind)
        self.add(hits, hits.numel())


class TopK(_HitRate):
    """The rate of samples whose class is among the `k` of the largest outputs; the name is `top<k>`."""

    def __init__(self, k: int, device: torch.device) -> None:
        super().__init__(f"top{k}", device)
        self.k = k

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """Add a batch: output [N, C]."""
        best = output.topk(min(self.k, output.shape[1]), 1).indices  # [N, k]
        truth = true_labels(target, "classes")
        self.add(best == truth[:, None], truth.numel())


class PrecisionRecallF1:
    """Precision, recall and F1 as macro averages, and the confusion matrix that they come from.

    Classes that neither occur nor are ever predicted are left out of the average, as in scikit-learn; a rate with
    nothing to divide by is 0. Of a label, the rates are those of the positive class.
    """

    NAMES = ("precision", "recall", "f1", "confusion_matrix")

    def __init__(self, kind: Kind, output: Shape, device: torch.device, names: Sequence[str] = NAMES) -> None:
        self.kind, self.names = kind, names
        self.labels, self.classes = (1, output[0]) if kind == "classes" else (prod(output), 2)
        self.counts = torch.zeros(self.labels * self.classes**2, dtype=torch.long, device=device)
        self.first = torch.arange(self.labels, device=device) * self.classes**2  # of each label's matrix

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """Add a batch."""
        pair = true_labels(target, self.kind) * self.classes + predicted_labels(output, self.kind)
        index = (pair.reshape(-1, self.labels) + self.first).flatten()
        self.counts.index_add_(0, index, torch.ones_like(index))

    def join(self, group: ProcessGroup) -> None:
        """Sum over the processes."""
        self.counts = group.sum(self.counts)

    def result(self) -> dict[str, Any]:
        """The values of `names`; in the confusion matrix, rows are true classes and columns predicted ones."""
        matrices = self.counts.cpu().reshape(self.labels, self.classes, self.classes)
        if self.kind == "classes":
            correct = matrices[0].diagonal()
            predicted, true = matrices[0].sum(0), matrices[0].sum(1)
            occurs = (predicted + true) > 0
            correct, predicted, true = correct[occurs], predicted[occurs], true[occurs]
        else:
            correct, predicted, true = matrices[:, 1, 1], matrices[:, :, 1].sum(1), matrices[:, 1, :].sum(1)
        values: dict[str, Any] = {
            "precision": _mean(correct, predicted),
            "recall": _mean(correct, true),
            "f1": _mean(2 * correct, predicted + true),
            "confusion_matrix": (matrices[0] if self.labels == 1 else matrices).tolist(),
        }
        return {name: values[name] for name in self.names}


def _mean(part: torch.Tensor, whole: torch.Tensor) -> float:
    """The mean of part / whole; a ratio is 0 where `whole` is 0."""
    return float((part.double() / whole.clamp(min=1)).mean()) if len(part) else 0.0


class Auroc:
    """The area under the ROC curve: of each class against the rest, or of each label; the macro average.

    Classes without positive or without negative samples are left out; nan where none is left. All scores are kept on
    the
    device until the end: 4 bytes for each sample and class.
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

    def join(self, group: ProcessGroup) -> None:
        """Gather the scores and targets of all processes."""
        self.scores, self.targets = [group.gather(torch.cat(self.scores))], [group.gather(torch.cat(self.targets))]

    def result(self) -> dict[str, float]:
        """auroc."""
        scores, targets = torch.cat(self.scores).cpu(), torch.cat(self.targets).cpu()
        if self.kind == "classes" and scores.shape[1] == 2:
            scores, targets = scores[:, 1:], targets[:, None]  # the other class has the same area
        elif self.kind == "classes":
            targets = (targets[:, None] == torch.arange(scores.shape[1])).long()
        areas = [area_under_roc(score, target.bool()) for score, target in zip(scores.T, targets.T, strict=True)]
        known = [value for value in areas if value is not None]
        return {"auroc": sum(known) / len(known) if known else nan}


def area_under_roc(scores: torch.Tensor, positive: torch.Tensor) -> float | None:
    """The area under the ROC curve: the probability that a positive sample has a higher score than a negative one.

    It is the U statistic of Mann and Whitney (1947), from mean ranks, over its largest value; a tie counts as half.

    Args:
        scores: [N].
        positive: [N] bool.

    Returns:
        The area; None without positive or without negative samples.
    """
    positives = int(positive.sum())
    negatives = len(positive) - positives
    if not positives or not negatives:
        return None
    _, index, counts = torch.unique(scores, return_inverse=True, return_counts=True)
    ranks = counts.cumsum(0).double() - (counts.double() - 1) / 2  # of each distinct score, the mean of its samples'
    return float((ranks[index[positive]].sum() - positives * (positives + 1) / 2) / (positives * negatives))


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
