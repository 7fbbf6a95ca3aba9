"""`netspec predict`."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from netspec.cli.options import plugins_option
from netspec.cli.train import reported
from netspec.ground.reading import ReadError

if TYPE_CHECKING:
    from netspec.runner.predict import Prediction


@click.command("predict", epilog="Example: netspec predict runs/mnist-cnn-1 five.png --top 3")
@click.argument("run")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--top", type=click.IntRange(min=1), default=3, show_default=True, help="How many classes to name.")
@click.option("--device", metavar="DEVICE", help="auto, cpu, cuda, cuda:N or mps.")
@click.option("--weights", type=click.Choice(["best", "last"]), default="best", help="Which epoch's weights.")
@click.option(
    "--format", "style", type=click.Choice(["text", "json"]), default="text", help="How to print the answers."
)
@plugins_option
def command(
    run: str, files: tuple[str, ...], top: int, device: str | None, weights: str, style: str, allow_plugins: bool
) -> None:
    """Let a run say what it sees: FILEs are pictures, or CSV tables where the run was trained on a table.

    Samples go through the same transforms as the run's. Exit code 2: a file could not be read; the others are answered.
    """
    answers: list[Prediction] = []
    failed = False
    with reported() as work:
        from netspec.runner.evaluate import load_run
        from netspec.runner.predict import as_text, make_predictor

        loaded = load_run(run, allow_plugins=allow_plugins)
        work.spec = loaded.spec
        predictor = make_predictor(loaded, device, weights)
        for file in files:
            try:
                answers += predictor.file(file, top)
            except ReadError as error:
                click.echo(f"netspec: {error}", err=True)
                failed = True
    if style == "json":
        click.echo(
            json.dumps({"version": 1, "predictions": [answer.plain() for answer in answers]}, ensure_ascii=False)
        )
    elif answers:
        click.echo(as_text(answers))
    if failed:
        sys.exit(2)
