"""`netspec train` with --dry-run, --overfit or --find-rate: what is printed of runs of which nothing is kept."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

from netspec.cli.reported import reported
from netspec.language.spec import Spec

ROWS = 15  # of the table of rates


def dry_run(read: Callable[[], Spec], device: str | None) -> None:
    """One step and one batch of evaluation."""
    with reported() as work:
        work.spec = read()
        from netspec.reports.progress import describe
        from netspec.training.rehearsal import dry_run

        dry = dry_run(work.spec, device)
    for line in dry.notes:
        click.echo(line, err=True)
    click.echo(f"one step on {dry.device}: {describe(dry.row)}")
    click.echo(f"{dry.parameters:,} parameters, {dry.epochs} epochs of {dry.steps} steps; nothing was written")


def overfit(read: Callable[[], Spec], device: str | None, steps: int) -> None:
    """The same batch again and again; exit code 1 where it is not learned."""
    with reported() as work:
        work.spec = read()
        from netspec.training.rehearsal import overfit

        done = overfit(work.spec, device, steps)
    taken = len(done.losses)
    for step in sorted({0, taken // 8, taken // 4, taken // 2, taken - 1}):
        click.echo(f"step {step + 1:>5}  loss {done.losses[step]:.4g}")
    if done.learned:
        click.echo(f"one batch of {done.samples} is learned: the loss went to a hundredth in {taken} steps")
        return
    left = done.losses[-1] / done.losses[0] if done.losses[0] else 1.0
    click.echo(f"one batch of {done.samples} is not learned: {left:.0%} of the loss is left after {taken} steps")
    click.echo("look at the learning rate (--find-rate), the targets, and whether all layers are connected", err=True)
    sys.exit(1)


def find_rate(read: Callable[[], Spec], device: str | None, out: str | None) -> None:
    """Growing learning rates."""
    with reported() as work:
        work.spec = read()
        from netspec.training.rate_finder import draw, find_rate

        found = find_rate(work.spec, device)
        if out is not None:
            draw(Path(out), work.spec.name, found)
    click.echo("rate      loss, smoothed")
    every = max(1, -(-len(found.rates) // ROWS))
    for rate, loss in [*zip(found.rates, found.losses, strict=True)][::every]:
        click.echo(f"{rate:<8.2g}  {loss:.4g}")
    if found.rate is None:
        click.echo("the loss never falls: no rate can be suggested")
        sys.exit(1)
    click.echo(f"the loss falls fastest at a rate of {found.rate:.2g}")
    if out is not None:
        click.echo(f"picture: {out}")
