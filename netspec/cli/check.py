"""`netspec check`."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import click

from netspec.checker import check
from netspec.cli.languages import chosen_language, lang_option, language_of
from netspec.cli.options import format_option, plugins_option, set_option, torch_option
from netspec.cli.output import look_of, say
from netspec.cli.sources import expand, watch
from netspec.compiler.plugins.permission import plugin_permission
from netspec.core.dataclass import dataclass
from netspec.core.diagnostics import errors
from netspec.core.escapes import safe
from netspec.core.faults import exit_code
from netspec.core.files import ReadError, is_file
from netspec.core.garbage import seldom_collected
from netspec.language.load import load
from netspec.language.plugins import Plugins, exception_line
from netspec.lint.ignores import ignorable
from netspec.render.formats import FORMATS
from netspec.render.json import Answer, Unreadable
from netspec.render.summary import totals
from netspec.render.text import fixable, message_lines, render
from netspec.shapes.report import Report, promised
from netspec.translation.languages import ENGLISH, colon, in_language, translate, word

PACKAGE = str(Path(__file__).parents[1])
CLEAR = "\x1b[2J\x1b[3J\x1b[H"


@dataclass(frozen=True)
class CheckOptions:
    """How specs are checked: their parameters, plugins that may run, ignored codes, the version of torch."""

    settings: tuple[str, ...]
    plugins: Plugins
    ignore: tuple[str, ...]
    torch: str | None


def _warning_codes(context: click.Context, option: click.Parameter, codes: tuple[str, ...]) -> tuple[str, ...]:
    """The codes, if all are those of warnings."""
    for code in codes:
        if (fault := ignorable(code)) is not None:
            raise click.BadParameter(fault)
    return codes


@click.command(
    "check",
    short_help="Prove every shape of a spec and say what is wrong, without running anything.",
    epilog="Example: netspec check specs/vgg16.yaml --set classes=100 --torch 2.9",
)
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@format_option(
    *("text", *FORMATS),
    help="How to print the findings; " + "; ".join(f"{name}: {each.doc}" for name, each in FORMATS.items()) + ".",
)
@click.option("--fix", is_flag=True, help="Write the safe fixes of errors into the file; comments and layout stay.")
@click.option("--unsafe", is_flag=True, help="With --fix or --diff: the first suggestion for an error too.")
@click.option("--diff", is_flag=True, help="Show what --fix would write as a unified diff; nothing is written.")
@click.option("--watch", "watching", is_flag=True, help="Check again when a file changes, until Ctrl-C.")
@click.option(
    "--ignore",
    multiple=True,
    metavar="CODE",
    callback=_warning_codes,
    help="Leave out a warning, as NS905; may be repeated.",
)
@set_option
@plugins_option
@torch_option
@lang_option
def command(
    specs: tuple[str, ...],
    style: str,
    fix: bool,
    unsafe: bool,
    diff: bool,
    watching: bool,
    ignore: tuple[str, ...],
    settings: tuple[str, ...],
    allow_plugins: bool,
    torch: str | None,
) -> None:
    """Prove every tensor shape of a spec and say what is wrong, without running anything.

    SPEC is a file, a folder (every *.yaml and *.yml below it that has a key `netspec`), a quoted pattern such as
    'nets/**/*.yaml', or - for standard input.

    Exit code 0: no errors (warnings are fine); 1: errors; 2: a file could not be read; 3: a fault of netspec;
    130: Ctrl-C ended --watch.
    """
    if (diff or watching) and style != "text":
        raise click.UsageError(f"--{'diff' if diff else 'watch'} is for people; it goes with --format text only")
    if watching and (fix or "-" in specs):
        raise click.UsageError(f"--watch does not go with {'--fix' if fix else 'standard input'}")
    if unsafe and not (fix or diff):
        raise click.UsageError("--unsafe goes with --fix or --diff")
    if fix and not diff and "-" in specs:
        raise click.UsageError("--fix has no file to write for standard input; --diff shows the fixes")
    options = CheckOptions(settings, plugin_permission(allow_plugins), ignore, torch)

    def check_file(path: str) -> Report:
        if diff:
            return _show_diff(path, options, unsafe)
        report = _fix(path, options, unsafe) if fix else _check(path, options)
        if style == "text":
            look = look_of(sys.stdout)
            click.echo(_report_text(report), color=look.color)
        return report

    with seldom_collected():
        if watching:
            _watch(specs, check_file)
        codes: list[int] = []
        answers: list[Answer] = []
        for answer in _answers(specs, check_file):
            codes.append(_exit_code(answer))
            if style != "text":  # which is printed already: a report of each of many files would fill the memory
                answers.append(answer)
    if style != "text":
        lang = chosen_language() or ENGLISH
        for line in FORMATS[style].lines([_in_language(answer, lang) for answer in answers], lang):
            click.echo(line)
    sys.exit(max(codes, default=0))


def _exit_code(answer: Answer) -> int:
    """The exit code for one file alone."""
    if isinstance(answer, Unreadable):
        return 3 if answer.fault else 2
    return exit_code(answer.diagnostics)


def _answers(specs: Iterable[str], check_file: Callable[[str], Report]) -> Iterator[Answer]:
    """The answer for each file, one after the other; on stderr the files that cannot be read."""
    for path in expand(specs):
        try:
            answer = path if isinstance(path, Unreadable) else check_file(path)
        except ReadError as error:
            answer = Unreadable(str(path), str(error))
        except OSError:  # of the output
            raise
        except Exception as error:
            answer = Unreadable(str(path), f"{path}: {_fault(error)}", fault=True)
        if isinstance(answer, Unreadable):
            say(f"netspec: {translate(safe(answer.error), language_of(sys.stderr))}", err=True)
        yield answer


def _in_language(answer: Answer, lang: str) -> Answer:
    """An answer whose findings, or whose error, are in a language."""
    if isinstance(answer, Unreadable):
        return replace(answer, error=translate(answer.error, lang))
    return replace(answer, diagnostics=tuple(in_language(found, lang) for found in answer.diagnostics))


def _fault(error: Exception) -> str:
    """What failed in netspec itself, and where, in one line."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(PACKAGE)]
    at = f" at {Path(frames[-1].filename).relative_to(PACKAGE)}:{frames[-1].lineno}" if frames else ""
    return f"the check failed by a fault of netspec, please report it: {exception_line(error)}{at}"


def _check(path: str, options: CheckOptions) -> Report:
    return check(load(path, options.settings, plugins=options.plugins), ignore=options.ignore, torch=options.torch)


def _report_text(report: Report) -> str:
    """The findings of a report, then one line that sums it up."""
    look, wrong = look_of(sys.stdout), len(errors(report.diagnostics))
    warnings = sum(found.severity == "warning" for found in report.diagnostics)
    line = translate(_counts(wrong, warnings) + fixable(report.diagnostics), look.lang)
    if not wrong:
        line = line if warnings else word("word", "ok", look.lang)
        if report.spec.sizes:
            sizes = translate(promised(report), look.lang)
            line = word("sum", "{outcome} for {sizes}", look.lang).format(outcome=line, sizes=sizes)
        line = translate(f"{line}; {totals(report)}", look.lang)
    body = render(report.diagnostics, report.spec.sources, look)
    last = "\n".join(message_lines(f"{report.spec.path}{colon(look.lang)}{line}", look, hanging=4))
    return f"{body}\n\n{last}" if body else last


def _counts(errors: int, warnings: int = 0) -> str:
    counts = [f"{errors} error{'' if errors == 1 else 's'}"] if errors else []
    counts += [f"{warnings} warning{'' if warnings == 1 else 's'}"] if warnings else []
    return ", ".join(counts or ["ok"])


def _fix(path: str, options: CheckOptions, unsafe: bool) -> Report:
    """Write the fixes of a file into it; the report is about the new text."""
    from netspec.cli.fix import fix_spec
    from netspec.core.rewriting import write

    fixed = fix_spec(path, options.settings, options.plugins, options.ignore, options.torch, unsafe=unsafe)
    write(fixed.texts)
    for fix in fixed.fixes:
        say(translate(f"fixed {safe(fix)}", language_of(sys.stderr)), err=True)
    return fixed.after


def _show_diff(path: str, options: CheckOptions, unsafe: bool) -> Report:
    """Print the diff of a file's fixes, and on stderr what they resolve; the report is about the file as it is."""
    from netspec.cli.fix import fix_spec
    from netspec.cli.rewrite import diff

    fixed = fix_spec(path, options.settings, options.plugins, torch=options.torch, unsafe=unsafe)
    look = look_of(sys.stdout)
    for line in diff(fixed.texts, look):
        click.echo(line, color=look.color)
    before, after = (len(errors(report.diagnostics)) for report in (fixed.before, fixed.after))
    if before:
        outcome = (
            f"{_counts(after)} after these fixes" if fixed.fixes else f"none has a {'fix' if unsafe else 'safe fix'}"
        )
        left = fixable(fixed.after.diagnostics) if after else ""
        lang = language_of(sys.stderr)
        told = translate(f"{_counts(before)}; {outcome}{left}", lang)
        say(safe(f"{fixed.before.spec.path}{colon(lang)}{told}"), err=True)
    return fixed.before


def _watch(specs: tuple[str, ...], check_file: Callable[[str], Report]) -> NoReturn:
    def check_all() -> list[str]:
        if sys.stdout.isatty():
            click.echo(CLEAR, nl=False, color=True)
        files: set[str] = set()
        for answer in _answers(specs, check_file):
            files.update([answer.path] if isinstance(answer, Unreadable) else answer.spec.sources)
        files = {path for path in files if is_file(path)}
        told = f"watching {len(files)} file{'' if len(files) == 1 else 's'}; Ctrl-C ends"
        click.echo(translate(told, language_of(sys.stderr)), err=True)
        sys.stdout.flush()
        return sorted(files)

    try:
        watch(specs, check_all)
    except KeyboardInterrupt:
        click.echo(err=True)
    sys.exit(130)
