"""Scoring a run on other samples than its own: folders of pictures, tables and standard input, batch by batch.

Samples are read as `predict` reads them, and scored as the run's own are. The run's data are not needed,
unless they decide the weights of its loss.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

import torch

from netspec.runner.balance import unbalanced
from netspec.runner.contract import network_ends
from netspec.runner.evaluate import LoadedRun, device_for, score_feed
from netspec.runner.intake import Sample
from netspec.runner.intake_labels import Labels
from netspec.runner.intake_run import Entrance, source_of
from netspec.runner.job import Batch, Job
from netspec.runner.prepare import convolves, make_measures, prepare
from netspec.runner.problems import option, problem
from netspec.runner.settings import Settings, read_settings
from netspec.runner.targets import TargetError
from netspec.runner.world import ALONE, World
from netspec.stages.check import require
from netspec.views.predictions import Fault
from netspec.views.scores import Scores


@dataclass
class FileFeed:
    """Samples that are read as they are scored, once; its length is known when they are all read.

    Args:
        samples: what is read, with faults among them.
        labels: how targets become the loss's.
        entrance: what the network takes.
        device: where batches are wanted.
        layout: of their memory.
        fault: is told of what cannot be scored.
    """

    samples: Iterator[Sample | Fault]
    labels: Labels
    entrance: Entrance
    device: torch.device
    layout: torch.memory_format
    fault: Callable[[Fault], None]
    _seen: int = field(default=0, init=False)

    def __len__(self) -> int:
        return self._seen

    def first(self) -> torch.Tensor | None:
        """The target [1, ...] of the first sample, which is still to come; None where there is no sample."""
        for chunk in self.entrance.batches(self.samples, 1):
            if good := self._good(chunk):
                self.samples = chain(good, self.samples)
                return self._targets(good)
        return None

    def batches(self, order: torch.Tensor | None, size: int, world: World = ALONE) -> Iterator[Batch]:
        """The samples as they come, `size` read at a time; there is no other order, and one process."""
        for chunk in self.entrance.batches(self.samples, size):
            if good := self._good(chunk):
                self._seen += len(good)
                x = self.entrance.stack(good, self.device).contiguous(memory_format=self.layout)
                yield Batch((x,), (self._targets(good),), len(good), len(good))

    def _good(self, chunk: list[Sample | Fault]) -> list[Sample]:
        for item in chunk:
            if isinstance(item, Fault):
                self.fault(item)
        return [item for item in chunk if isinstance(item, Sample)]

    def _targets(self, samples: list[Sample]) -> torch.Tensor:
        return self.labels.batch([sample.target for sample in samples if sample.target is not None]).to(self.device)


def score_files(
    run: LoadedRun,
    files: Sequence[str],
    fault: Callable[[Fault], None],
    device: str | None = None,
    weights: str = "best",
) -> Scores:
    """Score a run on files: loss and metrics as of its own samples. Memory holds one batch.

    Args:
        run: to be scored.
        files: folders that hold a folder of pictures for each class; for a run of a table CSV files with its target
            among the columns, folders of them, or `-`, standard input.
        fault: is told of each file or row that cannot be scored; the others are.
        device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`; None: `auto`.
        weights: of the `best` or the `last` epoch.

    Returns:
        As `score_run`, its split is `files`; where no sample could be scored, with no more than `samples`, 0.

    Raises:
        SpecError: the run's spec, weights or the device cannot be used, or its targets are not one a sample.
    """
    place = device_for(device)
    report = require(run.spec)
    input, output, last = network_ends(report)
    settings = _settings(run, device)
    labels = Labels(run.info.classes, run.info.target or "target", settings.loss.name, output.shape)
    try:
        labels.batch([0.0])
    except TargetError as error:
        raise problem("NS603", f"files tell one target a sample: {error}", option("FILES", files[0])) from None
    model = run.model(weights, place)
    layout = torch.channels_last if convolves(model, input, place) else torch.contiguous_format
    samples = source_of(run, input, labels).samples(files)
    feed = FileFeed(samples, labels, Entrance(report, input), place, layout, fault)
    near = feed.first()
    if near is None:
        return Scores({"split": "files", "samples": 0})
    objective, metric = make_measures(settings, output.shape, near, place)
    job = Job(feed, None, objective, metric, epochs=1, batch_size=settings.batch_size, seed=settings.seed)
    ends = settings.loss.name, last
    return score_feed(model.to(memory_format=layout), feed, job, "files", ends, run.info.classes)


def _settings(run: LoadedRun, device: str | None) -> Settings:
    """The run's settings; class weights that its data decide are worked out, which is what its data are needed for."""
    settings = read_settings(run.spec)
    if unbalanced(settings.loss).kwargs.keys() == settings.loss.kwargs.keys():
        return settings
    return prepare(run.spec, device or "auto").settings
