"""`netspec predict`."""

from __future__ import annotations

from pathlib import Path

import click

from netspec.cli import options
from netspec.cli.output import reporting
from netspec.core.installed import require_packages
from netspec.inference.results import Fault
from netspec.reports.results import WRITERS


@click.command(
    "predict",
    short_help="Let a run say what it sees in pictures or rows.",
    epilog="Example: netspec predict runs/mnist-cnn-1 five.png --top 3",
)
@click.argument("run")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--top", type=click.IntRange(min=1), default=3, show_default=True, help="How many classes to name.")
@click.option(
    "--pictures",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Write outputs that are pictures or masks into this folder, as PNG files.",
)
@options.device_option
@options.weights_option
@options.format_option(*WRITERS, help="How to write the answers.")
@options.out_option
@options.plugins_option
def command(
    run: str,
    files: tuple[str, ...],
    top: int,
    pictures: Path | None,
    device: str | None,
    weights: str,
    style: str,
    out: Path | None,
    allow_plugins: bool,
) -> None:
    """Let a run say what it sees in pictures, or in the rows of CSV tables where it was trained on a table.

    A FILE may be a folder, of which all pictures (tables) are taken, those in its folders too; `-` is standard input:
    one picture, or the rows of a table. Samples are resized and normalised as the run's were.

    What cannot be read is named, with its row, and the others are answered. Exit code 0: all were answered; 1: a file
    or row could not be used; 2: a file is not there.
    """
    require_packages("netspec predict")
    faults = options.Faults()
    with reporting() as work:
        from netspec.inference.loaded_run import load_run
        from netspec.inference.predict import make_predictor

        loaded = load_run(run, allow_plugins=allow_plugins)
        work.spec = loaded.spec
        predictor = make_predictor(loaded, device, weights, pictures)
        with options.output_stream(out) as stream:
            writer = WRITERS[style](stream)
            for answer in predictor.stream(files, top):
                if isinstance(answer, Fault):
                    faults.report(answer)
                else:
                    writer.add(answer)
            writer.close(faults)
    faults.exit_if_any()
