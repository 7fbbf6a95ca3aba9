"""Ctrl-C and SIGTERM end a command with one line and 128 + the signal's number, as a shell has it."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

import click

from netspec.cli.processes import speaks

WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """Make an exit of a signal, in whatever error a library wraps it; what is half done is put right on the way out."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def end(number: int, frame: FrameType | None) -> None:
        came.append(number)  # a library that is just being imported may make another error of the next line
        raise KeyboardInterrupt

    before = {number: signal.signal(number, end) for number in WORDS}
    try:
        yield
    except BaseException:
        if not came:
            raise
        if speaks():
            click.echo(f"netspec: {WORDS[signal.Signals(came[0])]}", err=True)
        sys.exit(128 + came[0])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
