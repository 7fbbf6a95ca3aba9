"""`netspec eval`."""

from __future__ import annotations

from pathlib import Path

import click

from netspec.cli import options
from netspec.cli.output import reporting, say
from netspec.core.installed import require_packages
from netspec.render.json import json_text
from netspec.render.tables import format_value, table_text
from netspec.reports.results import scores_csv, scores_json, scores_tables


@click.command(
    "eval",
    short_help="Score a run on its validation data, its test part, or on files.",
    epilog="Example: netspec eval runs/mnist-cnn-1 photos --format json",
)
@click.argument("run")
@click.argument("files", nargs=-1, metavar="[FILE...]")
@options.set_option
@options.plugins_option
@options.device_option
@options.weights_option
@click.option("--test", "on_test", is_flag=True, help="Score the test part instead, which training never looked at.")
@options.format_option("text", "csv", "json", help="How to write the scores.")
@options.out_option
def command(
    run: str,
    files: tuple[str, ...],
    settings: tuple[str, ...],
    allow_plugins: bool,
    device: str | None,
    weights: str,
    on_test: bool,
    style: str,
    out: Path | None,
) -> None:
    """Score a run on its validation samples (on the training samples without a validation split), or on FILEs.

    A FILE is a folder that holds a folder of pictures for each class, named as the run's classes; where the run was
    trained on a table, a CSV file with the target among its columns, a folder of them, or `-`, standard input. Samples
    are read as `predict` reads them.

    With --test it is the samples that `test` under `data` keeps back, or the dataset's own test part where others
    validate. That is for the end, once: the run's folder notes each time (test.json), and a second time is remarked on.

    For classes it also says how each fares, and shows the confusion matrix of up to 20.

    What cannot be scored is named, with its row, and the others are scored. Exit code 0: all were scored; 1: a file or
    row could not be used; 2: a file is not there.
    """
    if on_test and files:
        raise click.UsageError("--test scores the run's own test part; FILEs are scored without it")
    require_packages("netspec eval")
    faults = options.Faults()
    with reporting() as work:
        from netspec.inference.loaded_run import load_run
        from netspec.inference.scoring import score_files, score_run
        from netspec.inference.test_scores import score_test
        from netspec.reports.model_card import rewrite_card

        loaded = load_run(run, settings, allow_plugins=allow_plugins)
        work.spec = loaded.spec
        if files:
            scores = score_files(loaded, files, faults.report, device, weights)
        elif on_test:
            tested = score_test(loaded, device, weights)
            scores = tested.scores
            if tested.warning:
                say(tested.warning, err=True)
            rewrite_card(loaded)
        else:
            scores = score_run(loaded, device, weights)
    with options.output_stream(out) as stream:
        if style == "json":
            content = scores_json(run, weights, scores, faults if files else None)
            stream.write(json_text(content, stream) + "\n")
        elif style == "csv":
            stream.write(scores_csv(scores))
        else:
            width = max(8, *map(len, scores.row)) + 1
            for name, value in scores.row.items():
                exact = name.partition("_")[0] == "loss"
                stream.write(f"{name:<{width}}{f'{value:.6g}' if exact else format_value(name, value)}\n")
            for table in scores_tables(scores):
                stream.write("\n" + table_text(table) + "\n")
    faults.exit_if_any()
