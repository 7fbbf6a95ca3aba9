"""The learning-rate finder: the loss while the learning rate grows from step to step. Nothing is kept.

Input: a spec. Output: rates, losses and the rate to take. L. N. Smith, Cyclical Learning Rates for Training Neural
Networks (arXiv 1506.01186), section 3.3; the rate grows by the same factor with each step.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from math import isfinite, log
from pathlib import Path

from netspec.core.files import write_atomically
from netspec.data.batches import Batch
from netspec.language.spec import Spec
from netspec.runtime.diagnostics import option_span, spec_error, spec_start
from netspec.training.devices import restored_determinism
from netspec.training.job import Job
from netspec.training.optim import NO_WARMUP
from netspec.training.plan import prepare
from netspec.training.setup import make_state, try_first_step
from netspec.training.step import take_step
from netspec.training.trial_runs import step_errors

LOWEST, HIGHEST, STEPS = 1e-7, 10.0, 100
SMOOTHING = 0.9  # of the loss so far in the smoothed loss
WINDOW = 6  # steps on each side, over which the slope is taken
DIVERGED = 4.0  # times the lowest loss, at which the test ends


@dataclass(frozen=True)
class RateCurve:
    """What the test gave.

    Args:
        rates: the learning rate of each step.
        losses: the smoothed loss of each step.
        rate: where the loss falls fastest; None where it never falls.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    rate: float | None


def find_rate(spec: Spec, device: str | None = None) -> RateCurve:
    """Train with growing learning rates until the loss diverges.

    Args:
        spec: as loaded; groups of parameters keep the proportions of their rates.
        device: goes before the spec's own.

    Raises:
        SpecError: what would stop a run.
    """
    with restored_determinism():
        plan = prepare(spec, device)
        job, state = make_state(plan)
        try_first_step(plan, job, state)
        job, state = replace(job, warmup=NO_WARMUP), replace(state, average=None)
        groups = state.optimizer.param_groups
        base = float(groups[0]["lr"]) or 1.0
        factors = [float(group["lr"]) / base for group in groups]
        state.train()
        rates: list[float] = []
        raw: list[float] = []
        with step_errors(plan, job):
            for step, batch in zip(range(STEPS), cycle_batches(job), strict=False):
                rate = LOWEST * (HIGHEST / LOWEST) ** (step / (STEPS - 1))
                for group, factor in zip(groups, factors, strict=True):
                    group["lr"] = rate * factor
                loss = take_step(job, state, batch).item()
                if not isfinite(loss):
                    break
                rates, raw = [*rates, rate], [*raw, loss]
                losses = smoothed(raw)
                if losses[-1] > DIVERGED * min(losses):
                    break
    if not raw:
        at = plan.settings.nodes.get("optimizer", spec_start(spec.path))
        raise spec_error("NS609", "the loss is no finite number from the first step on", at)
    return RateCurve(tuple(rates), tuple(losses), steepest(rates, losses))


def cycle_batches(job: Job) -> Iterator[Batch]:
    """The batches of one epoch after the other."""
    for epoch in count():
        order = job.order(epoch)
        yield from job.train.batches(order, job.batch_size, job.group, epoch=epoch)


def smoothed(losses: list[float]) -> list[float]:
    """The exponential moving average of losses, without its bias towards 0 at the beginning."""
    result, mean = [], 0.0
    for index, loss in enumerate(losses):
        mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
        result.append(mean / (1 - SMOOTHING ** (index + 1)))
    return result


def steepest(rates: list[float], losses: list[float]) -> float | None:
    """The rate at which the loss falls fastest, over the logarithm of the rate; None where it never falls.

    The slope is that of a window of about a decade: between two neighbours it is mostly noise.
    """
    lowest = losses.index(min(losses))
    best, found = 0.0, None
    for index in range(1, lowest):
        first, last = max(0, index - WINDOW), min(lowest, index + WINDOW)
        slope = (losses[last] - losses[first]) / log(rates[last] / rates[first])
        if slope < best:
            best, found = slope, rates[index]
    return found


def draw(path: Path, title: str, found: RateCurve) -> None:
    """Draw the loss over the learning rate.

    Args:
        path: the PNG file.
        title: stands above.
        found: what is drawn.

    Raises:
        SpecError: NS607, it cannot be written.
    """
    from matplotlib.figure import Figure  # without pyplot: no window system, no global state

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    axes.semilogx(found.rates, found.losses)
    if found.rate is not None:
        axes.axvline(found.rate, linestyle="--", color="grey", label=f"{found.rate:.2g}")
        axes.legend()
    axes.set(title=title, xlabel="learning rate", ylabel="loss, smoothed")
    axes.grid(visible=True, alpha=0.3)
    try:
        write_atomically(path, lambda file: figure.savefig(file, dpi=120, format="png"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise spec_error("NS607", f"{path} cannot be written: {reason}", option_span("--out", str(path))) from None
