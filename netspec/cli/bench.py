"""`netspec bench`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from netspec.cli.options import format_option, plugins_option, set_option
from netspec.cli.output import reporting, say, show_table
from netspec.compiler.plugins.permission import plugin_permission
from netspec.core.installed import require_packages
from netspec.render.json import json_text
from netspec.render.tables import Table

if TYPE_CHECKING:
    from netspec.reports.bench import Timing


@click.command(
    "bench",
    short_help="Time an epoch of a spec's training on each device.",
    epilog="Example: netspec bench specs/digits.yaml --device cpu --epochs 3",
)
@click.argument("spec")
@set_option
@plugins_option
@click.option(
    "--device",
    "devices",
    multiple=True,
    metavar="DEVICE",
    help="auto, cpu, cuda, cuda:N or mps; may be given several times. Default: the CPU, and the GPU if there is one.",
)
@click.option("--epochs", type=click.IntRange(min=1), default=1, show_default=True, help="How many epochs to time.")
@format_option("text", "json", help="How to print the times.")
def command(
    spec: str, settings: tuple[str, ...], allow_plugins: bool, devices: tuple[str, ...], epochs: int, style: str
) -> None:
    """Time an epoch of a spec's training on each device, after one epoch to warm up. Nothing is kept.

    `start-up` is what reading the data, building the network and trying a first step take.
    """
    require_packages("netspec bench")
    with reporting() as work:
        from netspec.language.load import load

        work.spec = load(spec, settings, plugins=plugin_permission(allow_plugins))
        from netspec.reports.bench import devices_here, require_devices, time_spec

        require_devices(devices)
        timings = []
        for device in devices or devices_here():
            say(f"timing {device} …", err=True)
            timings.append(time_spec(work.spec, device, epochs))
    if style == "json":
        content = {"version": 1, "spec": spec, "timings": [timing.plain() for timing in timings]}
        click.echo(json_text(content, sys.stdout))
        return
    show_table(_table(work.spec.name, timings))


def _table(name: str, timings: list[Timing]) -> Table:
    rows = [
        (
            timing.device,
            timing.hardware,
            f"{timing.samples_per_second:,.0f}",
            f"{timing.epoch:.3f} s",
            f"{timing.slowest:.3f} s",
            f"{timing.warm_up:.3f} s",
            f"{timing.evaluation:.3f} s",
            f"{timing.start_up:.3f} s",
        )
        for timing in timings
    ]
    head = ("device", "", "samples/s", "epoch", "slowest", "warm-up", "evaluation", "start-up")
    first = timings[0]
    return Table(head, tuple(rows), left=2, title=f"{name}: {first.samples:,} samples, {first.steps:,} steps an epoch")
