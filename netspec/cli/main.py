"""The command `netspec`: imports the file of a command by its name, catches errors, ends at Ctrl-C and SIGTERM."""

from __future__ import annotations

import contextlib
import errno
import importlib
import keyword
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Any, NoReturn

import click

from netspec.cli.languages import lang_option
from netspec.cli.output import say, show_findings, take_any_text
from netspec.cli.processes import prints
from netspec.core.diagnostics import SpecError
from netspec.core.escapes import safe_lines
from netspec.core.faults import exit_code
from netspec.core.files import ReadError
from netspec.core.installed import MissingPackageError

WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """Turn Ctrl-C and SIGTERM into an exit with one line, even where a library wraps the exception in another one."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []

    def end(number: int, frame: FrameType | None) -> None:
        received.append(number)  # a library may turn the exception below into another one
        raise KeyboardInterrupt

    before = {number: signal.signal(number, end) for number in WORDS}
    try:
        yield
    except BaseException:
        if not received:
            raise
        if prints():
            click.echo(f"netspec: {WORDS[signal.Signals(received[0])]}", err=True)
        sys.exit(128 + received[0])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# In the order of the help. Each is a file of this folder with a `command`.
COMMANDS = (
    "init", "edit", "check", "fmt", "summary", "graph", "sizes", "diff", "import", "data", "train", "tune", "eval",
    "predict", "compare", "bench", "export", "explain", "schema", "lsp",
)  # fmt: skip


class _Lazy(click.Group):
    """Imports the file of a command only when the command is used, and all of them for the help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        file = f"{name}_" if keyword.iskeyword(name) else name  # as import_.py
        command: click.Command = importlib.import_module(f"netspec.cli.{file}").command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with ended_by_signals():
                return super().invoke(ctx)
        except BrokenPipeError:  # before click, which exits with 1
            _reader_has_gone()
        except click.UsageError as error:  # it quotes what was typed
            raise click.UsageError(safe_lines(error.format_message()), error.ctx) from None

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
@lang_option
@click.pass_context
def cli(context: click.Context) -> None:
    """Neural networks as validated YAML layer graphs: check, compile, train."""
    if context.invoked_subcommand is None:  # which versions of click treat in different ways
        click.echo(context.get_help(), err=True)
        context.exit(2)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; a user's mistake ends with a message and exit code 1 or 2, never with a traceback.

    Args:
        arguments: of the command line, without the name of the program; those of this process where left out.
    """
    take_any_text()
    try:
        try:
            cli.main(args=None if arguments is None else list(arguments), prog_name="netspec", standalone_mode=True)
        finally:
            sys.stdout.flush()  # here, where an error of it is caught
    except SpecError as error:
        show_findings(error.diagnostics, error.sources)
        sys.exit(exit_code(error.diagnostics) or 1)
    except (ReadError, MissingPackageError) as error:
        say(f"netspec: {error}", err=True)
        sys.exit(2)
    except BrokenPipeError:
        _reader_has_gone()
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        _discard_output()
        click.echo("netspec: standard output cannot be written: no space is left there", err=True)
        sys.exit(2)


def _reader_has_gone() -> NoReturn:
    """Exit as a program does that SIGPIPE ends, where what reads the output (`| head -1`) wants no more of it."""
    _discard_output()
    sys.exit(128 + 13)


def _discard_output() -> None:
    """Send to nowhere what is still to be written to standard output."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
