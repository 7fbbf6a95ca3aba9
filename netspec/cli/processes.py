"""Commands that run in several processes at once: starting them, and that only one of them speaks."""

from __future__ import annotations

import os
import sys
import time
from typing import NoReturn

import click

OPTIONS = ("--nproc", "--max-restarts")
PATIENCE = 10.0  # seconds that the first process has to say what is wrong with all of them


def start(processes: int, restarts: int) -> NoReturn:
    """Run this command in several processes, and exit as they do."""
    from netspec.distributed.launcher import launch

    code = launch(_without(sys.argv[1:]), processes, restarts)
    sys.exit(code)


def _without(arguments: list[str]) -> list[str]:
    """The command line without the options that are about processes, which each has one value."""
    kept: list[str] = []
    skip = False
    for argument in arguments:
        if skip:
            skip = False
        elif argument in OPTIONS:
            skip = True
        elif not argument.startswith(tuple(f"{option}=" for option in OPTIONS)):
            kept.append(argument)
    return kept


def prints() -> bool:
    """Whether this process tells people how it goes: of several, the first does."""
    return os.environ.get("RANK", "0") == "0"


def one_of_several() -> bool:
    """Whether torchrun started this process beside others."""
    return os.environ.get("WORLD_SIZE", "1") != "1"


def exit_quietly() -> None:
    """What is wrong is mostly wrong in all processes; the first says it and exits, whereupon the others are ended.

    Returns where that did not happen, so that it has to be said here.
    """
    time.sleep(PATIENCE)
    click.echo(f"process {os.environ.get('RANK')} of {os.environ.get('WORLD_SIZE')}:", err=True)


def end_now(code: int) -> NoReturn:
    """Exit without the clean-up of libraries: threads of torch's that serve other processes may abort in it."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
