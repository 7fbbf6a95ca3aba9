"""`netspec tune`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from signal import SIGINT, SIGTERM

import click

from netspec.cli.options import plugins_option, set_option
from netspec.cli.output import reporting, say, show_table
from netspec.cli.processes import without
from netspec.compiler.plugins.permission import plugin_permission
from netspec.core.files import ReadError
from netspec.core.installed import require_packages
from netspec.language.spec import Spec

WORKER = "NETSPEC_TUNE_WORKER"  # in the environment of the further processes of one search


@click.command(
    "tune",
    short_help="Search for better settings: train a spec with many, by Optuna.",
    epilog="Example: netspec tune specs/digits_search.yaml --trials 30 --out runs/search",
)
@click.argument("spec")
@set_option
@plugins_option
@click.option("--trials", type=click.IntRange(1), default=20, help="How many, those that are there already too.")
@click.option("--out", metavar="DIR", help="The folder, new or of this search. Default: runs/<name>-tune-<n>.")
@click.option("--workers", type=click.IntRange(1), default=1, help="Processes that train trials at the same time.")
@click.option(
    "--storage", metavar="URL", help="Where the study is, instead of DIR/study.db: a database's URL or a file."
)
@click.option("--study", metavar="NAME", help="The study's name in the storage. Default: the spec's name.")
@click.option("--seed", type=click.IntRange(0), default=0, help="Of the sampler.")
@click.option("--device", metavar="DEVICE", help="auto, cpu, cuda, cuda:N or mps. Goes before the spec's own.")
@click.option(
    "--best", type=click.Path(path_type=Path), metavar="FILE", help="Where the best spec goes: DIR/best.yaml."
)
def command(
    spec: str,
    settings: tuple[str, ...],
    allow_plugins: bool,
    trials: int,
    out: str | None,
    workers: int,
    storage: str | None,
    study: str | None,
    seed: int,
    device: str | None,
    best: Path | None,
) -> None:
    """Train a spec with the values that its `search` names, learn from each trial which to try next, and end those
    early that are worse than the median of the others at the same epoch.

    The folder holds the study, a run for each trial, a table (trials.csv), the best spec (best.yaml) and pictures.
    After a kill the same command with its --out goes on: finished trials are kept, begun ones go on from their
    checkpoints.

    Exit code 0: done; 1: errors, or no trial has finished; 2: a file could not be read; 130: Ctrl-C; 143: SIGTERM.
    """
    require_packages("netspec tune")

    def read(more: tuple[str, ...]) -> Spec:
        from netspec.language.load import load

        found = load(spec, (*settings, *more), plugins=plugin_permission(allow_plugins))
        work.spec = work.spec or found
        return found

    worker = WORKER in os.environ
    others: list[subprocess.Popen[bytes]] = []

    def begun(folder: Path) -> None:
        _share_cores(workers)
        for number in range(1, workers):
            others.append(_start(number, folder))

    with reporting() as work:
        from netspec.reports.progress import Silent
        from netspec.tuning.tune import Search, tune

        def told(line: str) -> None:
            if not worker:
                say(line, err=True)

        search = Search(trials, out, storage, study, seed, device)
        signal: int | None = SIGTERM
        try:
            found = tune(read, search, told, begun, Silent)
            signal = found.signal
        finally:
            failed = _wait(others, end=signal is not None)
        if worker:
            sys.exit(0 if found.signal is None else 128 + found.signal)
        from netspec.tuning.results import best_settings, trials_table, write_results

        try:
            path = write_results(found, read, best, told)
        except OSError as error:
            raise ReadError(f"{found.folder}: cannot be written: {(error.strerror or str(error)).lower()}") from None
    show_table(trials_table(found))
    if path is not None:
        say(f"best: {' '.join(f'--set {each}' for each in best_settings(found) or ())}")
        say(f"best spec: {path}")
    say(f"search: {found.folder}")
    if failed:
        say(f"{failed} of the further processes ended early", err=True)
    if found.signal is not None:
        say(f"interrupted; the same command with --out {found.folder} goes on", err=True)
        sys.exit(128 + found.signal)
    sys.exit(0 if path is not None else 1)


def _wait(others: list[subprocess.Popen[bytes]], *, end: bool) -> int:
    """Wait for the further processes, which store their trials where they are to end; gives how many of them failed."""
    for other in others if end else ():
        other.terminate()
    return sum(other.wait() not in (0, 128 + SIGINT, 128 + SIGTERM, -SIGTERM) for other in others)


def _share_cores(workers: int) -> None:
    """Give each of several processes its part of the cores, where nothing else is asked for."""
    if workers > 1 and "OMP_NUM_THREADS" not in os.environ:
        import torch

        each = max(1, torch.get_num_threads() // workers)
        os.environ["OMP_NUM_THREADS"] = str(each)
        torch.set_num_threads(each)


def _start(number: int, folder: Path) -> subprocess.Popen[bytes]:
    """Another process of the same search; it prints errors only."""
    arguments = [*without(sys.argv[1:], ("--workers", "--out")), "--out", str(folder)]
    return subprocess.Popen(
        [sys.executable, "-m", "netspec", *arguments],
        env={**os.environ, WORKER: str(number)},
        stdout=subprocess.DEVNULL,
    )
