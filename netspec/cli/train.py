"""`netspec train`, also with --dry-run, --overfit and --find-rate, which keep no run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

from netspec.checker import check
from netspec.cli.options import plugins_option, set_option
from netspec.cli.output import reporting, say, show_table
from netspec.cli.processes import end_now, one_of_several, prints, start
from netspec.compiler.plugins.permission import plugin_permission
from netspec.core.diagnostics import SpecError
from netspec.core.installed import MissingPackageError, require_packages
from netspec.language.spec import Spec
from netspec.render.comparison import closing_line, outcome_table
from netspec.render.folds import folds_table

ROWS = 15  # of the table of rates


def show_dry_run(read: Callable[[], Spec], device: str | None) -> None:
    """Do one step and one batch of evaluation."""
    with reporting() as work:
        work.spec = read()
        from netspec.reports.progress import describe
        from netspec.training.trial_runs import dry_run

        dry = dry_run(work.spec, device)
    for line in dry.notes:
        say(line, err=True)
    say(f"one step on {dry.device}: {describe(dry.row)}")
    say(f"{dry.parameters:,} parameters, {dry.epochs} epochs of {dry.steps} steps; nothing was written")


def show_overfit(read: Callable[[], Spec], device: str | None, steps: int) -> None:
    """Train on the same batch again and again; exit code 1 where it is not learned."""
    with reporting() as work:
        work.spec = read()
        from netspec.training.trial_runs import overfit

        done = overfit(work.spec, device, steps)
    taken = len(done.losses)
    for step in sorted({0, taken // 8, taken // 4, taken // 2, taken - 1}):
        say(f"step {step + 1:>5}  loss {done.losses[step]:.4g}")
    if done.learned:
        say(f"one batch of {done.samples} is learned: the loss went to a hundredth in {taken} steps")
        return
    left = done.losses[-1] / done.losses[0] if done.losses[0] else 1.0
    say(f"one batch of {done.samples} is not learned: {left:.2g} of the loss is left after {taken} steps")
    say("look at the learning rate (--find-rate), the targets, and whether all layers are connected", err=True)
    sys.exit(1)


def show_rates(read: Callable[[], Spec], device: str | None, out: str | None) -> None:
    """Train with a growing learning rate, and print where the loss falls fastest."""
    with reporting() as work:
        work.spec = read()
        from netspec.training.rate_finder import draw, find_rate

        found = find_rate(work.spec, device)
        if out is not None:
            draw(Path(out), work.spec.name, found)
    say("rate      loss, smoothed")
    every = max(1, -(-len(found.rates) // ROWS))
    for rate, loss in [*zip(found.rates, found.losses, strict=True)][::every]:
        say(f"{rate:<8.2g}  {loss:.4g}")
    if found.rate is None:
        say("the loss never falls: no rate can be suggested")
        sys.exit(1)
    say(f"the loss falls fastest at a rate of {found.rate:.2g}")
    if out is not None:
        say(f"picture: {out}")


def _steps(value: str | int) -> int:
    """A number of steps; another word is probably SPEC, which the error says."""
    text = str(value)
    if not (text.isascii() and text.isdigit() and int(text)):
        raise click.BadParameter(f"{text!r} is no number of steps; put SPEC before --overfit, or write --overfit=200")
    return int(text)


@click.command(
    "train",
    short_help="Check a spec, train it on its data and keep the run.",
    epilog="Example: netspec train specs/digits.yaml --set train.epochs=20 --out runs/digits-long",
)
@click.argument("spec", required=False)
@set_option
@plugins_option
@click.option("--device", metavar="DEVICE", help="auto, cpu, cuda, cuda:N or mps. Goes before the spec's own.")
@click.option("--out", metavar="DIR", help="The run's folder, new or empty. Default: runs/<name>-<n>.")
@click.option("--resume", metavar="DIR", help="Go on with the run in DIR; SPEC may be left out then.")
@click.option("--nproc", type=click.IntRange(1), default=1, help="Train in N processes, as `torchrun` starts them.")
@click.option(
    "--max-restarts", type=click.IntRange(0), default=0, help="Start them again up to N times where one of them dies."
)
@click.option("--dry-run", is_flag=True, help="Do everything once, evaluation too, and write nothing.")
@click.option(
    "--overfit",
    type=_steps,
    metavar="N",
    is_flag=False,
    flag_value=500,
    help="Train on one batch alone, 500 steps at most, and say whether it is learned; nothing is written.",
)
@click.option("--folds", is_flag=True, help="Train with each of the `folds` under data; mean and deviation are shown.")
@click.option("--find-rate", is_flag=True, help="Let the learning rate grow and say where the loss falls fastest.")
def command(
    spec: str | None,
    settings: tuple[str, ...],
    allow_plugins: bool,
    device: str | None,
    out: str | None,
    resume: str | None,
    nproc: int,
    max_restarts: int,
    dry_run: bool,
    overfit: int | None,
    find_rate: bool,
    folds: bool,
) -> None:
    """Check a spec, train it on its data, and keep the run: weights, metrics, curves, all that is needed to go on.

    Nothing is trained while there is an error: the data are compared with the input, the loss with the output.
    Ctrl-C ends the run in order. Exit code 0: done; 1: errors; 2: a file could not be read; 130: Ctrl-C; 143: SIGTERM.
    """
    if spec is None and resume is None:
        raise click.UsageError("SPEC is missing (or --resume DIR)")
    if out is not None and resume is not None:
        raise click.UsageError("--resume goes on in the run's own folder; --out cannot be given with it")
    if folds and (dry_run or overfit is not None or find_rate):
        raise click.UsageError("--folds keeps a run for each fold; --dry-run, --overfit and --find-rate keep none")
    folds = folds or (resume is not None and (Path(resume) / "folds.json").is_file())
    if folds and (nproc > 1 or one_of_several()):
        each = "--set data.fold=0 without --folds trains one fold in several, then data.fold=1 and so on"
        raise click.UsageError(f"--folds trains one fold after the other, in one process; {each}")
    _require_packages(spec, settings, allow_plugins)
    if folds:
        sys.exit(_train_folds(spec, settings, allow_plugins, device, out, resume))
    if dry_run or overfit is not None or find_rate:
        if resume is not None or dry_run + (overfit is not None) + find_rate > 1:
            raise click.UsageError("--dry-run, --overfit and --find-rate go with a SPEC, one at a time")
        if out is not None and not find_rate:
            raise click.UsageError("nothing is written, so that --out has no meaning here")

        def read() -> Spec:
            return _load(spec, settings, None, allow_plugins)

        if dry_run:
            show_dry_run(read, device)
        elif overfit is not None:
            show_overfit(read, device, overfit)
        else:
            show_rates(read, device, out)
        return
    if nproc > 1:
        start(nproc, max_restarts)
    with reporting() as work:
        work.spec = _load(spec, settings, resume, allow_plugins)
        from netspec.trainer.train import train

        run = train(work.spec, device=device, out=out, resume=resume)
    interrupted = run.status == "interrupted"
    code = 128 + (run.signal or 2) if interrupted else 0
    if not prints():
        end_now(code)
    if run.history:
        show_table(outcome_table(work.spec.name, run.history, run.best))
        say(closing_line(run.history, sum(parameter.numel() for parameter in run.model.parameters())))
    say(f"run: {run.folder}")
    if interrupted:
        say(f"interrupted; go on with: netspec train --resume {run.folder}", err=True)
    if one_of_several():
        end_now(code)
    sys.exit(code)


def _train_folds(
    spec: str | None,
    settings: tuple[str, ...],
    allow_plugins: bool,
    device: str | None,
    out: str | None,
    resume: str | None,
) -> int:
    """Train with each fold, print the table of all, and give the exit code."""
    with reporting() as work:
        from netspec.trainer.folds import first_fold, holds_folds, train_folds

        first = None if resume is None else str(first_fold(resume)) if holds_folds(resume) else resume

        def read(fold: int) -> Spec:
            work.spec = _load(spec, (*settings, f"data.fold={fold}"), first, allow_plugins)
            return work.spec

        def begin(fold: int, count: int) -> None:
            say(f"fold {fold}, of {count} folds", err=True)

        run = train_folds(read, resume or out, device, begin)
        name = work.spec.name if work.spec is not None else ""
    if run.rows:
        show_table(folds_table(name, run.rows))
    say(f"{len(run.rows)} of {run.count} folds; runs: {run.folder}")
    if run.signal is not None:
        say(f"interrupted; go on with: netspec train --resume {run.folder}", err=True)
    return 0 if run.signal is None else 128 + run.signal


def _require_packages(spec: str | None, settings: tuple[str, ...], allow_plugins: bool) -> None:
    """Where packages are missing, say first what is wrong with the spec, which needs none of them."""
    try:
        require_packages("netspec train")
    except MissingPackageError:
        if spec is not None:
            report = check(_load(spec, settings, None, allow_plugins))
            if not report.ok:
                raise SpecError(report.diagnostics, report.spec.sources) from None
        raise


def _load(spec: str | None, settings: tuple[str, ...], resume: str | None, allow_plugins: bool) -> Spec:
    if resume is not None:
        from netspec.trainer.resume import spec_to_resume

        return spec_to_resume(resume, spec, settings, allow_plugins)
    from netspec.language.load import load

    assert spec is not None
    return load(spec, settings, plugins=plugin_permission(allow_plugins))
