"""The scores of a run, on its validation split, or on pictures, tables and standard input.

Input: a run, and files. Output: Scores, and a Fault for each file or row that cannot be scored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

import torch
from torch import nn

from netspec.core.tree import Mapping
from netspec.data.batches import Batch, Feed, batch_to_device
from netspec.data.section import VAL, dataset_nodes
from netspec.distributed.process_group import ALONE, ProcessGroup
from netspec.inference.error_analysis import ConfusionMetric, class_names
from netspec.inference.readers import Labels, Sample
from netspec.inference.results import Fault, Scores
from netspec.inference.run_reader import InputBatcher, make_reader
from netspec.inference.stored_run import StoredRun
from netspec.language.sections.array_keys import TIME_SERIES
from netspec.language.sections.datasets import DATASETS
from netspec.metrics.measures import Measure, Measures, make_measures
from netspec.objective.losses import Head, Tensors, heads_of, without_balance
from netspec.objective.targets import TargetError
from netspec.runtime.diagnostics import option_span, spec_error
from netspec.training.devices import channels_last, device_for
from netspec.training.evaluation import evaluate
from netspec.training.job import Job
from netspec.training.plan import make_job, prepare
from netspec.training.settings import Settings, read_settings


def score_run(run: StoredRun, device: str | None = None, weights: str = "best", part: str = VAL) -> Scores:
    """Score a run on its validation split, or on the training samples where there is none; or on its test part.

    Args:
        run: to be scored.
        device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`; None: `auto`.
        weights: of the `best` or the `last` epoch.
        part: `val` or `test`.

    Returns:
        `row` with `split` (val, train or test), `samples`, `loss` and the metrics; the counts of the classes.

    Raises:
        SpecError: the run's spec, data, weights or the device cannot be used.
    """
    plan = prepare(run.spec, device or "auto", part=part)
    model = run.model(weights, plan.device)
    job = make_job(plan, model)
    feed, split = (job.train, "train") if job.val is None else (job.val, part)
    main = plan.data_checks.main
    return score_feed(model, feed, job, split, main, plan.data.source.target(main.name).classes)


def score_feed(model: nn.Module, feed: Feed, job: Job, split: str, head: Head, classes: tuple[str, ...]) -> Scores:
    """The scores of a feed's samples, in one pass.

    Args:
        model: on the feed's device, in its layout.
        feed: the samples.
        job: its objective and metrics.
        split: what the samples are called.
        head: the main output, whose targets come first; its classes are counted.
        classes: their names, as far as they are known.
    """
    confusion = ConfusionMetric(head)

    def measures() -> Measures:
        usual = job.measures()
        parts, beside = ((), {}) if usual is None else (usual.parts, usual.beside)
        return Measures([*parts, Measure(confusion, head.index, 0)], beside)

    values = evaluate(model, feed, replace(job, measures=measures))
    row, counts = {"split": split, "samples": len(feed), **values}, confusion.counts()
    if counts is None:
        return Scores(row)
    return Scores(row, class_names(classes, len(counts)), tuple(map(tuple, counts.tolist())))


@dataclass
class FileFeed:
    """Samples that are read while they are scored, once; its length is known when they are all read.

    Args:
        samples: what is read, with faults among them.
        labels: how targets become the loss's, for each output that has one; words are read by the first.
        batcher: makes batches as the network takes them.
        device: where batches are wanted.
        channels_last: whether batches [B, C, H, W] are laid out so.
        fault: is called with what cannot be scored.
    """

    samples: Iterator[Sample | Fault]
    labels: tuple[Labels, ...]
    batcher: InputBatcher
    device: torch.device
    channels_last: bool
    fault: Callable[[Fault], None]
    _seen: int = field(default=0, init=False)

    def __len__(self) -> int:
        return self._seen

    def first(self) -> Tensors | None:
        """The targets, [1, ...] each, of the first sample, which is still to come; None where there is no sample."""
        for chunk in self.batcher.batches(self.samples, 1):
            if good := self._good(chunk):
                self.samples = chain(good, self.samples)
                return self._targets(good)
        return None

    def batches(
        self, order: torch.Tensor | None, size: int, group: ProcessGroup = ALONE, *, epoch: int = 0, step: int = 0
    ) -> Iterator[Batch]:
        """The samples as they come, `size` read at a time; there is no other order, and one process."""
        for chunk in self.batcher.batches(self.samples, size):
            if good := self._good(chunk):
                self._seen += len(good)
                inputs = self.batcher.stack(good, self.device)
                inputs = tuple(batch_to_device(x, self.device, self.channels_last) for x in inputs)
                yield Batch(inputs, self._targets(good), len(good), len(good))

    def _good(self, chunk: list[Sample | Fault]) -> list[Sample]:
        for item in chunk:
            if isinstance(item, Fault):
                self.fault(item)
        return [item for item in chunk if isinstance(item, Sample)]

    def _targets(self, samples: list[Sample]) -> Tensors:
        targets = [sample.target for sample in samples if sample.target is not None]
        return tuple(labels.batch(targets).to(self.device) for labels in self.labels)


def score_files(
    run: StoredRun,
    files: Sequence[str],
    fault: Callable[[Fault], None],
    device: str | None = None,
    weights: str = "best",
) -> Scores:
    """Score a run on files, with one batch in memory at a time.

    Args:
        run: to be scored.
        files: folders that hold a folder of pictures for each class; for a run of a table CSV files with its target
            among the columns, folders of them, or `-`, standard input.
        fault: is called with each file or row that cannot be scored; the others are.
        device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`; None: `auto`.
        weights: of the `best` or the `last` epoch.

    Returns:
        As `score_run`, its split is `files`; where no sample could be scored, with no more than `samples`, 0.

    Raises:
        SpecError: the run's spec, weights or the device cannot be used, or its targets are not one a sample.
    """
    target_device = device_for(device)
    report = run.report
    settings, batcher = _settings(run, device), InputBatcher(report)
    heads = tuple(head for head in heads_of(report, settings.loss) if not head.training_only)
    names = run.info.classes, run.info.target or "target"
    labels = tuple(Labels(*names, head.loss.name, head.output.shape) for head in heads)
    _one_target(run, files)
    try:
        for each in labels:
            each.batch([0.0])
    except TargetError as error:
        raise spec_error("NS603", f"files tell one target a sample: {error}", option_span("FILES", files[0])) from None
    model = run.model(weights, target_device)
    samples = make_reader(run, batcher, labels[0]).samples(files)
    layout = channels_last(model, report, target_device)
    feed = FileFeed(samples, labels, batcher, target_device, layout, fault)
    first = feed.first()
    if first is None:
        return Scores({"split": "files", "samples": 0})
    objective, measures = make_measures(heads, settings.metrics, first, target_device, own=settings.own_metrics)
    job = Job(feed, None, objective, measures, epochs=1, batch_size=settings.batch_size, seed=settings.seed)
    return score_feed(model, feed, job, "files", heads[0], run.info.classes)


def _one_target(run: StoredRun, files: Sequence[str]) -> None:
    """Refuse a run that has a target for each output, or several rows, as files have one target a sample.

    Raises:
        SpecError: NS603.
    """
    name, arguments = dataset_nodes(run.spec)
    if run.info.dataset == TIME_SERIES:
        what = "the windows of a time series are scored as the run's validation part"
        fix = ("fix", f"--set 'data.val={{{TIME_SERIES}: {{path: {files[0]}, …}}}}', with the run's window and horizon")
        raise spec_error("NS603", what, option_span("FILES", files[0]), fix)
    kind = DATASETS.get(str(name.value))
    key = None if kind is None else kind.by_output
    targets = arguments.get(key) if key is not None and isinstance(arguments, Mapping) else None
    if isinstance(targets, Mapping) and len(targets.entries) > 1:
        names = ", ".join(key.text for key, _ in targets)
        what = f"files tell one target a sample, the run has one each for {names}"
        raise spec_error("NS603", what, option_span("FILES", files[0]))


def _settings(run: StoredRun, device: str | None) -> Settings:
    """The run's settings; its data are loaded only where class weights have to be computed of them."""
    settings = read_settings(run.spec)
    if all(without_balance(term.loss).kwargs.keys() == term.loss.kwargs.keys() for term in settings.loss):
        return settings
    return prepare(run.spec, device or "auto").settings
