"""One pass over samples: the counts of a confusion matrix, and the worst mistakes."""

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

MOST_SAMPLES = 50_000  # what is drawn of more samples looks no different
MOST_CLASSES = 2_000  # 32 MB of counts
MOST_MISTAKES = 24


class Predicted(NamedTuple):
    """Of each sample of a batch [B]: the class it was given, with which probability, and the class it has."""

    said: torch.Tensor
    share: torch.Tensor
    truth: torch.Tensor
    classes: int


def predicted_classes(output: torch.Tensor, target: torch.Tensor, loss: str, last: str) -> Predicted | None:
    """What is said of a batch; None where the output is neither classes nor one yes or no.

    Args:
        output: [B, C], or [B, 1].
        target: as the loss gets it: [B], [B, C] or [B, 1].
        loss: its name.
        last: the type of the last layer.
    """
    kind = kind_of(loss)
    shares = probabilities(output.float(), loss, last)
    if shares is None or shares.ndim != 2:
        return None
    if kind == "classes":
        truth = target if target.ndim == 1 else target.argmax(1)
    elif kind in ("probabilities", "logits", "signs") and shares.shape[1] == 1:
        shares = torch.cat([1 - shares, shares], dim=1)
        truth = (target.flatten() > (0.0 if kind == "signs" else 0.5)).long()
    else:
        return None
    share, said = shares.max(1)
    return Predicted(said, share, truth, shares.shape[1])


class ConfusionCounts:
    """Counts [C, C]: rows are what samples are, columns what they are predicted as."""

    def __init__(self) -> None:
        self._counts: torch.Tensor | None = None

    def update(self, found: Predicted) -> None:
        """Add a batch."""
        size = found.classes
        if size > MOST_CLASSES:
            return
        known = (found.truth >= 0) & (found.truth < size)
        pairs = found.truth[known] * size + found.said[known]
        counts = torch.bincount(pairs, minlength=size * size).reshape(size, size)
        self._counts = counts if self._counts is None else self._counts + counts

    def counts(self) -> torch.Tensor | None:
        """The counts, on the CPU; None where there were no classes to count."""
        return None if self._counts is None else self._counts.cpu()


class ConfusionMetric:
    """A metric that only counts, into a tally, and has no values to tell."""

    def __init__(self, tally: ConfusionCounts, loss: str, last: str) -> None:
        self._tally, self._loss, self._last = tally, loss, last

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """Add a batch."""
        found = predicted_classes(output, target, self._loss, self._last)
        if found is not None:
            self._tally.update(found)

    def join(self, world: ProcessGroup) -> None:
        """Put together what several processes have seen; a run is scored by one."""

    def result(self) -> dict[str, Any]:
        """None."""
        return {}


@dataclass
class Mistakes:
    """The surest of the wrong answers: pictures [K, C, H, W], with what was said, how sure, and the truth [K] each."""

    pictures: torch.Tensor | None = None
    said: torch.Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.long))
    share: torch.Tensor = field(default_factory=lambda: torch.empty(0))
    truth: torch.Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.long))

    def update(self, pictures: torch.Tensor, found: Predicted) -> None:
        """Add a batch."""
        wrong = (found.said != found.truth).nonzero()[:, 0]
        share, order = found.share[wrong].topk(min(MOST_MISTAKES, len(wrong)))
        chosen = wrong[order]
        joined = torch.cat([self.share, share.cpu()])
        kept = joined.argsort(descending=True, stable=True)[:MOST_MISTAKES]
        shown = pictures[chosen].float().cpu()
        self.pictures = (shown if self.pictures is None else torch.cat([self.pictures, shown]))[kept]
        self.said = torch.cat([self.said, found.said[chosen].cpu()])[kept]
        self.truth = torch.cat([self.truth, found.truth[chosen].cpu()])[kept]
        self.share = joined[kept]

    def __len__(self) -> int:
        return len(self.said)


@torch.inference_mode()
def analyze_errors(
    net: Callable[..., Any], feed: Feed, job: Job, head: Head, stop: Callable[[], bool]
) -> tuple[ConfusionCounts, Mistakes]:
    """One pass over the samples, the first `MOST_SAMPLES` of them; `stop` is asked after each batch and ends it.

    Args:
        net: in evaluation mode, on the feed's device.
        feed: the samples.
        job: tells the batch size and the precision.
        head: the output that is looked at, the main one, whose targets come first.
    """
    tally, mistakes, seen = ConfusionCounts(), Mistakes(), 0
    for batch in feed.batches(None, max(job.batch_size, 512)):
        with job.precision.autocast():
            output = as_tuple(net(*batch.inputs))[head.index]  # [B, *output]
        found = predicted_classes(output, batch.targets[0], head.loss.name, head.last)
        if found is None:
            break
        tally.update(found)
        if batch.inputs[0].ndim == 4:  # of several inputs the first is shown
            mistakes.update(batch.inputs[0], found)
        seen += len(found.said)
        if seen >= MOST_SAMPLES or stop():
            break
    return tally, mistakes


def class_names(known: tuple[str, ...], size: int) -> tuple[str, ...]:
    """The names of `size` classes: the dataset's as far as it knows them, else their numbers."""
    return (*known[:size], *(str(index) for index in range(len(known), size)))
