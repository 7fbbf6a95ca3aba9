"""`netspec compare`."""

from __future__ import annotations

from pathlib import Path

import click

from netspec.cli.options import format_option, out_option, output_stream
from netspec.cli.output import show_table
from netspec.core.files import ReadError
from netspec.core.installed import MATPLOTLIB, require_packages
from netspec.render.comparison import comparison_csv, comparison_json, comparison_table
from netspec.render.json import json_text
from netspec.render.runs import read_record
from netspec.render.tables import table_text


@click.command(
    "compare",
    short_help="Put runs side by side: settings that differ, best and last epochs, time.",
    epilog="Example: netspec compare runs/digits-1 runs/digits-2 --curves curves.png",
)
@click.argument("runs", nargs=-1, required=True, metavar="RUN RUN...")
@format_option("text", "csv", "json", help="How to write the answer.")
@out_option
@click.option(
    "--curves", type=click.Path(path_type=Path), metavar="FILE", help="Draw their learning curves into a PNG file."
)
def command(runs: tuple[str, ...], style: str, out: Path | None, curves: Path | None) -> None:
    """Put runs side by side: the settings in which they differ, their best and last epochs, what they took.

    Only the runs' folders are read; neither torch nor the data are needed. --curves needs matplotlib.
    """
    if curves is not None:
        require_packages("netspec compare --curves", MATPLOTLIB)
    records = [read_record(run) for run in runs]
    if curves is not None:
        if not any(record.rows for record in records):
            raise ReadError("none of the runs has an epoch to draw")
        from netspec.reports.curves import draw_overlay

        try:
            draw_overlay(curves, records)
        except OSError as error:
            raise ReadError(f"{curves}: cannot be written: {(error.strerror or str(error)).lower()}") from None
    if style == "text" and out is None:
        show_table(comparison_table(records))
        return
    with output_stream(out) as stream:
        if style == "text":
            stream.write(table_text(comparison_table(records)) + "\n")
        elif style == "json":
            stream.write(json_text(comparison_json(records), stream, indent=1) + "\n")
        else:
            stream.write(comparison_csv(records))
