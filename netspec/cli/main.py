"""The command `netspec`: a group whose commands are imported when they run.

Errors are caught here, and Ctrl-C and SIGTERM end a command with one line.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Any

import click

from netspec.cli.output import take_any_text
from netspec.cli.processes import prints
from netspec.core.diagnostics import SpecError
from netspec.core.files import ReadError
from netspec.core.installed import MissingPackageError

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
        if prints():
            click.echo(f"netspec: {WORDS[signal.Signals(came[0])]}", err=True)
        sys.exit(128 + came[0])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


COMMANDS = {
    "check": "Prove every shape of a spec and say what is wrong, without running anything.",
    "summary": "Show the layers of a spec with their shapes, parameters and MACs.",
    "sizes": "Say for which input sizes a spec is right.",
    "train": "Check a spec, train it on its data and keep the run.",
    "eval": "Score a run on its validation data.",
    "predict": "Let a run say what it sees in pictures or rows.",
    "compare": "Put runs side by side: settings that differ, best and last epochs, time.",
    "bench": "Time an epoch of a spec's training on each device.",
    "explain": "Say what a diagnostic's code means, with an example that is wrong and one that is right.",
    "schema": "Print the JSON Schema of the language.",
}


class _Lazy(click.Group):
    """Imports a command's module only when that command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"netspec.cli.{name}").command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        with ended_by_signals():
            return super().invoke(ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from netspec.core.names import closest, did_you_mean

        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            ctx.fail(f"no command {name!r}{did_you_mean(closest(name, COMMANDS))}")
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Lazy,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: netspec check specs/digits.yaml && netspec train specs/digits.yaml",
)
@click.version_option(package_name="netspec")
@click.pass_context
def cli(context: click.Context) -> None:
    """Neural networks as validated YAML layer graphs: check, compile, train."""
    if context.invoked_subcommand is None:  # of which every version of click makes something else
        click.echo(context.get_help(), err=True)
        context.exit(2)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; a user's mistake ends with a message and exit code 1 or 2, never with a traceback."""
    take_any_text()
    try:
        cli.main(args=None if arguments is None else list(arguments), prog_name="netspec", standalone_mode=True)
    except SpecError as error:
        from netspec.cli.output import look_of
        from netspec.render.text import render

        click.echo(render(error.diagnostics, error.sources, look_of(sys.stderr)), err=True)
        sys.exit(1)
    except (ReadError, MissingPackageError) as error:
        click.echo(f"netspec: {error}", err=True)
        sys.exit(2)
    except BrokenPipeError:
        _write_no_more()
        sys.exit(1)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        _write_no_more()
        click.echo("netspec: standard output cannot be written: no space is left there", err=True)
        sys.exit(2)


def _write_no_more() -> None:
    """What is still to be written to standard output goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
