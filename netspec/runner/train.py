"""A spec → a Run: check, prepare, train, keep. Every file of the run's folder is written from here."""

from __future__ import annotations

import contextlib
import copy
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from netspec.build.compile import compile_spec
from netspec.ground.diagnostics import SpecError
from netspec.runner.checkpoint import CheckpointError, load_checkpoint, save_checkpoint, save_weights
from netspec.runner.curves import draw_curves
from netspec.runner.events import Events
from netspec.runner.interrupt import Interrupt, noticed
from netspec.runner.loop import Job, NotFiniteError, Row, State, fit
from netspec.runner.prepare import Plan, channels_last, make_job, prepare, typed_paths, warnings
from netspec.runner.problems import At, option, problem, top, torch_says
from netspec.runner.progress import Progress, choose_progress
from netspec.runner.resume import same_run
from netspec.runner.rundir import Info, RunFolder, discard, make_folder, versions
from netspec.runner.settings import make_optimizer, make_scheduler
from netspec.stages.spec import Spec
from netspec.views.text import render

EVERY = 1.0  # seconds between checkpoints


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
        return _run(prepare(spec, device), RunFolder(Path(resume)), progress, resumed=True)
    folder = make_folder(None if out is None else Path(out), spec.name)
    try:
        plan = prepare(spec, device)
    except BaseException:
        discard(folder)
        raise
    return _run(plan, folder, progress)


def seed_everything(seed: int) -> None:
    """Seed the random generators of python, numpy and torch."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def begin(plan: Plan) -> tuple[Job, State]:
    """The job, and the state before its first step: the initial weights depend on the seed alone."""
    settings = plan.settings
    seed_everything(settings.seed)
    model = compile_spec(plan.spec).to(plan.device)
    if channels_last(model, plan):
        model = model.to(memory_format=torch.channels_last)
    job = make_job(plan, model)
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if not parameters:
        raise problem("NS603", "the network has no weights to train", plan.spec.train or top(plan.spec.path))
    optimizer = make_optimizer(settings.optimizer, parameters)
    chosen = settings.scheduler
    scheduler = None if chosen is None else make_scheduler(chosen, optimizer, job.steps * job.epochs)
    return job, State(model, optimizer, scheduler, torch.zeros(job.steps, device=plan.device))


def _run(plan: Plan, folder: RunFolder, progress: Progress, resumed: bool = False) -> Run:
    """Train in a folder: from the start, or from its checkpoint."""
    job, state = begin(plan)
    if resumed:
        try:
            load_checkpoint(folder.checkpoint, state)
        except CheckpointError as error:
            raise problem("NS608", str(error), option("--resume", str(folder.path))) from error
    spec_text, info = plan.spec.to_yaml(), _info(plan)
    with _folder_errors(folder), noticed() as interrupt:
        folder.write_spec(spec_text)
        folder.write_info(info)
        folder.write_rows(state.history)
        if not resumed:
            save_checkpoint(folder.checkpoint, state)
        status = _fit(plan, folder, job, state, progress, interrupt, spec_text, info)
        save_checkpoint(folder.checkpoint, state)
        save_weights(folder.last, state.model, spec_text)
        draw_curves(folder.curves, plan.spec.name, state.history)
        folder.write_info(replace(info, status=status, best=state.best))
    return Run(folder.path, status, tuple(state.history), state.best, state.model, interrupt.signal)


def _fit(
    plan: Plan,
    folder: RunFolder,
    job: Job,
    state: State,
    progress: Progress,
    interrupt: Interrupt,
    text: str,
    info: Info,
) -> str:
    """The loop with its files and display; what stops it against its will becomes NS609."""
    events, keeper = Events(folder.path), Keeper(folder, text)

    def save(best: bool) -> None:
        row = state.history[-1]
        folder.add_row(row)
        events.add(row)
        keeper.epoch(state, best)

    at: At = plan.settings.nodes.get("optimizer", top(plan.spec.path))
    progress.start(job.epochs, state.epoch, job.steps, len(job.train))
    try:
        for found in warnings(plan):
            progress.message(render([found], plan.spec.sources))
        if state.epoch >= job.epochs:
            progress.message(f"all {job.epochs} epochs are done; --set train.epochs={job.epochs * 2} goes on")
        return fit(job, state, progress, interrupt, save)
    except (NotFiniteError, RuntimeError, ValueError, IndexError) as error:
        _back_to_good(folder, state, text)
        folder.write_info(replace(info, status="failed", best=state.best))
        draw_curves(folder.curves, plan.spec.name, state.history)
        raise _cannot_go_on(error, plan, folder, state, at) from error
    finally:
        keeper.finish()
        progress.stop()
        events.close()


class Keeper:
    """Stores the state after each epoch; after epochs of a moment, about once a second.

    What is skipped can be trained again with the same result, and waiting for the disk would take longer than that.
    """

    def __init__(self, folder: RunFolder, text: str) -> None:
        self.folder, self.text = folder, text
        self.next = 0.0
        self.best: nn.Module | None = None

    def epoch(self, state: State, best: bool) -> None:
        """An epoch is over, and whether it was the best."""
        due = time.monotonic() >= self.next
        if best:
            self.best = state.model if due else copy.deepcopy(state.model)
        if due:
            self.finish()
            save_checkpoint(self.folder.checkpoint, state)
            self.next = time.monotonic() + EVERY

    def finish(self) -> None:
        """Store the best weights, if they are not yet."""
        if self.best is not None:
            save_weights(self.folder.best, self.best, self.text)
            self.best = None


def _back_to_good(folder: RunFolder, state: State, text: str) -> None:
    """The last checkpoint is the last good state: its weights are what is kept."""
    with contextlib.suppress(CheckpointError):
        load_checkpoint(folder.checkpoint, state)
        save_weights(folder.last, state.model, text)


def _cannot_go_on(error: Exception, plan: Plan, folder: RunFolder, state: State, at: At) -> SpecError:
    kept = ("kept", f"{folder.path} holds the state after {state.epoch} epochs")
    if isinstance(error, NotFiniteError):
        advice = ("fix", "a smaller lr, or clip_grad_norm: 1.0 under train")
        return problem("NS609", str(error), at, advice, kept)
    if isinstance(error, torch.OutOfMemoryError):
        size = plan.settings.batch_size
        what = f"{plan.device} has not enough memory for batches of {size}"
        return problem("NS609", what, plan.settings.nodes.get("batch_size", at),
                       ("fix", f"batch_size: {max(1, size // 2)}"), torch_says(error), kept)  # fmt: skip
    return problem("NS609", "torch cannot train this network on these batches", at, torch_says(error), kept)


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
