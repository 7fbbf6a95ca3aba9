"""`netspec sizes`."""

from __future__ import annotations

import sys

import click

from netspec.checker import check
from netspec.cli.options import format_option, plugins_option, set_option, torch_option
from netspec.cli.output import say, show_findings
from netspec.compiler.plugins.permission import plugin_permission
from netspec.core.diagnostics import errors
from netspec.core.faults import exit_code
from netspec.language.load import load
from netspec.render.json import json_text

MOST = 100_000


@click.command(
    "sizes",
    short_help="Say for which input sizes a spec is right.",
    epilog="Example: netspec sizes specs/unet.yaml --max 256",
)
@click.argument("spec")
@format_option("text", "json", help="How to print the answer.")
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
    wrong = errors(report.diagnostics)
    found = None
    if report.graph is not None and all(_may_depend_on_size(error.code) for error in wrong):
        found = answer(report.graph, report.inferred, report.sound, last)
    right = found is not None and bool(found.fits.boxes)
    if style == "json":
        click.echo(json_text(sizes_json(report, found), sys.stdout, indent=1))
    else:
        if found is not None and (right or not wrong):
            say(sizes_text_of(report, found))
        if not right:
            if found is not None and wrong:
                tried = ", ".join(f"{name} to {sizes[-1]}" for name, sizes in found.fits.examined.items())
                say(f"{spec}: no input size is right (tried {tried}); what is wrong is not the size", err=True)
            show_findings(wrong, report.spec.sources)
    sys.exit(0 if right else exit_code(wrong) or 1)


def _may_depend_on_size(code: str) -> bool:
    """Whether another input size may resolve an error: one of shapes, promises or data, not of the language."""
    return code[2] in "456" or code == "NS304"
