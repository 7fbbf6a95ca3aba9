"""`netspec check`."""

from __future__ import annotations

import json
import sys

import click

from netspec.cli.main import use_color
from netspec.cli.options import set_option
from netspec.ground.diagnostics import Diagnostic, Edit
from netspec.ground.reading import ReadError
from netspec.stages.check import check
from netspec.stages.fix import edited, write_atomically
from netspec.stages.ignores import ignorable
from netspec.stages.load import load
from netspec.stages.spec import Report
from netspec.views.report_json import document, report_json, unreadable_json
from netspec.views.summary import totals
from netspec.views.text import render

MOST_ROUNDS = 20


def _warnings(context: click.Context, option: click.Parameter, codes: tuple[str, ...]) -> tuple[str, ...]:
    """The codes, if all are warnings'."""
    for code in codes:
        if (fault := ignorable(code)) is not None:
            raise click.BadParameter(fault)
    return codes


@click.command("check", epilog="Example: netspec check specs/vgg16.yaml --set classes=100")
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@click.option(
    "--format", "style", type=click.Choice(["text", "json"]), default="text", help="How to print the findings."
)
@click.option(
    "--fix", is_flag=True, help="Write the first fix of each finding into the file; comments and layout stay."
)
@click.option(
    "--ignore",
    multiple=True,
    metavar="CODE",
    callback=_warnings,
    help="Leave out a warning, as NS905; may be repeated.",
)
@set_option
def command(specs: tuple[str, ...], style: str, fix: bool, ignore: tuple[str, ...], settings: tuple[str, ...]) -> None:
    """Prove every tensor shape of a spec and say what is wrong, without running anything.

    Exit code 0: no errors (warnings are fine); 1: errors; 2: a file could not be read.
    """
    reports: list[Report | tuple[str, ReadError]] = []
    for path in specs:
        try:
            reports.append(fixed(path, settings, ignore) if fix else check(load(path, settings), ignore=ignore))
        except ReadError as error:
            reports.append((path, error))
    if style == "json":
        files = [unreadable_json(*r) if isinstance(r, tuple) else report_json(r) for r in reports]
        click.echo(json.dumps(document(files), ensure_ascii=False, indent=1))
    for report in reports:
        if isinstance(report, tuple):
            click.echo(f"netspec: {report[1]}", err=True)
        elif style == "text":
            click.echo(report_text(report, use_color(sys.stdout)))
    if any(isinstance(report, tuple) for report in reports):
        sys.exit(2)
    sys.exit(0 if all(report.ok for report in reports if isinstance(report, Report)) else 1)


def report_text(report: Report, color: bool) -> str:
    """A report's findings, then one line that sums it up."""
    errors = sum(found.severity == "error" for found in report.diagnostics)
    warnings = len(report.diagnostics) - errors
    counts = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in ((errors, "error"), (warnings, "warning")) if n]
    line = f"{report.spec.path}: " + ", ".join(counts or ["ok"])
    if not errors:
        line += f"; {totals(report)}"
    body = render(report.diagnostics, report.spec.sources, color)
    return f"{body}\n\n{line}" if body else line


def fixed(path: str, settings: tuple[str, ...], ignore: tuple[str, ...] = ()) -> Report:
    """Check a file and write its fixes into it, one finding after the other; returns the report on what then stands."""
    report = check(load(path, settings), ignore=ignore)
    for _ in range(MOST_ROUNDS):
        found = next((found for found in report.diagnostics if found.fixes and found.severity == "error"), None)
        if found is None or path == "-":
            break
        _write(report, found)
        report = check(load(path, settings), ignore=ignore)
    return report


def _write(report: Report, found: Diagnostic) -> None:
    edits: list[Edit] = list(found.fixes[0].edits)
    for path, text in edited(report.spec, edits).items():
        write_atomically(path, text)
        click.echo(f"fixed {found.span}: {found.fixes[0].title}", err=True)
