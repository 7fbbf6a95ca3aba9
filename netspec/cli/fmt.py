"""`netspec fmt`."""

from __future__ import annotations

import sys
from collections import Counter

import click

from netspec.checker import check
from netspec.cli.output import look_of, say, show_findings
from netspec.cli.rewrite import diff
from netspec.cli.sources import expand
from netspec.core.diagnostics import SpecError
from netspec.core.files import ReadError, read_text
from netspec.core.rewriting import write
from netspec.language.format import NotFormatted, format_text
from netspec.language.load import load
from netspec.render.json import Unreadable

STDIN = "-"


@click.command(
    "fmt",
    short_help="Put specs into their canonical form; comments stay.",
    epilog="Example: netspec fmt specs --diff",
)
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit with 1 where a file would change.")
@click.option("--diff", "show_diff", is_flag=True, help="The same, and show what would change as a unified diff.")
def command(specs: tuple[str, ...], only_check: bool, show_diff: bool) -> None:
    """Put specs into their canonical form: the order of keys, flow style for what fits on a line of 120 columns.

    SPEC is a file, a folder (every *.yaml and *.yml below it that has a key `netspec`), a quoted pattern, or - for
    standard input, whose canonical form goes to standard output. Comments, numbers, quotes and anchors stay as they are
    written, and a file is only changed where it says the same afterwards.

    Exit code 0: done, or nothing to do; 1: a file would change (--check, --diff) or is no YAML; 2: a file could not be
    read or written.
    """
    code, counts = 0, Counter[bool]()
    look = look_of(sys.stdout)
    for path in expand(specs, parts=True):
        try:
            if isinstance(path, Unreadable):
                raise ReadError(path.error)
            old = read_text(path)
            new = _formatted(path, old)
            changed = new != old
            counts[changed] += 1
            if show_diff:
                for line in diff({_shown(path): (old, new)}, look):
                    click.echo(line, color=look.color)
            elif only_check:
                if changed:
                    say(f"{_shown(path)} would change")
            elif path == STDIN:
                click.echo(new, nl=False)
            elif changed:
                write({path: (old, new)})
                say(f"formatted {path}", err=True)
            code = max(code, int(changed and (only_check or show_diff)))
        except SpecError as error:
            show_findings(error.diagnostics, error.sources)
            code = max(code, 1)
        except (NotFormatted, ReadError) as error:
            say(f"netspec: {f'{_shown(str(path))}: ' if isinstance(error, NotFormatted) else ''}{error}", err=True)
            code = max(code, 1 if isinstance(error, NotFormatted) else 2)
    if STDIN not in specs:
        verb = "would change" if only_check or show_diff else "formatted"
        parts = [f"{counts[True]} {verb}"] * (counts[True] > 0) + [f"{counts[False]} in canonical form"] * (
            counts[False] > 0
        )
        say(", ".join(parts) or "no file was formatted", err=True)
    sys.exit(code)


def _shown(path: str) -> str:
    return "<stdin>" if path == STDIN else path


def _formatted(path: str, old: str) -> str:
    """The canonical form of a file.

    Raises:
        SpecError: it is no YAML.
        NotFormatted: a comment that ignores a warning would stand at another line.
    """
    new = format_text(old, _shown(path))
    if new != old and "ignore" in old and _codes(path, old) != _codes(path, new):
        raise NotFormatted("a comment that ignores a warning would not reach it; put it on a line before the item")
    return new


def _codes(path: str, text: str) -> Counter[str]:
    report = check(load(path, overlay={_shown(path): text}))
    return Counter(found.code for found in report.diagnostics)
