"""`netspec import`."""

from __future__ import annotations

import contextlib
import re
import sys
from pathlib import Path
from typing import Any

import click

from netspec.cli.options import out_option, output_stream
from netspec.cli.output import reporting, say
from netspec.core.installed import TORCH, require_packages

_INPUT = re.compile(r"(?:(?P<name>[A-Za-z_]\w*)=)?(?P<sizes>\d+(?:,\d+)*)(?::(?P<dtype>[a-z]+\d*))?")


def inputs_of(texts: tuple[str, ...]) -> Any:
    """The inputs that `--input` gives: a list of them, or a mapping where they have names.

    Raises:
        click.BadParameter: one is no shape, or only some have names.
    """
    found: list[tuple[str | None, dict[str, Any]]] = []
    for text in texts:
        match = _INPUT.fullmatch(text.replace(" ", ""))
        if match is None:
            raise click.BadParameter(f"{text!r} is no input such as 3,224,224 or words=128:int64", param_hint="--input")
        sizes = [int(size) for size in match["sizes"].split(",")]
        found.append((match["name"], {"shape": sizes, "dtype": match["dtype"] or "float32"}))
    names = [name for name, _ in found]
    if None not in names:
        return {str(name): each for name, each in found}
    if any(names):
        raise click.BadParameter("either all inputs have names or none", param_hint="--input")
    return [each for _, each in found]


@click.command(
    "import",
    short_help="Write the spec of a PyTorch module.",
    epilog="Example: netspec import torchvision:resnet18 --input 3,224,224 -o resnet18.yaml",
)
@click.argument("target")
@click.option(
    "--input",
    "shapes",
    multiple=True,
    metavar="SIZES",
    help="One sample without the batch: 3,224,224, or 128:int64; several in the order of forward, or by name "
    "(image=3,224,224). Left out, that of torchvision's and timm's networks is known.",
)
@click.option("--name", help="The spec's name; the target's where left out.")
@out_option
def command(target: str, shapes: tuple[str, ...], name: str | None, out: Path | None) -> None:
    """Write the spec of a module: torchvision:resnet50, timm:NAME, package.module:callable or file.py:Class.

    The code that TARGET names is run: its module is made without arguments, and run once. The spec is verified: its
    network has the module's weights by the same names, and gives the same outputs. What a spec cannot say is listed
    with its place and the reason, and the exit code is 1.
    """
    require_packages("netspec import", TORCH)
    given = inputs_of(shapes)
    with reporting():
        from netspec.importer.build import import_module
        from netspec.importer.failure import ImportFailure
        from netspec.importer.targets import load_target

        try:
            with contextlib.redirect_stdout(sys.stderr):  # what the author's code prints is no part of the spec
                module, own_name, own_input = load_target(target)
                if not given and own_input is None:
                    raise click.UsageError(f"the input of {target} is not known: give it, as --input 3,224,224")
                spec, notes = import_module(module, given or own_input, name or own_name, origin=target)
        except (ImportFailure, ValueError) as error:
            say(f"netspec: {target}: {error}", err=True)
            sys.exit(1)
    text = spec.sources[spec.path]
    with output_stream(out) as stream:
        stream.write(text)
    for note in notes:
        say(f"netspec: {target}: {note}", err=True)
    count, lines = len(module.state_dict()), len(text.splitlines())
    where = f"{out}: " if out is not None else ""
    say(f"{where}{lines} lines; {count} weights by the same names, the same outputs", err=True)
