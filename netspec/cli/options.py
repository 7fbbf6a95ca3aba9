"""Options that several commands share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import click

from netspec.core.files import ReadError
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
    """A version of torch that netspec knows."""
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

out_option: Callable[[Any], Any] = click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write there instead of to standard output. The file is replaced when all is done, or stays as it was.",
)


@contextmanager
def written(out: Path | None) -> Iterator[TextIO]:
    """Where a command writes its answer: standard output, or a new file that takes its place when all is written.

    Raises:
        ReadError: the file cannot be written.
    """
    if out is None:
        yield sys.stdout
        return
    temporary = out.with_name(f".{out.name}.writing")
    try:
        with temporary.open("w", encoding="utf-8", newline="") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(out)
    except OSError as error:
        raise ReadError(f"{out}: cannot be written: {(error.strerror or str(error)).lower()}") from None
    finally:
        temporary.unlink(missing_ok=True)


class Faults(list[Fault]):
    """The files and rows that a command could not use: named as they are met, and its exit code in the end."""

    def name(self, fault: Fault) -> None:
        """Name one on standard error."""
        click.echo(f"netspec: {fault}", err=True)
        self.append(fault)

    def leave(self) -> None:
        """Exit with 2 where a file was not there, with 1 where one or a row could not be used; else return."""
        if self:
            sys.exit(2 if any(fault.unreadable for fault in self) else 1)
