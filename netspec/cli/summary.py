"""`netspec summary`."""

from __future__ import annotations

import sys

import click

from netspec.checker import check
from netspec.cli.options import format_option, plugins_option, set_option, torch_option
from netspec.cli.output import show_findings
from netspec.compiler.plugins.permission import plugin_permission
from netspec.core.faults import exit_code
from netspec.language.load import load
from netspec.render.json import json_text
from netspec.render.summary import summary_json, summary_rich, summary_text


@click.command(
    "summary",
    short_help="Show the layers of a spec with their shapes, parameters and MACs.",
    epilog="Example: netspec summary specs/vgg16.yaml",
)
@click.argument("spec")
@format_option("text", "json", help="How to print the table.")
@click.option(
    "--depth",
    type=click.IntRange(1),
    help="Show the tree of blocks and groups to this depth, equal copies folded, instead of every layer by its path.",
)
@set_option
@plugins_option
@torch_option
def command(
    spec: str, style: str, depth: int | None, settings: tuple[str, ...], allow_plugins: bool, torch: str | None
) -> None:
    """Show each layer with its output shape for one sample, its parameters and its multiply-accumulates (MACs)."""
    if depth is not None and style == "json":
        raise click.UsageError("--depth is for the text: the JSON has every layer")
    report = check(load(spec, settings, plugins=plugin_permission(allow_plugins)), torch=torch)
    if not report.sound:
        show_findings(report.diagnostics, report.spec.sources)
        sys.exit(exit_code(report.diagnostics))
    if style == "json":
        click.echo(json_text(summary_json(report), sys.stdout, indent=1))
    elif sys.stdout.isatty():
        summary_rich(report, depth)
    else:
        click.echo(summary_text(report, depth))
