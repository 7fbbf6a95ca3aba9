"""Commands that run in several processes at once: starts them, and lets only one of them print."""

from __future__ import annotations

import os
import sys
import time
from typing import NoReturn

import click

from netspec.core.escapes import safe

OPTIONS = ("--nproc", "--max-restarts")
PATIENCE = 10.0  # seconds that the first process has to print what is wrong with all of them


def start(processes: int, restarts: int) -> NoReturn:
    """Run this command in several processes, and exit as they do."""
    from netspec.distributed.launcher import launch

    sys.exit(launch(without(sys.argv[1:], OPTIONS), processes, restarts))


def without(arguments: list[str], options: tuple[str, ...]) -> list[str]:
    """A command line without some options, which have one value each."""
    kept: list[str] = []
    skip = False
    for argument in arguments:
        if skip:
            skip = False
        elif argument in options:
            skip = True
        elif not argument.startswith(tuple(f"{option}=" for option in options)):
            kept.append(argument)
    return kept


def prints() -> bool:
    """Whether this process prints messages; of several processes only the first does."""
    return os.environ.get("RANK", "0") == "0"


def one_of_several() -> bool:
    """Whether torchrun started this process beside others."""
    return os.environ.get("WORLD_SIZE", "1") != "1"


def exit_quietly() -> None:
    """Wait to be ended: most errors are those of all processes, and the first prints them and exits.

    Returns where this process was not ended, so that it has to print its own error.
    """
    time.sleep(PATIENCE)
    click.echo(safe(f"process {os.environ.get('RANK')} of {os.environ.get('WORLD_SIZE')}:"), err=True)


def end_now(code: int) -> NoReturn:
    """Exit without the clean-up of libraries, in which threads of torch that serve other processes may abort."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
