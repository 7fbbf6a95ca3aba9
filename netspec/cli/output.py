"""Where a command's answer goes: a terminal of some width or a pipe, of any encoding.

Findings are shown with the lines of their spec.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import click

from netspec.cli.processes import exit_quietly, prints
from netspec.core.diagnostics import SpecError
from netspec.language.spec import Spec
from netspec.render.tables import Table, table_rich, table_text
from netspec.render.text import PIPE, Look, render

SPELT = {"→": "->", "×": "x", "·": "*", "…": "...", "≥": ">=", "≤": "<=", "≠": "!=", "–": "-"}


def take_any_text() -> None:
    """Let standard output and standard error take any text, whatever their encoding, and if they are closed."""
    codecs.register_error("netspec", _spelt)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None or stream.closed:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - as long as we run
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="netspec")


def _spelt(error: UnicodeError) -> tuple[str, int]:
    """What stands for characters that an encoding lacks; an escape as JSON has it, also in the JSON of an answer."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    import json

    text = error.object[error.start : error.end]
    return "".join(SPELT.get(sign) or json.dumps(sign)[1:-1] for sign in text), error.end


NARROWEST = 60


class Stream(Protocol):
    """As much of a stream as is asked."""

    def isatty(self) -> bool: ...
    def fileno(self) -> int: ...


def use_color(stream: Stream) -> bool:
    """Whether to colour what goes to a stream: a terminal that can, and NO_COLOR not set."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def columns(stream: Stream) -> int:
    """How wide a terminal is: COLUMNS, or what it says of itself."""
    said = os.environ.get("COLUMNS", "")
    if said.isdecimal() and int(said) > 0:
        return int(said)
    try:
        return os.get_terminal_size(stream.fileno()).columns or PIPE.width
    except (OSError, ValueError):
        return PIPE.width


def look_of(stream: Stream) -> Look:
    """The look of what is written to a stream."""
    if not stream.isatty():
        return PIPE
    color = use_color(stream)
    return Look(max(NARROWEST, columns(stream)), wrap_message=True, color=color, links=color)


def show_table(table: Table) -> None:
    """A table on stdout: drawn on a terminal, plain in a pipe."""
    if sys.stdout.isatty():
        table_rich(table)
    else:
        click.echo(table_text(table))


@dataclass
class CommandSpec:
    """What a command works on: the spec, once it is read, has the lines that findings are about."""

    spec: Spec | None = None


@contextlib.contextmanager
def reporting() -> Iterator[CommandSpec]:
    """Runs a command's work. Findings are shown with their lines, and exit with 1.

    What torch warns of is about netspec's own code, and not shown; `python -W default` shows it.
    """
    work = CommandSpec()
    try:
        with warnings.catch_warnings():
            if not sys.warnoptions:
                warnings.simplefilter("ignore")
            yield work
    except SpecError as error:
        if not prints():
            exit_quietly()
        sources = work.spec.sources if work.spec is not None else {}
        click.echo(render(error.diagnostics, sources, look_of(sys.stderr)), err=True)
        sys.exit(1)
