"""`netspec explain`."""

from __future__ import annotations

import sys

import click

from netspec.cli.languages import lang_option
from netspec.cli.output import look_of
from netspec.core.codes import CODES, explanation
from netspec.core.names import closest, did_you_mean
from netspec.render.tables import pad, wrap
from netspec.render.text import Look, paint
from netspec.translation.languages import colon, explained_in, word


@click.command(
    "explain",
    short_help="Say what a diagnostic's code means, with an example that is wrong and one that is right.",
    epilog="Example: netspec explain NS401 --lang zh",
)
@click.argument("code", required=False, metavar="[CODE]")
@lang_option
def command(code: str | None) -> None:
    """Say what a diagnostic's CODE means and why it matters, with a spec that is wrong and one that is right.

    Without CODE every code is listed. Exit code 2: there is no such code.
    """
    look = look_of(sys.stdout)
    if code is None:
        for id in CODES:
            row = explained_in(explanation(id), look.lang)
            head = f"{row.id}  {pad(word('severity', row.severity, look.lang), 7)}  "
            first, *rest = wrap(row.what, look.width, first=head, hanging=" " * len(head))
            click.echo(paint(head, row.severity, look) + first[len(head) :], color=look.color)
            for line in rest:
                click.echo(line)
        return
    id = f"NS{code.upper().removeprefix('NS')}"
    if id not in CODES:
        raise click.UsageError(f"no code {code!r}{did_you_mean(closest(id, CODES))}")
    click.echo(_explained(id, look), color=look.color)


def _explained(id: str, look: Look) -> str:
    code = explained_in(explanation(id), look.lang)
    kind = f"{word('severity', code.severity, look.lang)}[{id}]"
    head, *rest = wrap(f"{kind}{colon(look.lang)}{code.what}", look.width, hanging="  ")
    lines = [paint(kind, code.severity, look) + head[len(kind) :], *rest, "", *wrap(code.why, look.width), ""]
    return "\n".join([*lines, code.example_text()])
