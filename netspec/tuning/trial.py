"""One trial: its run, what it tells the study after each epoch, and how it ends.

Input: an Optuna trial with its settings. Output: a run's folder, and the state and value that the study keeps.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netspec.checkpoint.run_folder import RunFolder
from netspec.core.diagnostics import SpecError
from netspec.language.spec import Spec
from netspec.reports.progress import Progress
from netspec.trainer.train import train
from netspec.training.job import Row

OVER = ("finished", "stopped early")
DIVERGED = "NS609"  # training could not go on; another trial may
PRUNED, COMPLETE, FAILED, INTERRUPTED = "PRUNED", "COMPLETE", "FAIL", ""


@dataclass(frozen=True)
class Ended:
    """How a trial ended.

    Args:
        state: Optuna's name of it; empty where it was interrupted, and goes on later.
        row: the best epoch's.
        reason: why it failed.
        signal: the number of the signal that interrupted it.
    """

    state: str
    row: Row | None = None
    reason: str = ""
    signal: int | None = None


def run_trial(
    trial: Any, spec: Spec, folder: Path, column: str, device: str | None, progress: Callable[[], Progress] | None
) -> Ended:
    """Train a trial, or go on with it, and report its epochs.

    Args:
        trial: of Optuna.
        spec: with its settings.
        folder: of its run.
        column: of the rows that trials are compared by.
        device: as of `train`.
        progress: makes what shows the training; None: a display on stderr.

    Raises:
        SpecError: what is wrong with the spec or the data, which another trial would not better.
    """
    pruned = False

    def judge(row: Row) -> bool:
        nonlocal pruned
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of an epoch that was reported before a kill
            if row.get(column) is not None:
                trial.report(row[column], int(row["epoch"]))
                pruned = trial.should_prune()
        return pruned

    begun = (folder / "run.json").is_file()
    if begun:
        stored = RunFolder(folder)
        for row in stored.read_rows():
            judge(row)
        info = stored.read_info()
        if info.status in OVER or pruned:  # the process was killed between the run's end and the study's note of it
            return Ended(PRUNED if pruned else COMPLETE, info.best)
    where: dict[str, Any] = {"resume": folder} if begun else {"out": folder}
    try:
        run = train(spec, device=device, progress=None if progress is None else progress(), judge=judge, **where)
    except SpecError as error:
        if {found.code for found in error.diagnostics} != {DIVERGED}:
            raise
        return Ended(FAILED, reason=error.diagnostics[0].message)
    if run.status == "interrupted":
        return Ended(INTERRUPTED, run.best, signal=run.signal)
    return Ended(PRUNED if pruned else COMPLETE, run.best)
