"""Confusion matrix and worst mistakes of a network, in one pass over samples.

Input: a network, and samples with their labels. Output: counts, and the wrong predictions with the highest
probabilities.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch

from netspec.data.batches import Feed
from netspec.distributed.process_group import ProcessGroup
from netspec.language.sections.losses import kind_of
from netspec.objective.losses import Head, as_tuple
from netspec.objective.targets import probabilities
from netspec.training.job import Job

MOST_SAMPLES = 50_000  # pictures of more samples look the same
MOST_CLASSES = 2_000  # 32 MB of counts
MOST_MISTAKES = 24


class Predicted(NamedTuple):
    """A batch of `classes` classes: the predicted class [B], its probability [B] and the true class [B]."""

    predicted: torch.Tensor
    probability: torch.Tensor
    true: torch.Tensor
    classes: int


def predicted_classes(output: torch.Tensor, target: torch.Tensor, loss: str, last: str) -> Predicted | None:
    """The predicted classes of a batch; None where the output is neither classes nor one yes or no.

    Args:
        output: [B, C], or [B, 1].
        target: as the loss gets it: [B], [B, C] or [B, 1].
        loss: its name.
        last: the type of the last layer.
    """
    kind = kind_of(loss)
    each = probabilities(output.float(), loss, last)  # [B, C]
    if each is None or each.ndim != 2:
        return None
    if kind == "classes":
        true = target if target.ndim == 1 else target.argmax(1)
    elif kind in ("probabilities", "logits", "signs") and each.shape[1] == 1:
        each = torch.cat([1 - each, each], dim=1)
        true = (target.flatten() > (0.0 if kind == "signs" else 0.5)).long()
    else:
        return None
    probability, predicted = each.max(1)
    return Predicted(predicted, probability, true, each.shape[1])


class ConfusionCounts:
    """Counts [C, C]: rows are the true classes, columns the predicted ones."""

    def __init__(self) -> None:
        self._counts: torch.Tensor | None = None

    def add(self, batch: Predicted) -> None:
        """Add a batch."""
        size = batch.classes
        if size > MOST_CLASSES:
            return
        known = (batch.true >= 0) & (batch.true < size)
        pairs = batch.true[known] * size + batch.predicted[known]
        counts = torch.bincount(pairs, minlength=size * size).reshape(size, size)
        self._counts = counts if self._counts is None else self._counts + counts

    def counts(self) -> torch.Tensor | None:
        """The counts, on the CPU; None where there were no classes to count."""
        return None if self._counts is None else self._counts.cpu()


class ConfusionMetric(ConfusionCounts):
    """The counts as a metric, which has no values of its own.

    Args:
        head: the output whose classes are counted.
    """

    def __init__(self, head: Head) -> None:
        super().__init__()
        self._head = head

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """Add a batch: output [B, C] or [B, 1], target as the loss gets it."""
        batch = predicted_classes(output, target, self._head.loss.name, self._head.last)
        if batch is not None:
            self.add(batch)

    def join(self, group: ProcessGroup) -> None:
        """Nothing to join: a run is scored by one process."""

    def result(self) -> dict[str, Any]:
        """None."""
        return {}


@dataclass
class Mistakes:
    """The wrong predictions with the highest probabilities, these first.

    Args:
        pictures: [K, C, H, W]; None before the first batch.
        predicted: the predicted classes [K].
        probability: of the predicted classes [K].
        true: the true classes [K].
        place: of the samples among those that were looked at [K].
    """

    pictures: torch.Tensor | None = None
    predicted: torch.Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.long))
    probability: torch.Tensor = field(default_factory=lambda: torch.empty(0))
    true: torch.Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.long))
    place: torch.Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.long))

    def add(self, pictures: torch.Tensor, batch: Predicted, first: int = 0) -> None:
        """Add a batch, its pictures [B, C, H, W]; `first` is the place of its first sample."""
        wrong = (batch.predicted != batch.true).nonzero()[:, 0]
        probability, order = batch.probability[wrong].topk(min(MOST_MISTAKES, len(wrong)))
        chosen = wrong[order]
        joined = torch.cat([self.probability, probability.cpu()])
        kept = joined.argsort(descending=True, stable=True)[:MOST_MISTAKES]
        shown = pictures[chosen].float().cpu()
        self.pictures = (shown if self.pictures is None else torch.cat([self.pictures, shown]))[kept]
        self.predicted = torch.cat([self.predicted, batch.predicted[chosen].cpu()])[kept]
        self.true = torch.cat([self.true, batch.true[chosen].cpu()])[kept]
        self.place = torch.cat([self.place, chosen.cpu() + first])[kept]
        self.probability = joined[kept]

    def __len__(self) -> int:
        return len(self.predicted)


@torch.inference_mode()
def analyze_errors(
    net: Callable[..., Any], feed: Feed, job: Job, head: Head, stop: Callable[[], bool]
) -> tuple[ConfusionCounts, Mistakes]:
    """Count the predicted classes of the first `MOST_SAMPLES` samples, and collect the mistakes of pictures.

    Args:
        net: in evaluation mode, on the feed's device.
        feed: the samples.
        job: has the batch size and the precision.
        head: the main output, whose targets come first.
        stop: asked after each batch; true ends the pass.
    """
    counts, mistakes, seen = ConfusionCounts(), Mistakes(), 0
    for batch in feed.batches(None, max(job.batch_size, 512)):
        with job.precision.autocast():
            output = as_tuple(net(*batch.inputs))[head.index]  # [B, *output]
        predicted = predicted_classes(output, batch.targets[0], head.loss.name, head.last)
        if predicted is None:
            break
        counts.add(predicted)
        if batch.inputs[0].ndim == 4:  # of several inputs the first is shown
            mistakes.add(batch.inputs[0], predicted, seen)
        seen += len(batch.inputs[0])
        if seen >= MOST_SAMPLES or stop():
            break
    return counts, mistakes


def class_names(known: tuple[str, ...], size: int) -> tuple[str, ...]:
    """The names of `size` classes: the dataset's as far as it has them, else their numbers."""
    return (*known[:size], *(str(index) for index in range(len(known), size)))
