"""How a command's findings are shown: with the lines of its spec, and exit code 1."""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import click

from netspec.cli.processes import leave_it_to_the_first, speaks
from netspec.cli.terminal import look_of
from netspec.core.diagnostics import SpecError
from netspec.language.spec import Spec
from netspec.render.text import render


@dataclass
class Work:
    """What a command works on: the spec, once it is read, has the lines that findings are about."""

    spec: Spec | None = None


@contextlib.contextmanager
def reported() -> Iterator[Work]:
    """Runs a command's work. Findings are shown with their lines, and exit with 1.

    What torch warns of is about netspec's own code, and not shown; `python -W default` shows it.
    """
    work = Work()
    try:
        with warnings.catch_warnings():
            if not sys.warnoptions:
                warnings.simplefilter("ignore")
            yield work
    except SpecError as error:
        if not speaks():
            leave_it_to_the_first()
        sources = work.spec.sources if work.spec is not None else {}
        click.echo(render(error.diagnostics, sources, look_of(sys.stderr)), err=True)
        sys.exit(1)
