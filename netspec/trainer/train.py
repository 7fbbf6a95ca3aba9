"""Check a spec, prepare its training, train it and keep the run.

Input: a spec. Output: the Run, and its folder.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from netspec.checkpoint.run_folder import RunFolder, make_folder
from netspec.core.diagnostics import Diagnostic, SpecError
from netspec.core.tree import Mapping, Scalar
from netspec.distributed.process_group import ProcessGroup, join, leave
from netspec.language.spec import Spec, require_spec
from netspec.reports.loggers import require_loggers
from netspec.reports.progress import Progress, Silent, choose_progress
from netspec.runtime.diagnostics import option_span
from netspec.trainer.manager import write_errors
from netspec.trainer.resume import begun_before, open_run
from netspec.trainer.session import Run, Session, has_begun
from netspec.training.devices import restored_determinism
from netspec.training.job import Row
from netspec.training.setup import prepare_training


def train(
    spec: Spec,
    *,
    device: str | None = None,
    out: str | Path | None = None,
    resume: str | Path | None = None,
    progress: Progress | None = None,
    judge: Callable[[Row], bool] | None = None,
) -> Run:
    """Train a spec on its data and keep the run.

    Args:
        spec: as `netspec.load` gives it.
        device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`; None: what the spec says, else `auto`.
        out: the run's folder, new or empty; None: `runs/<name>-<n>`.
        resume: the folder of a run to go on with, instead of `out`. Where torchrun starts the processes of a job
            again, they go on with its run by themselves.
        progress: shows how it goes; None: a display on stderr.
        judge: is called with the row of each epoch; where it says true, the run is stopped early.

    Raises:
        SpecError: what is wrong with the spec, its data, the device or the folder, before anything is trained; NS609,
            training cannot go on, and the last good state is kept.
        ReadError: `resume` is no folder of a run.
        TypeError: `spec` is a path or a text.
    """
    require_spec(spec, "netspec.train")
    group = join(device or _written(spec))
    progress = progress or (choose_progress() if group.main else Silent())
    try:
        with restored_determinism():
            resume = resume if resume is not None else group.from_main(begun_before(out))
            if resume is not None:
                return _resume(spec, device, RunFolder(Path(resume), writes=group.main), progress, group, judge)
            return _new(spec, device, out, progress, group, judge)
    finally:
        leave(group)


def _written(spec: Spec) -> str:
    """The device that the spec asks for."""
    node = spec.train.get("device") if isinstance(spec.train, Mapping) else None
    return str(node.value) if isinstance(node, Scalar) else "auto"


Judge = Callable[[Row], bool] | None


def _new(
    spec: Spec, device: str | None, out: str | Path | None, progress: Progress, group: ProcessGroup, judge: Judge
) -> Run:
    """Train in a new folder, which is removed again where no run begins."""
    folder: RunFolder | None = None
    unusable: tuple[Diagnostic, ...] = ()
    try:
        if group.main:
            try:
                folder = make_folder(None if out is None else Path(out), spec.name)
            except SpecError as error:
                unusable = error.diagnostics
        plan, job, state = prepare_training(spec, device, unusable, group)
        require_loggers(plan.settings.loggers)
        path = group.from_main(None if folder is None else folder.path)
    except BaseException:
        if folder is not None:
            folder.discard()
        raise
    if folder is None:
        assert path is not None  # else `prepare_training` has raised what is wrong with it
        folder = RunFolder(path, writes=False)
    try:
        return Session(plan, replace(job, judge=judge), state, folder, progress).run()
    finally:
        folder.release()


def _resume(
    spec: Spec, device: str | None, folder: RunFolder, progress: Progress, group: ProcessGroup, judge: Judge
) -> Run:
    """Go on in a folder; while this process is in it, no other is."""
    folder.read_info()  # which raises where this is no run
    if folder.writes:
        with write_errors(folder):
            folder.hold(option_span("--resume", str(folder.path)))
    try:
        before = open_run(folder.path, spec)
        plan, job, state = prepare_training(spec, device, group=group, fresh=not has_begun(folder))
        require_loggers(plan.settings.loggers)
        return Session(plan, replace(job, judge=judge), state, folder, progress, before).run()
    finally:
        folder.release()
