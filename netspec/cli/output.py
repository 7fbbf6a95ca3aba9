"""Where a command's output goes: a terminal of some width or a pipe, of any encoding."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Protocol

import click

from netspec.cli.languages import language_of
from netspec.cli.processes import exit_quietly, prints
from netspec.core.dataclass import dataclass
from netspec.core.diagnostics import Diagnostic, SpecError
from netspec.core.escapes import safe_lines
from netspec.core.faults import exit_code
from netspec.language.spec import Spec
from netspec.render.tables import Table, table_rich, table_text, wants_color
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
    """The replacement of characters that an encoding lacks; JSON escapes, which are right in JSON output too."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    import json

    text = error.object[error.start : error.end]
    return "".join(SPELT.get(sign) or json.dumps(sign)[1:-1] for sign in text), error.end


NARROWEST = 60  # columns


class Stream(Protocol):
    """The methods of a stream that are used here."""

    def isatty(self) -> bool: ...
    def fileno(self) -> int: ...


def use_color(stream: Stream) -> bool:
    """Whether to colour what goes to a stream: a terminal that can, and NO_COLOR not set."""
    return stream.isatty() and wants_color()


def columns(stream: Stream) -> int:
    """The width of a terminal in columns: of the variable COLUMNS, else of the system."""
    variable = os.environ.get("COLUMNS", "")
    if variable.isdecimal() and int(variable) > 0:
        return int(variable)
    try:
        return os.get_terminal_size(stream.fileno()).columns or PIPE.width
    except (OSError, ValueError):
        return PIPE.width


def look_of(stream: Stream) -> Look:
    """How text is shown on a stream."""
    lang = language_of(stream)
    if not stream.isatty():
        return PIPE if lang == PIPE.lang else replace(PIPE, lang=lang)
    color = use_color(stream)
    return Look(max(NARROWEST, columns(stream)), wrap_message=True, color=color, links=color, lang=lang)


def say(text: str, *, err: bool = False) -> None:
    """Lines for people, without control characters: names and paths in them may come from anywhere.

    Args:
        text: what is said.
        err: on standard error instead of standard output.
    """
    click.echo(safe_lines(text), err=err)


def show_table(table: Table) -> None:
    """A table on stdout: drawn on a terminal, plain in a pipe."""
    if sys.stdout.isatty():
        table_rich(table)
    else:
        click.echo(table_text(table))


def show_findings(diagnostics: Iterable[Diagnostic], sources: Mapping[str, str]) -> None:
    """Findings on stderr, with the lines of their texts."""
    click.echo(render(diagnostics, sources, look_of(sys.stderr)), err=True)


@dataclass
class CommandSpec:
    """The spec of a command, once it is read: its texts have the lines that findings point at."""

    spec: Spec | None = None


@contextlib.contextmanager
def reporting() -> Iterator[CommandSpec]:
    """Runs a command's work. Findings that are raised are shown with their lines; the exit code is 1 then.

    Warnings of torch are about netspec's own code, and are not shown; `python -W default` shows them.
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
        show_findings(error.diagnostics, sources)
        sys.exit(exit_code(error.diagnostics) or 1)
