"""The pictures of the results, drawn when a run is over: confusion matrix, worst mistakes, fitted curve.

Input: the run's folder with its best weights. Output: PNG files in it; one that has nothing to show is removed. It
costs one pass over the validation split at most, and nothing while training.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from netspec.checkpoint.checkpoint import load_weights
from netspec.compiler.module import compile_spec
from netspec.distributed.process_group import ALONE
from netspec.inference.error_analysis import analyze_errors, class_names
from netspec.reports.figures import draw_confusion, draw_fit, draw_mistakes, fit_of
from netspec.reports.loggers import Loggers
from netspec.runtime.diagnostics import counted
from netspec.training.devices import to_device
from netspec.training.job import Job, Row
from netspec.training.plan import Plan

CONFUSION, MISTAKES, FIT = "confusion_matrix.png", "mistakes.png", "fit.png"


def report(plan: Plan, job: Job, folder: Path, best: Row, events: Loggers, stop: Callable[[], bool]) -> None:
    """Draw the results of a run into its folder and its events.

    Args:
        plan, job: of the run.
        folder: the run's, with the best weights.
        best: the row of the best epoch.
        events: of the run.
        stop: asked between batches and pictures; true leaves the rest out.

    Raises:
        CheckpointError: the best weights cannot be loaded.
    """
    if not job.group.main:
        return
    job = replace(job, group=ALONE)  # the others are done
    for name in (CONFUSION, MISTAKES, FIT):
        (folder / name).unlink(missing_ok=True)
    model = compile_spec(plan.spec, weights=False)
    load_weights(folder / "best.safetensors", model)
    model = to_device(model, plan.report, plan.device).eval()
    main, epoch = plan.data_checks.main, int(best["epoch"])
    source, target = plan.data.source, plan.data.source.target(main.name)
    title = f"{plan.spec.name}, epoch {epoch}"
    if [input.shape for input in plan.data_checks.inputs] == [(1,)]:
        fit = fit_of(model, job.train, job.val, main)
        if fit is not None:
            across, up = source.columns[0] if source.columns else next(iter(plan.report.inputs)), target.column or "y"
            draw_fit(folder / FIT, title, fit, _axis(across), _axis(up))
    feed, split = (job.train, "training") if job.val is None else (job.val, "validation")
    confusion, mistakes = analyze_errors(model, feed, job, main, stop)
    samples = plan.data.train if plan.data.val is None else plan.data.val
    counts = confusion.counts()
    if counts is not None:
        names = class_names(target.classes, len(counts))
        subject = f"{title}: {counted(int(counts.sum()), f'{split} sample')}"
        draw_confusion(folder / CONFUSION, subject, counts, names)
        if len(mistakes) and not stop():
            files = [samples.name_of(place) for place in mistakes.place.tolist()]
            heading = f"{title}: the surest mistakes"
            draw_mistakes(folder / MISTAKES, heading, mistakes, names, plan.pipeline, files)
    for name in (CONFUSION, MISTAKES, FIT):
        if (folder / name).is_file():
            events.picture(folder / name, epoch)


def _axis(column: str) -> str:
    """The name of a column at an axis: those of a table without names are numbers."""
    return f"column {column}" if column.isdecimal() else column
