"""`netspec check`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NoReturn

import click

from netspec.checker import check
from netspec.cli.options import plugins_option, set_option, torch_option
from netspec.cli.output import look_of
from netspec.cli.sources import expand
from netspec.compiler.plugins.permission import plugin_permission
from netspec.core.files import ReadError, is_file
from netspec.core.garbage import seldom_collected
from netspec.language.load import load
from netspec.language.plugins import Plugins
from netspec.lint.ignores import ignorable
from netspec.render.formats import FORMATS
from netspec.render.json import Answer, Unreadable
from netspec.render.summary import totals
from netspec.render.text import PIPE, Look, message_lines, render
from netspec.shapes.report import Report, promised

CLEAR = "\x1b[2J\x1b[3J\x1b[H"


def _warnings(context: click.Context, option: click.Parameter, codes: tuple[str, ...]) -> tuple[str, ...]:
    """The codes, if all are warnings'."""
    for code in codes:
        if (fault := ignorable(code)) is not None:
            raise click.BadParameter(fault)
    return codes


@click.command("check", epilog="Example: netspec check specs/vgg16.yaml --set classes=100 --torch 2.9")
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", *FORMATS]),
    default="text",
    help="How to print the findings; " + "; ".join(f"{name}: {each.doc}" for name, each in FORMATS.items()) + ".",
)
@click.option("--fix", is_flag=True, help="Write the first fix of each error into the file; comments and layout stay.")
@click.option("--diff", is_flag=True, help="Show what --fix would write as a unified diff; nothing is written.")
@click.option("--watch", is_flag=True, help="Check again when a file changes, until Ctrl-C.")
@click.option(
    "--ignore",
    multiple=True,
    metavar="CODE",
    callback=_warnings,
    help="Leave out a warning, as NS905; may be repeated.",
)
@set_option
@plugins_option
@torch_option
def command(
    specs: tuple[str, ...],
    style: str,
    fix: bool,
    diff: bool,
    watch: bool,
    ignore: tuple[str, ...],
    settings: tuple[str, ...],
    allow_plugins: bool,
    torch: str | None,
) -> None:
    """Prove every tensor shape of a spec and say what is wrong, without running anything.

    SPEC is a file, a folder (every *.yaml and *.yml below it that has a key `netspec`), a quoted pattern such as
    'nets/**/*.yaml', or - for standard input.

    Exit code 0: no errors (warnings are fine); 1: errors; 2: a file could not be read; 130: Ctrl-C ended --watch.
    """
    if (diff or watch) and style != "text":
        raise click.UsageError(f"--{'diff' if diff else 'watch'} is for people; it goes with --format text only")
    if watch and (fix or "-" in specs):
        raise click.UsageError(f"--watch does not go with {'--fix' if fix else 'standard input'}")
    if fix and not diff and "-" in specs:
        raise click.UsageError("--fix has no file to write for standard input; --diff shows the fixes")
    with seldom_collected():
        _run(specs, style, fix, diff, watch, Terms(settings, plugin_permission(allow_plugins), ignore, torch))


@dataclass(frozen=True)
class Terms:
    """On what terms a spec is checked: its settings, what it may run, what is left out, for which torch."""

    settings: tuple[str, ...]
    plugins: Plugins
    ignore: tuple[str, ...]
    torch: str | None


def _run(specs: tuple[str, ...], style: str, fix: bool, diff: bool, watch: bool, terms: Terms) -> NoReturn:
    if watch:
        _watch(specs, terms, diff)
    if diff:
        _end(_show_diffs(specs, terms))
    answers = _answers(specs, terms, fix)
    if style == "text":
        _end(_show_texts(answers))
    listed = list(_told(answers))
    for line in FORMATS[style].lines(listed):
        click.echo(line)
    _end(listed)


def _answers(specs: Iterable[str], terms: Terms, fix: bool = False) -> Iterator[Answer]:
    """The answer for each file, one after the other."""
    for path in expand(specs):
        if isinstance(path, Unreadable):
            yield path
            continue
        try:
            yield _fix(path, terms) if fix else _report(path, terms)
        except ReadError as error:
            yield Unreadable(path, str(error))


def _report(path: str, terms: Terms) -> Report:
    spec = load(path, terms.settings, plugins=terms.plugins)
    return check(spec, ignore=terms.ignore, torch=terms.torch)


def _told(answers: Iterable[Answer]) -> Iterator[Answer]:
    """The answers; what could not be read is said on stderr."""
    for answer in answers:
        if isinstance(answer, Unreadable):
            click.echo(f"netspec: {answer.error}", err=True)
        yield answer


def _end(answers: Iterable[Answer]) -> NoReturn:
    listed = list(answers)
    unread = any(isinstance(answer, Unreadable) for answer in listed)
    sys.exit(2 if unread else 0 if all(answer.ok for answer in listed) else 1)


def _show_texts(answers: Iterable[Answer]) -> Iterator[Answer]:
    look = look_of(sys.stdout)
    for answer in _told(answers):
        if isinstance(answer, Report):
            click.echo(report_text(answer, look), color=look.color)
        yield answer


def report_text(report: Report, look: Look = PIPE) -> str:
    """A report's findings, then one line that sums it up."""
    errors, warnings = (sum(found.severity == kind for found in report.diagnostics) for kind in ("error", "warning"))
    line = f"{report.spec.path}: {_counts(errors, warnings)}"
    if not errors:
        line += f" for {promised(report)}" if report.spec.sizes else ""
        line += f"; {totals(report)}"
    body = render(report.diagnostics, report.spec.sources, look)
    summed = "\n".join(message_lines(line, look, hanging=4))
    return f"{body}\n\n{summed}" if body else summed


def _counts(errors: int, warnings: int) -> str:
    counts = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in ((errors, "error"), (warnings, "warning")) if n]
    return ", ".join(counts or ["ok"])


def _fix(path: str, terms: Terms) -> Report:
    """Write a file's fixes into it; the report is that of what is written."""
    from netspec.cli.fix import fix_spec, write

    mended = fix_spec(path, terms.settings, terms.plugins, terms.ignore, terms.torch)
    write(mended)
    for fix in mended.fixes:
        click.echo(f"fixed {fix}", err=True)
    return mended.after


def _show_diffs(specs: Iterable[str], terms: Terms) -> Iterator[Answer]:
    """Print the diff of every file's fixes, on stderr what they come to; the answers are for the files as they are."""
    from netspec.cli.fix import diff, fix_spec

    look = look_of(sys.stdout)
    for path in expand(specs):
        try:
            if isinstance(path, Unreadable):
                raise ReadError(path.error)
            mended = fix_spec(path, terms.settings, terms.plugins, torch=terms.torch)
        except ReadError as error:
            yield from _told([Unreadable(str(path), str(error))])
            continue
        for line in diff(mended, look):
            click.echo(line, color=look.color)
        now, left = ([found for found in report.diagnostics if found.severity == "error"] for report in
                     (mended.before, mended.after))  # fmt: skip
        if now:
            fate = "after these fixes" if mended.fixes else "none has a fix"
            left_over = f"{_counts(len(left), 0)} {fate}" if mended.fixes else fate
            click.echo(f"{mended.before.spec.path}: {_counts(len(now), 0)}; {left_over}", err=True)
        yield mended.before


def _watch(specs: tuple[str, ...], terms: Terms, diff: bool) -> NoReturn:
    from netspec.cli.sources import pause, watch

    def answer() -> list[str]:
        if sys.stdout.isatty():
            click.echo(CLEAR, nl=False, color=True)
        shown = list(_show_diffs(specs, terms) if diff else _show_texts(_answers(specs, terms)))
        files = [answer.path for answer in shown if isinstance(answer, Unreadable)]
        files += [path for report in shown if isinstance(report, Report) for path in report.spec.sources]
        files = sorted({path for path in files if is_file(path)})
        click.echo(f"watching {len(files)} file{'' if len(files) == 1 else 's'}; Ctrl-C ends", err=True)
        sys.stdout.flush()
        return files

    try:
        watch(specs, answer, pause)
    except KeyboardInterrupt:
        click.echo(err=True)
    sys.exit(130)
