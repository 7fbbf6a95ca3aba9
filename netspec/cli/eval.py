"""`netspec eval`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from netspec.cli.options import out_option, plugins_option, set_option, written
from netspec.cli.train import reported
from netspec.views.scores import scores_csv, scores_json, scores_tables
from netspec.views.tables import shown, table_text


@click.command("eval", epilog="Example: netspec eval runs/digits-1")
@click.argument("run")
@set_option
@plugins_option
@click.option("--device", metavar="DEVICE", help="auto, cpu, cuda, cuda:N or mps.")
@click.option("--weights", type=click.Choice(["best", "last"]), default="best", help="Which epoch's weights.")
@click.option(
    "--format", "style", type=click.Choice(["text", "csv", "json"]), default="text", help="How to write the scores."
)
@out_option
def command(
    run: str,
    settings: tuple[str, ...],
    allow_plugins: bool,
    device: str | None,
    weights: str,
    style: str,
    out: Path | None,
) -> None:
    """Score a run on its validation samples (on the training samples where nothing was held back).

    For classes it also says how each fares, and, of up to 20, what was taken for what.
    """
    with reported() as work:
        from netspec.runner.evaluate import load_run, score_run

        loaded = load_run(run, settings, allow_plugins=allow_plugins)
        work.spec = loaded.spec
        scores = score_run(loaded, device, weights)
    with written(out) as stream:
        if style == "json":
            stream.write(json.dumps(scores_json(run, weights, scores), ensure_ascii=False) + "\n")
        elif style == "csv":
            stream.write(scores_csv(scores))
        else:
            for name, value in scores.row.items():
                stream.write(f"{name:<9}{f'{value:.6g}' if name == 'loss' else shown(name, value)}\n")
            for table in scores_tables(scores):
                stream.write("\n" + table_text(table) + "\n")
