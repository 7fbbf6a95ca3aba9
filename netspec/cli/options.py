"""Options that several commands share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

import click

from netspec.core.escapes import safe_lines
from netspec.core.files import ReadError

if TYPE_CHECKING:
    from netspec.inference.results import Fault

plugins_option: Callable[[Any], Any] = click.option(
    "--allow-plugins",
    is_flag=True,
    help="Let the Python modules run that `plugins` names; do so only where you trust them.",
)
set_option: Callable[[Any], Any] = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Set a parameter (classes=100) or a value by its dotted path (train.epochs=3). May be given several times.",
)


def _version(context: click.Context, option: click.Parameter, version: str | None) -> str | None:
    """Raise click.BadParameter for a version of torch that netspec does not know."""
    if version is None:
        return None
    from netspec.core.installed import supported

    try:
        return supported(version)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


torch_option: Callable[[Any], Any] = click.option(
    "--torch",
    metavar="VERSION",
    callback=_version,
    help="Check for another version of torch than the installed one (without one: the newest), such as 2.9.",
)


def file_option(help: str) -> Callable[[Any], Any]:
    """The option `--out`, or `-o`: the file that a command writes."""
    return click.option("--out", "-o", type=click.Path(path_type=Path), metavar="FILE", help=help)


out_option = file_option(
    "Write there instead of to standard output. The file is replaced when all is done, or stays as it was."
)
device_option: Callable[[Any], Any] = click.option("--device", metavar="DEVICE", help="auto, cpu, cuda, cuda:N or mps.")

weights_option: Callable[[Any], Any] = click.option(
    "--weights", type=click.Choice(["best", "last"]), default="best", help="Which epoch's weights."
)


def format_option(*styles: str, help: str) -> Callable[[Any], Any]:
    """The option `--format`; the first style is the default."""
    return click.option("--format", "style", type=click.Choice(styles), default=styles[0], help=help)


class Shown:
    """A terminal as a stream: what is written there, CSV too, has no control characters."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self.encoding = stream, stream.encoding

    def write(self, text: str) -> int:
        """Write text that shows what it holds."""
        return self._stream.write(safe_lines(text))


@contextmanager
def output_stream(out: Path | None) -> Iterator[TextIO]:
    """The stream for a command's answer: standard output, or a new file that replaces `out` when all is written.

    Raises:
        ReadError: the file cannot be written.
    """
    if out is None:
        yield cast(TextIO, Shown(sys.stdout)) if sys.stdout.isatty() else sys.stdout
        return
    temporary = out.with_name(f".{out.name}.writing")
    temporary.unlink(missing_ok=True)
    try:
        with temporary.open("w", encoding="utf-8", newline="", errors="netspec") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(out)
    except OSError as error:
        raise ReadError(f"{out}: cannot be written: {(error.strerror or str(error)).lower()}") from None
    finally:
        temporary.unlink(missing_ok=True)


class Faults(list["Fault"]):
    """The files and rows that a command could not use."""

    def report(self, fault: Fault) -> None:
        """Add one, and print it on standard error."""
        click.echo(f"netspec: {fault}", err=True)  # which is safe text
        self.append(fault)

    def exit_if_any(self) -> None:
        """Exit with 2 where a file was not found, with 1 where a file or row could not be used."""
        if self:
            sys.exit(2 if any(fault.unreadable for fault in self) else 1)
