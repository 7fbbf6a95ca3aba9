"""`netspec eval`."""

from __future__ import annotations

import json

import click

from netspec.cli.options import plugins_option, set_option
from netspec.cli.train import reported


@click.command("eval", epilog="Example: netspec eval runs/digits-1")
@click.argument("run")
@set_option
@plugins_option
@click.option("--device", metavar="DEVICE", help="auto, cpu, cuda, cuda:N or mps.")
@click.option("--weights", type=click.Choice(["best", "last"]), default="best", help="Which epoch's weights.")
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text", help="How to print the scores.")
def command(
    run: str, settings: tuple[str, ...], allow_plugins: bool, device: str | None, weights: str, style: str
) -> None:
    """Score a run on its validation samples (on the training samples where nothing was held back)."""
    with reported() as work:
        from netspec.runner.evaluate import evaluate_run, load_run

        loaded = load_run(run, settings, allow_plugins=allow_plugins)
        work.spec = loaded.spec
        scores = evaluate_run(loaded, device, weights)
    if style == "json":
        click.echo(json.dumps({"version": 1, "run": run, "weights": weights, **scores}))
        return
    for name, value in scores.items():
        shown = f"{value:.2%}" if name == "accuracy" else f"{value:.6g}" if isinstance(value, float) else value
        click.echo(f"{name:<9}{shown}")
