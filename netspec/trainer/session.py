"""A run from its first file to its last: it begins or is resumed, trains, and ends.

Input: what `prepare_training` gives, and the run's folder. Output: the Run, every file of its folder written.
"""

from __future__ import annotations

import contextlib
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from netspec.checkpoint.checkpoint import CheckpointError, read_newest, restore_checkpoint, save_weights
from netspec.checkpoint.gathering import gathered_model
from netspec.checkpoint.run_folder import RunFolder
from netspec.checkpoint.run_info import info_of
from netspec.core.diagnostics import Diagnostic, Note, SpecError
from netspec.core.files import remove_half_written
from netspec.render.runs import settings_of
from netspec.render.text import render
from netspec.reports.curves import draw_curves
from netspec.reports.loggers import Loggers
from netspec.reports.model_card import write_card
from netspec.reports.progress import Progress
from netspec.reports.result_plots import report
from netspec.runtime.diagnostics import At, counted, option_span, spec_error, spec_start
from netspec.trainer.manager import CheckpointInterval, CheckpointManager, write_errors
from netspec.trainer.resume import ResumedRun, change_warning, changes_since, require_resumable
from netspec.training.interrupts import Interrupt, note_signals
from netspec.training.job import Job, NotFiniteError, Row, State
from netspec.training.loop import finished, fit, reopen_epoch
from netspec.training.nan_search import first_nonfinite
from netspec.training.plan import Plan, warnings
from netspec.training.setup import SMALLER_STEPS, step_refused

TEST_PART = "the test part ({}) is not looked at; netspec eval {} --test scores it, at the end"
TORCHRUN_SECONDS = 5.0  # in which torchrun ends the others, where one process ended


@dataclass(frozen=True)
class Run:
    """A run that has ended.

    Args:
        folder: with its files.
        status: `finished`, `stopped early` or `interrupted`.
        history: a row for each epoch.
        best: the row of the best epoch.
        model: the network as it was at the end.
        signal: the number of the signal that interrupted it.
    """

    folder: Path
    status: str
    history: tuple[Row, ...]
    best: Row | None
    model: nn.Module
    signal: int | None = None


class Session:
    """What is trained, where it is stored, and who shows it.

    Args:
        plan, job, state: from `prepare_training`.
        folder: the run's, held.
        progress: shows how it goes.
        before: the run as it was, where it is resumed.
    """

    def __init__(
        self,
        plan: Plan,
        job: Job,
        state: State,
        folder: RunFolder,
        progress: Progress,
        before: ResumedRun | None = None,
    ) -> None:
        self.plan, self.job, self.state = plan, job, state
        self.folder, self.progress, self.before = folder, progress, before
        self.text, self.info = plan.spec.to_yaml(), info_of(plan)
        self.warnings: list[Diagnostic] = warnings(plan)

    def run(self) -> Run:
        """Train until the end, or until a signal asks for it.

        Raises:
            SpecError: NS607, the folder cannot be written; NS608, there is no checkpoint to go on from; NS609, the
                training cannot go on, and the last good state is kept.
        """
        with note_signals() as interrupt:
            if self.before is not None:
                self._restore(self.before)
            with write_errors(self.folder):
                self._begin()
                with self._events() as events:
                    status = self._train(interrupt, events)
                    self._end(status, events)
                    self._report(interrupt, events)
        state = self.state
        return Run(self.folder.path, status, tuple(state.history), state.best, state.result, interrupt.signal)

    def _restore(self, before: ResumedRun) -> None:
        """Bring the state to where the run's newest sound checkpoint is."""
        folder, at = self.folder, option_span("--resume", str(self.folder.path))
        changes = changes_since(before, self.info)
        if has_begun(folder):
            try:
                content, damaged = read_newest(folder.checkpoint, folder.previous)
                require_resumable(self.plan, self.job, content, folder.path, changes)
                restore_checkpoint(content, self.state, folder.checkpoint, self.job.group)
                reopen_epoch(self.job, self.state)
            except CheckpointError as error:
                raise spec_error("NS608", str(error), at) from error
            if damaged is not None:
                what = f"{damaged}; the run goes on from the checkpoint before it, {self.state.elapsed}"
                self.warnings += spec_error("NS931", what, at).diagnostics
        if changes:
            self.warnings.append(change_warning(folder.path, changes))
        noted = tuple(f"{self.state.elapsed}: {change}" for change in changes.values())
        self.info = replace(self.info, changes=before.info.changes + noted)

    def _begin(self) -> None:
        """Write the files that say what is run; a run that is killed from here on can be resumed."""
        if self.folder.writes:
            remove_half_written(self.folder.path)
        self.folder.write_info(self.info)  # first, so that a file without the other is known to be ours
        self.folder.write_spec(self.text)
        if (texts := self.plan.data.source.text) is not None:
            self.folder.write_tokenizer(texts.known.to_json())
        self.folder.write_rows(self.state.history)

    @contextlib.contextmanager
    def _events(self) -> Iterator[Loggers]:
        events = Loggers(
            self.folder.path if self.folder.writes else None, self.plan.settings.loggers, self.plan.settings.callbacks
        )
        try:
            events.begin(self.plan.report, settings_of(self.plan.spec))
            yield events
        finally:
            with contextlib.suppress(OSError):  # a full disk was reported where it mattered
                events.close()

    def _train(self, interrupt: Interrupt, events: Loggers) -> str:
        """Run the loop with its files and its display; gives how it ended."""
        job, state, progress, plan = self.job, self.state, self.progress, self.plan
        every = CheckpointInterval(**(plan.settings.checkpoint_every or {}))
        checkpoints = CheckpointManager(self.folder, self.text, events, every, state, job.group)
        progress.start(job.epochs, state.epoch, job.steps, len(job.train))
        try:
            for found in self.warnings:
                progress.message(render([found], plan.spec.sources))
            if plan.data.untouched:
                progress.message(TEST_PART.format(plan.data.untouched, self.folder.path))
            for line in state.notes:
                progress.message(line)
            if finished(job, state):
                progress.message(_done_already(job, state))
            checkpoints.start()
            status = fit(job, state, progress, interrupt, checkpoints)
            checkpoints.save()
            return status
        except (SpecError, NotFiniteError, RuntimeError, ValueError, IndexError) as error:
            if job.group.size > 1 and not isinstance(error, NotFiniteError):  # which all of them find at once
                raise self._process_failed(error, interrupt) from error
            raise self._failed(error, checkpoints, events) from error
        finally:
            progress.stop()

    def _end(self, status: str, events: Loggers) -> None:
        """Write the files of a run that is over."""
        model = gathered_model(self.state)
        if self.folder.writes and model is not None:
            save_weights(self.folder.last, model, self.text)
            best = None if self.state.best is None else int(self.state.best["epoch"])
            draw_curves(self.folder.curves, self.plan.spec.name, self.state.history, best)
        self.info = replace(self.info, status=status, best=self.state.best)
        self.folder.write_info(self.info)
        self._card()
        events.end(status)

    def _card(self) -> None:
        """Write the model card, with the pictures that are there."""
        if self.folder.writes:
            write_card(self.folder.path, self.plan.report, self.info, self.state.history)

    def _report(self, interrupt: Interrupt, events: Loggers) -> None:
        """Draw the pictures of the results; a run is finished even where they cannot be drawn."""
        if self.state.best is None or interrupt():
            return
        try:
            report(self.plan, self.job, self.folder.path, self.state.best, events, interrupt)
            self._card()
        except (RuntimeError, ValueError, CheckpointError) as error:
            what = str(error).splitlines()[0]
            self.progress.message(f"the pictures of the results could not be drawn: {what}")

    def _failed(self, error: Exception, checkpoints: CheckpointManager, events: Loggers) -> SpecError:
        """Bring the folder to the last good state; gives the finding that says what happened."""
        traceback.clear_frames(error.__traceback__)  # which hold a batch's activations, on a device that may be full
        self.state.model.zero_grad(set_to_none=True)
        checkpoints.roll_back()
        self._end("failed", events)
        checkpoints.save_best()
        kept = ("kept", f"{self.folder.path} holds the state {self.state.elapsed}")
        if isinstance(error, SpecError):  # of a picture that cannot be read, for example
            return SpecError([replace(item, notes=(*item.notes, Note(*kept))) for item in error.diagnostics])
        if not isinstance(error, NotFiniteError):
            return step_refused(error, self.plan, self.job, [], kept)
        at: At = self.plan.settings.nodes.get("optimizer", spec_start(self.plan.spec.path))
        layer = first_nonfinite(self.plan.report, self.job, self.state) if self.job.group.size == 1 else None
        notes = [("first", layer)] if layer is not None else []
        return spec_error("NS609", str(error), at, *notes, SMALLER_STEPS, kept)

    def _process_failed(self, error: Exception, interrupt: Interrupt) -> SpecError:
        """The finding of one of several processes: its own error, or that another one has ended.

        Where another one has ended, torchrun is about to end this one too, and is waited for.
        """
        if isinstance(error, SpecError):
            return error
        until = time.monotonic() + TORCHRUN_SECONDS
        while time.monotonic() < until and not interrupt():
            time.sleep(0.05)
        path, size = self.folder.path, self.job.group.size
        kept = ("kept", f"{path} holds the run as of its last checkpoint")
        if interrupt() or isinstance(error, torch.distributed.DistError) or "peer" in str(error):
            go_on = ("fix", f"netspec train --resume {path} --nproc {size}")
            what = "another of the processes that train together has ended"
            return spec_error("NS609", what, option_span("--nproc", str(size)), kept, go_on)
        return step_refused(error, self.plan, self.job, [], kept)


def _done_already(job: Job, state: State) -> str:
    """That nothing is left to do, and how to go on."""
    if job.done(state) < job.epochs * job.steps:
        return f"{counted(job.done(state), 'step')} done already; --set train.steps={job.done(state) * 2} goes on"
    return f"{counted(state.epoch, 'epoch')} done already; --set train.epochs={state.epoch * 2} goes on"


def has_begun(folder: RunFolder) -> bool:
    """Whether a run came as far as its first checkpoint; a run that did not begins anew, with the same result."""
    return folder.has_checkpoint() or bool(folder.read_rows())
