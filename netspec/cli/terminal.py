"""What the stream is that the answer goes to: a terminal of some width, or a pipe."""

from __future__ import annotations

import os
import sys
from typing import Protocol

import click

from netspec.render.tables import Table, table_rich, table_text
from netspec.render.text import PIPE, Look

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
