"""The loop does not wait for the device: within an epoch nothing is brought from it to the host."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from netspec.language.spec import Spec
from netspec.reports.bench import NullStore
from netspec.reports.progress import Silent
from netspec.training.job import Job, State
from netspec.training.loop import train_epoch
from netspec.training.plan import prepare
from netspec.training.setup import make_state
from netspec.training.step import take_step

Make = Callable[..., Spec]

SPEC = """netspec: 1
name: pictures
input: [3, 8, 8]
layers: [{Conv2d: {out_channels: 4, kernel_size: 3}}, BatchNorm2d, ReLU, {Dropout: 0.2}, Flatten, {Linear: 4}]
data:
  FakeData: {size: 40, image_size: [3, 8, 8], num_classes: 4}
  transforms: [{Normalize: {mean: [0.5], std: [0.2]}}]
  val: 0.2
train: {epochs: 1, batch_size: 4, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.01}}}
"""
AUGMENT = (
    "data.augment=[{RandomCrop: {size: 8, padding: 2}}, RandomHorizontalFlip, RandomErasing, {RandomRotation: 10},"
    + "{ColorJitter: {brightness: 0.2, hue: 0.1}}, {RandomResizedCrop: 8}, RandomGrayscale, GaussianNoise]"
)


class Fetches(TorchDispatchMode):
    """Counts what brings a number from a tensor to Python: on a GPU each waits for all that was asked of it before."""

    def __init__(self) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in (torch.ops.aten._local_scalar_dense.default, torch.ops.aten.is_nonzero.default):
            self.found[str(func)] += 1
        return func(*args, **(kwargs or {}))


def an_epoch(job: Job, state: State) -> None:
    watcher = Silent()
    watcher.due = lambda: False  # type: ignore[assignment]  # looking at the loss is what waits, about once a second
    assert train_epoch(job, state, watcher, lambda: False, NullStore())


@pytest.mark.parametrize(
    "settings",
    [
        (),
        ("train.clip_grad_norm=1.0",),
        ("train.optimizer=Adam", "train.scheduler={OneCycleLR: {max_lr: 0.1}}"),
        ("train.precision=bf16", "train.accumulate=2"),
        ("train.precision=fp16",),
    ],
    ids=lambda settings: " ".join(settings) or "plain",
)
def test_nothing_is_fetched_in_the_steps_of_an_epoch(make: Make, settings: tuple[str, ...]) -> None:
    counts = []
    for size in (4, 16):  # 8 steps and 2: what is fetched once an epoch is told from what each step fetches
        job, state = make_state(prepare(make(SPEC, *settings, f"train.batch_size={size}"), "cpu"))
        with Fetches() as seen:
            an_epoch(job, state)
        counts.append(seen.found)
    assert counts[0] == counts[1]


def test_the_count_sees_a_fetch(make: Make) -> None:
    job, state = make_state(prepare(make(SPEC), "cpu"))
    net = state.net

    def waiting(x: torch.Tensor) -> Any:
        output = net(x)
        output.sum().item()
        return output

    with Fetches() as plain:
        an_epoch(job, state)
    with Fetches() as seen:
        an_epoch(job, replace(state, net=waiting, step=0))
    assert seen.found.total() - plain.found.total() == job.steps


@contextmanager
def waiting_is_an_error() -> Iterator[None]:
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU")
@pytest.mark.parametrize("settings", [(), (AUGMENT,), ("train.precision=bf16",)])
def test_torch_sees_no_waiting_on_a_gpu(make: Make, settings: tuple[str, ...]) -> None:
    job, state = make_state(prepare(make(SPEC, *settings), "cuda"))
    order = torch.arange(len(job.train))
    for moment in range(2):
        batches = job.train.batches(order, 8, epoch=moment)
        if moment == 0:  # kernels are loaded on first use
            for batch in batches:
                take_step(job, state, batch)
            continue
        with waiting_is_an_error():
            for batch in batches:
                take_step(job, state, batch)
