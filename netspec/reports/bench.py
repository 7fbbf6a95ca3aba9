"""The time that an epoch of a spec takes on a device: a warm-up epoch, then timed ones. Nothing is kept.

Input: a spec and a device. Output: a Timing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any

import torch

from netspec.language.spec import Spec
from netspec.reports.progress import Silent
from netspec.runtime.diagnostics import Collector, counted
from netspec.training.devices import device_for
from netspec.training.evaluation import validate
from netspec.training.job import Job, State
from netspec.training.loop import train_epoch
from netspec.training.setup import prepare_training


@dataclass(frozen=True)
class Timing:
    """The times of one device.

    Args:
        device: as torch calls it.
        hardware: the GPU's name, or the number of threads.
        samples, steps: of one epoch of training.
        epochs: how many were timed.
        start_up: seconds to read the data, build the network and try a first step; imports are not counted.
        warm_up: seconds of the first epoch.
        epoch: seconds of an epoch of training, the median of the timed ones.
        slowest: seconds of the slowest of them.
        samples_per_second: of the median.
        evaluation: seconds of the evaluation after an epoch.
    """

    device: str
    hardware: str
    samples: int
    steps: int
    epochs: int
    start_up: float
    warm_up: float
    epoch: float
    slowest: float
    samples_per_second: float
    evaluation: float

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


class NullStore:
    """The loop's Store for epochs that are only timed: it stores nothing."""

    def due(self) -> bool:
        return False

    def step(self, state: State) -> None:
        pass

    def epoch(self, state: State, best: bool) -> None:
        pass


def require_devices(names: Sequence[str]) -> None:
    """See that all devices are there before the first is timed.

    Raises:
        SpecError: NS606 for each that is not.
    """
    collector = Collector()
    for name in names:
        with collector.step():
            device_for(name)
    collector.finish()


def devices_here() -> list[str]:
    """The CPU, and the GPU if there is one."""
    best = device_for(None).type
    return ["cpu"] if best == "cpu" else ["cpu", best]


def time_spec(spec: Spec, device: str, epochs: int = 1) -> Timing:
    """Train a spec for a warm-up epoch and timed ones, without its scheduler.

    Args:
        spec: as loaded.
        device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.
        epochs: how many are timed.

    Raises:
        SpecError: what stands in the way of training.
    """
    before = time.perf_counter()
    plan, job, state = prepare_training(spec, device)
    wait(plan.device)
    start_up = time.perf_counter() - before
    job, state.scheduler = replace(job, epochs=epochs + 1, max_steps=None), None
    warm_up, *timed = (_epoch(job, state, plan.device) for _ in range(epochs + 1))
    evaluation = _seconds(lambda: validate(job, state), plan.device)
    middle = median(timed)
    threads = counted(torch.get_num_threads(), "thread")
    samples = min(job.steps * job.batch_size, len(job.train))
    return Timing(
        device=str(plan.device),
        hardware=torch.cuda.get_device_name(plan.device) if plan.device.type == "cuda" else threads,
        samples=samples,
        steps=job.steps,
        epochs=epochs,
        start_up=round(start_up, 4),
        warm_up=round(warm_up, 4),
        epoch=round(middle, 4),
        slowest=round(max(timed), 4),
        samples_per_second=round(samples / max(middle, 1e-9), 1),
        evaluation=round(evaluation, 4),
    )


def _epoch(job: Job, state: State, device: torch.device) -> float:
    """Seconds of one epoch of training."""
    seconds = _seconds(lambda: train_epoch(job, state, Silent(), lambda: False, NullStore()), device)
    state.epoch, state.step = state.epoch + 1, 0
    return seconds


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    before = time.perf_counter()
    work()
    wait(device)
    return time.perf_counter() - before


def wait(device: torch.device) -> None:
    """Wait until a device has done all it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
