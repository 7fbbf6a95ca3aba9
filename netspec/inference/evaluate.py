"""A run that exists → its scores on its validation data."""

from __future__ import annotations

from dataclasses import replace

from torch import nn

from netspec.data.batch import Feed
from netspec.inference.stored_run import StoredRun
from netspec.metrics.measuring import Measure, Measures
from netspec.objective.heads import Head
from netspec.render.scores import Scores
from netspec.reports.figures.findings import Counting, Tally, class_names
from netspec.training.job import Job, Row
from netspec.training.plan import make_job, prepare
from netspec.training.scoring import evaluate


def evaluate_run(run: StoredRun, device: str | None = None, weights: str = "best") -> Row:
    """The figures of the whole split that `score_run` gives."""
    return score_run(run, device, weights).row


def score_run(run: StoredRun, device: str | None = None, weights: str = "best") -> Scores:
    """Score a run: loss and metrics on its validation samples, on the training samples where nothing is held back.

    Returns:
        `row` with `split` (val or train), `samples`, `loss` and the metrics; the counts of the classes.
    """
    plan = prepare(run.spec, device or "auto")
    model = run.model(weights, plan.device)
    job = make_job(plan, model)
    feed, split = (job.train, "train") if job.val is None else (job.val, "val")
    main = plan.contract.main
    return score_feed(model, feed, job, split, main, plan.data.source.target(main.name).classes)


def score_feed(model: nn.Module, feed: Feed, job: Job, split: str, head: Head, classes: tuple[str, ...]) -> Scores:
    """The scores of a feed's samples, in one pass.

    Args:
        model: on the feed's device, in its layout.
        feed: the samples.
        job: how they are measured.
        split: what the samples are called.
        head: the output whose classes are counted, the main one, whose targets come first.
        classes: their names, as far as they are known.
    """
    tally = Tally()

    def measures() -> Measures:
        usual, counting = job.measures(), Counting(tally, head.loss.name, head.last)
        return Measures([*(() if usual is None else usual.parts), Measure(counting, head.place, 0)])

    values = evaluate(model, feed, replace(job, measures=measures))
    row, counts = {"split": split, "samples": len(feed), **values}, tally.counts()
    if counts is None:
        return Scores(row)
    return Scores(row, class_names(classes, len(counts)), tuple(map(tuple, counts.tolist())))
