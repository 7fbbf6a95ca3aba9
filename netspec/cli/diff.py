"""`netspec diff`."""

from __future__ import annotations

import sys

import click

from netspec.checker import check
from netspec.cli.named import read_named
from netspec.cli.options import format_option, plugins_option, set_option
from netspec.cli.output import show_findings
from netspec.render.difference import difference, difference_json
from netspec.render.difference_text import difference_text
from netspec.render.json import json_text
from netspec.shapes.report import Report


@click.command(
    "diff",
    short_help="Say what differs between two networks, and which weights carry over.",
    epilog="Example: netspec diff HEAD~1:net.yaml net.yaml",
)
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@format_option("text", "json", help="How to write the answer.")
@set_option
@plugins_option
def command(before: str, after: str, style: str, settings: tuple[str, ...], allow_plugins: bool) -> None:
    """Say what differs between two networks: layers, their arguments and shapes, parameters and MACs, settings, and
    which of A's weights B can start from, as `train.weights` takes them.

    A and B are files, files of a git revision (HEAD~1:net.yaml, as git show has it), or folders of runs. Settings are
    made in both.

    Exit code as of diff: 0: nothing differs; 1: something does; 2: one cannot be read, or its network has errors.
    """
    reports = []
    for name in (before, after):
        report = check(read_named(name, settings, allow_plugins=allow_plugins))
        if not report.sound:
            show_findings(report.diagnostics, report.spec.sources)
            sys.exit(2)
        reports.append(report)
    _answer(reports, (before, after), style)


def _answer(reports: list[Report], names: tuple[str, str], style: str) -> None:
    found = difference(*reports)
    if style == "json":
        click.echo(json_text(difference_json(found, names), sys.stdout, indent=1))
    elif text := difference_text(found, names):
        click.echo(text)
    sys.exit(0 if found.equal else 1)
