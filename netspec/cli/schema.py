"""`netspec schema`."""

from __future__ import annotations

import json

import click


@click.command(
    "schema",
    short_help="Print the JSON Schema of the language.",
    epilog="Example: netspec schema > netspec.schema.json",
)
def command() -> None:
    """Print the JSON Schema of the language, for editors and validators.

    With the YAML language server, a first line `# yaml-language-server: $schema=netspec.schema.json` turns it on.
    """
    from netspec.render.schema import language_schema

    click.echo(json.dumps(language_schema(), indent=1, sort_keys=False, allow_nan=False))
