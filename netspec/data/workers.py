"""What worker processes do: they take the tasks of an epoch in order, and read and transform a batch for each."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch.utils.data import Dataset, Sampler

from netspec.core.diagnostics import Diagnostic, SpecError
from netspec.data.augment.draws import TrainingStep
from netspec.data.batches import ToInput, draws_for
from netspec.data.pictures import Pictures
from netspec.distributed.process_group import ProcessGroup
from netspec.objective.losses import Tensors


class BatchTask(NamedTuple):
    """A batch to load.

    Args:
        samples: int64 [B], the indexes of its samples.
        own, whole: see Batch.
        group: the processes that share the step.
        training_step: seeds the random transforms; None: there are none.
    """

    samples: torch.Tensor
    own: int
    whole: int
    group: ProcessGroup
    training_step: TrainingStep | None


class BatchTasks(Sampler[BatchTask]):
    """The batches of an epoch in their order, which are set before the epoch."""

    def __init__(self) -> None:
        self.all: list[BatchTask] = []

    def __iter__(self) -> Iterator[BatchTask]:
        return iter(self.all)

    def __len__(self) -> int:
        return len(self.all)


class LoadedBatch(NamedTuple):
    """What a worker process gives for a task.

    Args:
        x: [B, C, H, W] the pictures.
        plain: the same without random transforms, where these are the targets.
        targets: of the samples, where masks have moved with their pictures.
        faults: the diagnostics of a picture: a DataLoader turns an exception into text.
    """

    x: torch.Tensor | None = None
    plain: torch.Tensor | None = None
    targets: Tensors | None = None
    faults: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True)
class BatchWorker(Dataset[LoadedBatch]):
    """Loads the batch of a task, in a worker process.

    Args:
        pictures: the samples.
        transform: to apply in the worker; None: it is applied on the device.
        reconstruct: whether the targets are the pictures themselves.
        targets: [N, ...] each, where some are masks; else none.
    """

    pictures: Pictures
    transform: ToInput | None
    reconstruct: bool = False
    targets: Tensors = ()

    def __getitem__(self, task: BatchTask) -> LoadedBatch:
        """The batch, or why there is none."""
        try:
            x = self.pictures[task.samples]
        except SpecError as error:
            return LoadedBatch(faults=tuple(error.diagnostics))
        if self.transform is None:
            return LoadedBatch(x)
        draws = draws_for(task.training_step, task.whole, task.group)
        if draws is not None and self.targets:
            x, targets = self.transform.with_masks(x, tuple(y[task.samples] for y in self.targets), draws)
            return LoadedBatch(x, targets=targets)
        pair = self.transform.pair(x, draws) if self.reconstruct else (self.transform(x, draws), None)
        return LoadedBatch(*pair)


def unchanged(batch: Any) -> Any:
    """A batch as it is, for a DataLoader that is given whole ones.

    Args:
        batch: of a worker.
    """
    return batch


def ignore_interrupts(worker: int) -> None:
    """Ctrl-C goes to all processes of a terminal; the training process handles it.

    Args:
        worker: its number.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
