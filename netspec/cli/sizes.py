"""`netspec sizes`."""

from __future__ import annotations

import sys

import click

from netspec.checker import check
from netspec.cli.options import plugins_option, set_option, torch_option
from netspec.cli.output import look_of
from netspec.compiler.plugins.permission import plugin_permission
from netspec.language.load import load
from netspec.render.json import json_text
from netspec.render.text import render

MOST = 100_000


@click.command("sizes", epilog="Example: netspec sizes specs/unet.yaml --max 256")
@click.argument("spec")
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text", help="How to print the answer.")
@click.option(
    "--max",
    "last",
    type=click.IntRange(1, MOST),
    help="The largest size to try; left out: 512, or twice the declared size where that is more.",
)
@set_option
@plugins_option
@torch_option
def command(
    spec: str, style: str, last: int | None, settings: tuple[str, ...], allow_plugins: bool, torch: str | None
) -> None:
    """Say for which input sizes a network is right: H and W of pictures, L of sequences.

    Every size up to --max is inferred, and combinations where the axes depend on each other. Weights stay as they
    are made for the declared input; where that is wrong, they are made for each size.

    Exit code 0: there are such sizes; 1: there are none, or the spec has errors of another kind; 2: the file could not
    be read.
    """
    from netspec.render.sizes import sizes_json, sizes_text_of
    from netspec.shapes.sizes.question import answer

    report = check(load(spec, settings, plugins=plugin_permission(allow_plugins)), torch=torch)
    faults = [found for found in report.diagnostics if found.severity == "error"]
    told = None
    if report.graph is not None and all(_about_sizes(found.code) for found in faults):
        told = answer(report.graph, report.inferred, report.sound, last)
    right = told is not None and bool(told.fits.boxes)
    if style == "json":
        click.echo(json_text(sizes_json(report, told), sys.stdout, indent=1))
    else:
        if told is not None and (right or not faults):
            click.echo(sizes_text_of(report, told))
        if not right:
            if told is not None and faults:
                said = ", ".join(f"{name} to {sizes[-1]}" for name, sizes in told.fits.examined.items())
                click.echo(f"{spec}: no input size is right (tried {said}); what is wrong is not the size", err=True)
            click.echo(render(tuple(faults), report.spec.sources, look_of(sys.stderr)), err=True)
    sys.exit(0 if right else 1)


def _about_sizes(code: str) -> bool:
    """Whether another input may mend an error: shapes and promises, not the language; data are left aside."""
    return code[2] in "456" or code == "NS304"
