"""`netspec data`."""

from __future__ import annotations

import sys

import click

from netspec.cli.options import format_option, plugins_option, set_option
from netspec.cli.output import reporting, say, show_table
from netspec.compiler.plugins.permission import plugin_permission
from netspec.core.installed import require_packages
from netspec.render.json import json_text


@click.command(
    "data",
    short_help="Say what is understood of a spec's data.",
    epilog="Example: netspec data specs/tabular.yaml",
)
@click.argument("spec")
@set_option
@plugins_option
@format_option("text", "json", help="How to print the answer.")
def command(spec: str, settings: tuple[str, ...], allow_plugins: bool, style: str) -> None:
    """Say what is understood of a spec's data: the columns of a table, their kinds, ranges and missing cells, classes,
    the first rows, and the memory that all of it takes.

    The network need not be right, nor take samples of that size: what they are, and why, is said here.

    Exit code 0: the data can be read; 1: they cannot, and it says where and why; 2: the file could not be read.
    """
    require_packages("netspec data")
    with reporting() as work:
        from netspec.language.load import load

        work.spec = load(spec, settings, plugins=plugin_permission(allow_plugins))
        from netspec.reports.dataset import describe, description_tables

        content = describe(work.spec)
    if style == "json":
        click.echo(json_text(content, sys.stdout, indent=1))
        return
    for index, table in enumerate(description_tables(content)):
        if index:
            say("")
        show_table(table)
