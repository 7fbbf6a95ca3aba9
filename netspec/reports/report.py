"""What is drawn when a run is over, from its best weights: who is taken for what, the worst mistakes, the fitted curve.

It costs one pass over the validation samples at most, and nothing while training. A picture that has nothing to show is
not written; one that an earlier end of the same run left is removed then.
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
    """Draw what a run came to into its folder, and into its events.

    Args:
        plan, job: of the run.
        folder: the run's, with the best weights.
        best: the best epoch's row.
        events: of the run.
        stop: asked now and then; true leaves the rest out.
    """
    if not job.world.main:
        return
    job = replace(job, world=ALONE)  # the others are done
    for name in (CONFUSION, MISTAKES, FIT):
        (folder / name).unlink(missing_ok=True)
    model = compile_spec(plan.spec, weights=False)
    load_weights(folder / "best.safetensors", model)
    model = to_device(model, plan.report, plan.device).eval()
    main, epoch = plan.contract.main, int(best["epoch"])
    source, told = plan.data.source, plan.data.source.target(main.name)
    title = f"{plan.spec.name}, epoch {epoch}"
    if [input.shape for input in plan.contract.inputs] == [(1,)]:
        fit = fit_of(model, job.train, job.val, main)
        if fit is not None:
            across, up = source.columns[0] if source.columns else "x", told.column or "y"
            draw_fit(folder / FIT, title, fit, across, up)
    feed, split = (job.train, "training") if job.val is None else (job.val, "validation")
    tally, mistakes = analyze_errors(model, feed, job, main, stop)
    counts = tally.counts()
    if counts is not None:
        names = class_names(told.classes, len(counts))
        subject = f"{title}: {counted(int(counts.sum()), f'{split} sample')}"
        draw_confusion(folder / CONFUSION, subject, counts, names)
        if len(mistakes) and not stop():
            draw_mistakes(folder / MISTAKES, f"{title}: the surest mistakes", mistakes, names, plan.pipeline)
    for name in (CONFUSION, MISTAKES, FIT):
        if (folder / name).is_file():
            events.picture(folder / name, epoch)
