"""`netspec graph`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from netspec.checker import check
from netspec.cli.options import file_option, output_stream, plugins_option, set_option, torch_option
from netspec.cli.output import say, show_findings
from netspec.compiler.plugins.permission import plugin_permission
from netspec.core.diagnostics import errors
from netspec.core.faults import exit_code
from netspec.language.load import load
from netspec.render.pictures.formats import FORMATS, chosen_format, picture, write


@click.command(
    "graph",
    short_help="Draw a spec's network: SVG, HTML, PNG, Mermaid, DOT.",
    epilog="Example: netspec graph specs/resnet18.yaml -o resnet18.html",
)
@click.argument("spec")
@file_option(f"Write there; its ending tells the format: {', '.join(each.suffixes[0] for each in FORMATS.values())}.")
@click.option(
    "--format",
    "name",
    type=click.Choice([*FORMATS]),
    help=f"{'; '.join(f'{each.name}: {each.doc}' for each in FORMATS.values())}. By default as FILE ends, else svg.",
)
@click.option(
    "--depth",
    type=click.IntRange(1),
    help="How many levels of blocks and groups are open; left out: as many as make about a hundred nodes.",
)
@set_option
@plugins_option
@torch_option
def command(
    spec: str,
    out: Path | None,
    name: str | None,
    depth: int | None,
    settings: tuple[str, ...],
    allow_plugins: bool,
    torch: str | None,
) -> None:
    """Draw a network: blocks and groups as boxes, branches side by side, shapes on the lines, equal copies as one.

    A wrong spec is drawn too, with its errors at the layers that have them.

    Exit code 0: the network is right; 1: it has errors, and is drawn as far as it is known; 2: a file could not be read
    or written.
    """
    try:
        form = chosen_format(name, out)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    report = check(load(spec, settings, plugins=plugin_permission(allow_plugins)), torch=torch)
    drawn = picture(report, form, depth)
    if out is not None:
        write(drawn, out)
        say(f"{out}: {form.name} of {report.spec.name}", err=True)
    elif isinstance(drawn, bytes):
        if sys.stdout.isatty():
            raise click.UsageError(f"{form.name} is no text: give a file with -o")
        sys.stdout.buffer.write(drawn)
    else:
        with output_stream(None) as stream:
            stream.write(drawn)
    if not report.sound:
        show_findings(errors(report.diagnostics), report.spec.sources)
        sys.exit(exit_code(report.diagnostics))
