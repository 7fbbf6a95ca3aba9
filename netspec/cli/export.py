"""`netspec export`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from netspec.cli import options
from netspec.cli.output import reporting, say
from netspec.core.installed import SAFETENSORS, TORCH, require_packages
from netspec.exporting.targets import TARGETS, target_of

SUFFIX = ".safetensors"
LARGEST_BATCH = 2**20


def _batch(context: click.Context, option: click.Parameter, value: str) -> int | None:
    """A number of samples; None for `any`."""
    if value == "any":
        return None
    if not value.isdecimal() or not 0 < int(value) <= LARGEST_BATCH:
        raise click.BadParameter(f"{value!r} is no number of samples; it is 1 or more, or any")
    return int(value)


@click.command(
    "export",
    short_help="Write a network as ONNX, TorchScript, Python and more, and compare it with itself.",
    epilog="Example: netspec export runs/digits-1 --to onnx --with-transforms --classes",
)
@click.argument("source", metavar="SPEC|RUN|FILE.safetensors")
@click.option(
    "--to",
    type=click.Choice(list(TARGETS)),
    help="; ".join(f"{each.name}: {each.doc}" for each in TARGETS.values()) + ". Where left out, --out tells.",
)
@options.file_option("Where it goes; NAME.onnx, say, where left out.")
@click.option(
    "--batch",
    callback=_batch,
    default="any",
    metavar="N|any",
    help="How many samples a call takes; any where left out.",
)
@click.option(
    "--with-transforms",
    is_flag=True,
    help="Take stored pictures (uint8), and resize and normalise them as predict does.",
)
@click.option("--classes", is_flag=True, help="Give the probability of each class, as predict does.")
@options.weights_option
@options.set_option
@options.plugins_option
def command(
    source: str,
    to: str | None,
    out: Path | None,
    batch: int | None,
    with_transforms: bool,
    classes: bool,
    weights: str,
    settings: tuple[str, ...],
    allow_plugins: bool,
) -> None:
    """Write a network as a file that others read: of a spec (with the weights that it names, else random ones), of a
    run's folder, or of a run's weights file.

    The file is loaded by its own runtime (onnxruntime, torch.export.load, torch.jit.load, a fresh Python) and compared
    with the network on random samples, and on the run's own where they are there. The largest difference is printed;
    one beyond 1e-4 of an output's largest number is an error that leaves no file. The batch, and sizes named in
    `sizes`, may be of any size. The spec and the names of inputs, outputs and classes travel in the metadata.

    Exit code 0: written; 1: the network cannot be written so, or differs; 2: a file cannot be read or written.
    """
    target = target_of(to, out.name if out is not None else "")
    if target is None:
        raise click.UsageError(f"--to says what to write: {', '.join(TARGETS)}")
    require_packages("netspec export", {**TORCH, **SAFETENSORS})
    with reporting() as work:
        from netspec.compiler.plugins.permission import plugin_permission
        from netspec.exporting.export import ExportError, export
        from netspec.inference.loaded_run import load_run
        from netspec.language.load import load

        path = Path(source)
        found: Any = path
        if path.is_dir():
            found = load_run(path, settings, allow_plugins=allow_plugins)
            work.spec = found.spec
        elif not source.endswith(SUFFIX):
            found = work.spec = load(source, settings, plugins=plugin_permission(allow_plugins))
        name = path.resolve().name if path.is_dir() else path.stem if source != "-" else found.name
        out = out or Path(f"{name}{target.suffix}")
        try:
            done = export(
                found, out, target.name, batch=batch, with_transforms=with_transforms, classes=classes, weights=weights
            )
        except ExportError as error:
            say(f"netspec: {source}: {error}", err=True)
            raise SystemExit(1) from None
    random, real = done.samples
    for note in done.notes:
        say(note, err=True)
    compared = f"{random} random" + (f" and {real} real" if real else "")
    written = f"wrote {done.path}: {done.to}, {done.size:,} bytes"
    say(f"{written}; largest difference {done.max_difference:.3g} over {compared} samples")
