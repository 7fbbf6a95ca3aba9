"""The search from its first trial to its last: asks the study, trains, tells it; a kill loses no finished trial.

Input: a spec with `search`. Output: the Tuning; in its folder the study, the runs, and what results.py writes.

Trials that a killed process has left are gone on with, from their checkpoints. A trial belongs to the process that
holds its lock; one of another machine is left to it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from netspec.checkpoint.run_folder import make_folder
from netspec.core.files import write_atomically
from netspec.core.tree import plain
from netspec.language.sections.metrics import columns, lower_is_better
from netspec.language.sections.search_keys import Range
from netspec.language.spec import Spec
from netspec.reports.progress import Progress
from netspec.runtime.diagnostics import spec_error
from netspec.trainer.manager import write_errors
from netspec.training.plan import Plan, prepare
from netspec.tuning.space import assignments, described, ranges_of, suggest, without_search
from netspec.tuning.study import open_study, require_optuna, sampler_for
from netspec.tuning.trial import COMPLETE, FAILED, Ended, run_trial

if TYPE_CHECKING:
    import optuna

MARK = "tune.txt"  # the file that says that a folder is one of a search


@dataclass(frozen=True)
class Tuning:
    """A search that has ended.

    Args:
        folder: with its files.
        study: Optuna's.
        ranges: of the spec.
        column: of the rows that trials are compared by.
        signal: the number of the signal that interrupted it.
    """

    folder: Path
    study: optuna.Study
    ranges: tuple[Range, ...]
    column: str
    signal: int | None = None


@dataclass(frozen=True)
class Search:
    """How to search.

    Args:
        trials: the number of them, of all processes and all starts together.
        out: the folder, new, empty or of this search; None: `runs/<name>-tune-<n>`.
        storage: as of `open_study`.
        study: the study's name; None: the spec's.
        seed: of the sampler.
        device: as of `train`.
    """

    trials: int = 20
    out: str | Path | None = None
    storage: str | None = None
    study: str | None = None
    seed: int = 0
    device: str | None = None


def tune(
    spec_of: Callable[[tuple[str, ...]], Spec],
    search: Search,
    told: Callable[[str], None] = lambda line: None,
    begun: Callable[[Path], None] = lambda folder: None,
    progress: Callable[[], Progress] | None = None,
) -> Tuning:
    """Train trials until there are enough.

    Args:
        spec_of: gives the spec with further settings.
        search: how to search.
        told: is called with a line for a person, before and after each trial.
        begun: is called with the folder, once it is there.
        progress: makes what shows the training of a trial; None: a display on stderr.

    Raises:
        SpecError: what is wrong with the spec, its data or the folder, before anything is trained.
        ReadError: the storage cannot be used.
    """
    spec = spec_of(())
    ranges, (column, direction) = ranges_of(spec), _compared_by(prepare(spec, search.device))
    require_optuna()
    folder = _folder(search.out, spec.name)
    begun(folder)
    told_search = described(ranges) + str(plain(without_search(spec).document))
    study = open_study(search.storage, folder, search.study or spec.name, told_search, direction)
    signal = None
    while signal is None:
        with _next_trial(study, folder, search) as found:
            if found is None:
                break
            trial, held = found
            settings = assignments(ranges, suggest(trial, ranges))
            told(f"trial {trial.number}: {', '.join(settings)}")
            run = held.with_suffix("")
            try:
                ended = run_trial(trial, without_search(spec_of(settings)), run, column, search.device, progress)
            except BaseException as error:
                if not isinstance(error, KeyboardInterrupt | SystemExit):
                    study.tell(trial.number, state=_state(FAILED))
                raise
            signal = ended.signal
            _tell(study, trial, ended, column)
            told(f"trial {trial.number}: {_words(ended, column)}")
    return Tuning(folder, study, ranges, column, signal)


def _compared_by(plan: Plan) -> tuple[str, Literal["minimize", "maximize"]]:
    """The column of the rows that trials are compared by, as epochs are: `monitor`, else accuracy, else the loss.

    Raises:
        SpecError: NS616, no samples validate.
    """
    if plan.data.val is None:
        what = "a search compares trials by validation samples, and there are none"
        raise spec_error("NS616", what, plan.data.node, ("fix", "val: 0.2 under data"))
    losses = {head.name: head.kind for head in plan.data_checks.heads if not head.training_only}
    measured = columns(plan.settings.metrics, losses, numbers=True)
    column = plan.settings.monitor or ("val_accuracy" if "accuracy" in measured else "val_loss")
    return column, "minimize" if lower_is_better(column) else "maximize"


def _folder(out: str | Path | None, name: str) -> Path:
    """The folder of the search: a new one, or the one that it has had."""
    path = None if out is None else Path(out)
    if path is None or not (path / MARK).is_file():
        made = make_folder(path, f"{name}-tune")
        path = made.path
        made.release()
        with write_errors(made):
            write_atomically(
                path / MARK, lambda file: file.write_text("A search of netspec tune; each trial is a run.\n")
            )
    (path / "trials").mkdir(exist_ok=True)
    return path


@contextmanager
def _next_trial(study: optuna.Study, folder: Path, search: Search) -> Iterator[tuple[Any, Path] | None]:
    """A trial and its lock's file: one that a killed process has left, else a new one; None where there are enough."""
    from filelock import FileLock, Timeout

    optuna = require_optuna()
    here = f"{socket.gethostname()}:{folder.resolve()}"
    with FileLock(folder / "ask.lock"):
        lock = chosen = None
        for one in study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
            if one.user_attrs.get("at", here) != here:
                continue
            lock = FileLock(folder / "trials" / f"{one.number:04}.lock", blocking=False)
            try:
                lock.acquire()
            except Timeout:
                continue
            study.sampler = sampler_for(one.number, search.seed)
            chosen = optuna.trial.Trial(study, one._trial_id)
            break
        count = len(study.get_trials(deepcopy=False))
        if chosen is None and count < search.trials:
            study.sampler = sampler_for(count, search.seed)
            chosen = study.ask()
            lock = FileLock(folder / "trials" / f"{chosen.number:04}.lock", blocking=False)
            lock.acquire()
            chosen.set_user_attr("at", here)
    if chosen is None or lock is None:
        yield None
        return
    try:
        yield chosen, Path(lock.lock_file)
    finally:
        lock.release()


def _tell(study: optuna.Study, trial: Any, ended: Ended, column: str) -> None:
    """Note a trial's end in the study; one that was interrupted stays open."""
    if not ended.state:
        return
    value = None if ended.row is None else ended.row.get(column)
    if ended.row is not None:
        trial.set_user_attr("epoch", ended.row["epoch"])
    if ended.reason:
        trial.set_user_attr("reason", ended.reason)
    if ended.state == COMPLETE and value is not None:
        study.tell(trial.number, float(value))
    else:
        study.tell(trial.number, state=_state(FAILED if ended.state == COMPLETE else ended.state))


def _state(name: str) -> Any:
    return require_optuna().trial.TrialState[name]


def _words(ended: Ended, column: str) -> str:
    """How a trial ended, in words."""
    if not ended.state:
        return "interrupted"
    value = "" if ended.row is None else f"{column} {ended.row.get(column):.5g}, epoch {ended.row['epoch']}"
    if ended.state == COMPLETE:
        return value
    return f"failed: {ended.reason}" if ended.reason else f"pruned; {value}"
