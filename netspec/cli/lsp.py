"""`netspec lsp`."""

from __future__ import annotations

import logging
import sys

import click

from netspec.cli.languages import chosen_language, lang_option
from netspec.cli.options import set_option, torch_option
from netspec.cli.output import say
from netspec.core.files import ReadError
from netspec.core.installed import LSP, require_packages

LOCAL = ("127.0.0.1", "localhost", "::1")
LARGEST_PORT = 65_535


def _address(context: click.Context, option: click.Parameter, value: str | None) -> tuple[str, int] | None:
    """HOST:PORT, or a port of this machine."""
    if value is None:
        return None
    host, _, port = value.rpartition(":")
    if not port.isdecimal() or int(port) > LARGEST_PORT:
        raise click.BadParameter(f"{value!r} is no address, such as 127.0.0.1:2087")
    return host.strip("[]") or LOCAL[0], int(port)


@click.command(
    "lsp",
    short_help="Serve an editor: findings, shapes, completion, fixes while a spec is typed.",
    epilog="Example: netspec lsp --tcp 127.0.0.1:2087",
)
@click.option("--stdio", is_flag=True, help="Over standard input and output, as without any option.")
@click.option(
    "--tcp",
    callback=_address,
    metavar="HOST:PORT",
    help="Listen there, for any number of editors; port 0 is any free one.",
)
@click.option("--log", "log_file", type=click.Path(dir_okay=False), help="Write what fails to a file.")
@set_option
@torch_option
@lang_option
def command(
    stdio: bool, tcp: tuple[str, int] | None, log_file: str | None, settings: tuple[str, ...], torch: str | None
) -> None:
    """Serve an editor by the Language Server Protocol: findings, shapes, completion and fixes while a spec is typed.

    docs/editor.md says how to set up VS Code, Neovim, Helix, Emacs and Kate. No code of a spec runs, plugins included.
    """
    require_packages("netspec lsp", LSP, "lsp")
    if stdio and tcp is not None:
        raise click.UsageError("--stdio does not go with --tcp")
    try:
        handler = logging.FileHandler(log_file) if log_file else logging.StreamHandler(sys.stderr)
    except OSError as error:
        raise ReadError(f"{log_file}: cannot be written: {(error.strerror or str(error)).lower()}") from None
    logging.basicConfig(handlers=[handler], level=logging.ERROR)
    from netspec.lsp.server import NetspecServer, make_server
    from netspec.lsp.serving import serve_stdio, serve_tcp

    def make(embedded: bool) -> NetspecServer:
        return make_server(settings=settings, torch=torch, embedded=embedded, lang=chosen_language())

    if tcp is None:
        serve_stdio(make)
        return
    host, port = tcp
    if host not in LOCAL:
        say(f"netspec: whoever reaches {host} can read YAML files of this machine through this server", err=True)
    try:
        serve_tcp(make, host, port, lambda bound: say(f"listening on {host}:{bound}; Ctrl-C ends", err=True))
    except OSError as error:
        raise ReadError(f"{host}:{port}: cannot be listened on: {(error.strerror or str(error)).lower()}") from None
