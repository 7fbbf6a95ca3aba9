"""A spec → a Run: check, prepare, train, keep. Every file of the run's folder is written from here."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from netspec.ground.diagnostics import Diagnostic, SpecError
from netspec.runner.checkpoint import CheckpointError, load_checkpoint, save_checkpoint, save_weights
from netspec.runner.curves import draw_curves
from netspec.runner.determinism import own_determinism
from netspec.runner.events import Events
from netspec.runner.first_step import ready, refusal
from netspec.runner.interrupt import Interrupt, noticed
from netspec.runner.job import Job, NotFiniteError, Row, State
from netspec.runner.keeper import Keeper
from netspec.runner.loop import fit, over, reopen
from netspec.runner.prepare import Plan, typed_paths, warnings
from netspec.runner.problems import At, count, option, problem, top
from netspec.runner.progress import Progress, choose_progress
from netspec.runner.report import report
from netspec.runner.resume import same_run
from netspec.runner.rundir import Info, RunFolder, discard, make_folder, versions
from netspec.stages.spec import Spec
from netspec.views.runs import settings_of
from netspec.views.text import render


@dataclass(frozen=True)
class Run:
    """A run that has ended: its folder, how it ended, a row for each epoch, the best of them, and the model.

    `status` is finished, stopped early or interrupted; `signal` the number of the signal that interrupted it.
    """

    folder: Path
    status: str
    history: tuple[Row, ...]
    best: Row | None
    model: nn.Module
    signal: int | None = None


def train(
    spec: Spec,
    *,
    device: str | None = None,
    out: str | Path | None = None,
    resume: str | Path | None = None,
    progress: Progress | None = None,
) -> Run:
    """Train a spec on its data and keep the run.

    Args:
        spec: as `netspec.load` gives it.
        device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`; None: what the spec says, else `auto`.
        out: the run's folder, new or empty; None: `runs/<name>-<n>`.
        resume: the folder of a run to go on with, instead of `out`.
        progress: who is told how it goes; None: a display on stderr.

    Raises:
        SpecError: what is wrong with the spec, its data, the device or the folder, before anything is trained; NS609
            when training cannot go on, with everything up to the last good epoch kept.
        ReadError: `resume` is no folder of a run.
    """
    progress = progress or choose_progress()
    if resume is not None:
        same_run(resume, spec)
        with own_determinism():
            return _run(*ready(spec, device, fresh=False), RunFolder(Path(resume)), progress, resumed=True)
    with own_determinism():
        return _new(spec, device, out, progress)


def _new(spec: Spec, device: str | None, out: str | Path | None, progress: Progress) -> Run:
    """Train in a new folder, which goes again where no run begins."""
    folder: RunFolder | None = None
    unusable: tuple[Diagnostic, ...] = ()
    try:
        try:
            folder = make_folder(None if out is None else Path(out), spec.name)
        except SpecError as error:
            unusable = error.diagnostics
        everything = ready(spec, device, unusable)
    except BaseException:
        if folder is not None:
            discard(folder)
        raise
    assert folder is not None  # else `ready` has raised what is wrong with it
    return _run(*everything, folder, progress)


def _run(plan: Plan, job: Job, state: State, folder: RunFolder, progress: Progress, resumed: bool = False) -> Run:
    """Train in a folder: from the start, or from its checkpoint."""
    with noticed() as interrupt, _folder_errors(folder):
        if resumed:
            try:
                load_checkpoint(folder.checkpoint, state)
            except CheckpointError as error:
                raise problem("NS608", str(error), option("--resume", str(folder.path))) from error
            reopen(job, state)
        spec_text, info = plan.spec.to_yaml(), _info(plan)
        folder.write_spec(spec_text)
        folder.write_info(info)
        folder.write_rows(state.history)
        if not resumed:
            save_checkpoint(folder.checkpoint, state)
        with contextlib.closing(Events(folder.path)) as events:
            events.begin(plan.report, settings_of(plan.spec))
            status = _fit(plan, folder, job, state, progress, interrupt, spec_text, info, events)
            save_checkpoint(folder.checkpoint, state)
            save_weights(folder.last, state.result, spec_text)
            draw_curves(folder.curves, plan.spec.name, state.history)
            folder.write_info(replace(info, status=status, best=state.best))
            events.end(status)
            if state.best is not None and not interrupt():
                _report(plan, job, folder, state.best, events, interrupt, progress)
    return Run(folder.path, status, tuple(state.history), state.best, state.result, interrupt.signal)


def _fit(
    plan: Plan,
    folder: RunFolder,
    job: Job,
    state: State,
    progress: Progress,
    interrupt: Interrupt,
    text: str,
    info: Info,
    events: Events,
) -> str:
    """The loop with its files and display; what stops it against its will becomes NS609."""
    keeper = Keeper(folder, text, events)
    progress.start(job.epochs, state.epoch, job.steps, len(job.train))
    try:
        for found in warnings(plan):
            progress.message(render([found], plan.spec.sources))
        for line in state.notes:
            progress.message(line)
        if over(job, state):
            progress.message(_done_already(job, state))
        return fit(job, state, progress, interrupt, keeper)
    except (NotFiniteError, RuntimeError, ValueError, IndexError) as error:
        keeper.back(state)
        folder.write_info(replace(info, status="failed", best=state.best))
        draw_curves(folder.curves, plan.spec.name, state.history)
        events.end("failed")
        raise _cannot_go_on(error, plan, folder, state) from error
    finally:
        keeper.finish()
        progress.stop()


def _report(
    plan: Plan, job: Job, folder: RunFolder, best: Row, events: Events, interrupt: Interrupt, progress: Progress
) -> None:
    """The pictures of the end; a finished run is finished, even where they cannot be drawn."""
    try:
        report(plan, job, folder.path, best, events, interrupt)
    except (RuntimeError, ValueError, CheckpointError) as error:
        progress.message(f"the pictures of the results could not be drawn: {str(error).splitlines()[0]}")


def _done_already(job: Job, state: State) -> str:
    """That nothing is left to do, and how to go on."""
    if job.done(state) < job.epochs * job.steps:
        return f"{count(job.done(state), 'step')} done already; --set train.steps={job.done(state) * 2} goes on"
    return f"{count(state.epoch, 'epoch')} done already; --set train.epochs={state.epoch * 2} goes on"


def _cannot_go_on(error: Exception, plan: Plan, folder: RunFolder, state: State) -> SpecError:
    held = f"the state after {count(state.epoch, 'epoch')}" if state.epoch else "the weights it began with"
    kept = ("kept", f"{folder.path} holds {held}")
    if isinstance(error, NotFiniteError):
        at: At = plan.settings.nodes.get("optimizer", top(plan.spec.path))
        advice = ("fix", "a smaller lr, or clip_grad_norm: 1.0 under train")
        return problem("NS609", str(error), at, advice, kept)
    return refusal(error, plan, [], kept)


@contextlib.contextmanager
def _folder_errors(folder: RunFolder) -> Iterator[None]:
    """A full disk or a folder that was taken away, as a finding."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise problem(
            "NS607", f"{folder.path} cannot be written: {reason}", option("--out", str(folder.path))
        ) from error


def _info(plan: Plan) -> Info:
    data, source = plan.data, plan.data.source
    return Info(
        name=plan.spec.name,
        spec=plan.spec.path,
        folder=str(plan.spec.folder.resolve()),
        settings=typed_paths(plan),
        seed=plan.settings.seed,
        device=str(plan.device),
        versions=versions(),
        dataset=str(data.node.value),
        classes=source.classes,
        picture=source.picture,
        sample=None if source.shaped else tuple(data.train.inputs.shape[1:]),
        columns=source.columns,
        target=source.target,
    )
