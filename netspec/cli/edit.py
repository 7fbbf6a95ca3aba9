"""`netspec edit`."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import click

from netspec.cli.options import plugins_option
from netspec.cli.output import say
from netspec.compiler.plugins.permission import plugin_permission
from netspec.core.installed import EDIT, require_packages


@click.command(
    "edit",
    short_help="Open a page: a spec as text, its network as a picture, training.",
    epilog="Example: netspec edit specs/digits.yaml",
)
@click.argument("spec", required=False, type=click.Path(path_type=Path))
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="On which to listen; by default one that is free."
)
@click.option("--no-open", is_flag=True, help="Only print the page's address, without opening a browser.")
@plugins_option
def command(spec: Path | None, port: int, no_open: bool, allow_plugins: bool) -> None:
    """Open a page in the browser: on the left a spec's text, on the right its network, which follows each key.

    SPEC is a file, or a folder; without it the working directory. The page opens and saves specs in that folder, and
    nowhere else. It is served on 127.0.0.1 alone, and its address has a token without which nothing is answered.
    Ctrl-C ends it, and what it trains, which can be resumed.

    Exit code 2: there is no such folder, or the port is taken.
    """
    require_packages("netspec edit", EDIT, "edit")
    from netspec.edit.app import Setting
    from netspec.edit.files import Folder, Refused
    from netspec.edit.serve import make_server
    from netspec.lsp.serving import settle

    place = spec or Path()
    home = place if place.is_dir() else place.parent
    if not home.is_dir():
        raise click.UsageError(f"{home}: no such folder")
    folder = Folder(home)
    first = ""
    if place != home:
        try:
            first = folder.name_of(folder.place(place.name))
        except Refused as error:
            raise click.UsageError(str(error)) from None

    served = make_server(Setting(folder, plugin_permission(allow_plugins), allow_plugins, first), port)
    say(f"netspec edit: {served.access.address}\nCtrl-C ends it", err=True)
    if not no_open:
        webbrowser.open(served.access.address)
    settle()
    served.run()
