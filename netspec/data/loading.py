"""A split → its Feed: samples brought as near to the network's input as it is worth keeping.

They are in memory, or worker processes decode them ahead.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from netspec.core.diagnostics import Diagnostic, SpecError
from netspec.data.augment.draws import TrainingStep
from netspec.data.batches import Batch, Feed, MemoryFeed, ToInput, draws_for, placed, process_share
from netspec.data.pictures import Pictures
from netspec.data.split import LoadedData, Split
from netspec.data.storage import Storage
from netspec.data.transforms import Pipeline, in_chunks
from netspec.distributed.process_group import ALONE, ProcessGroup
from netspec.objective.losses import Tensors
from netspec.runtime.diagnostics import spec_error, torch_says


class BatchTask(NamedTuple):
    """A batch to make: its samples, `own` of which count, of `whole` that all processes have, and when it is.

    Without a moment nothing is random.
    """

    samples: torch.Tensor
    own: int
    whole: int
    group: ProcessGroup
    moment: TrainingStep | None


class BatchTasks(Sampler[BatchTask]):
    """The batches of an epoch, in their order; they are set before each."""

    def __init__(self) -> None:
        self.all: list[BatchTask] = []

    def __iter__(self) -> Iterator[BatchTask]:
        return iter(self.all)

    def __len__(self) -> int:
        return len(self.all)


@dataclass(frozen=True)
class BatchWorker(Dataset[torch.Tensor]):
    """Makes the batch of a task, in a process of its own.

    Args:
        pictures: where the samples are.
        making: what is done to a batch here; None: it goes as it is decoded, the rest is done on the device.
    """

    pictures: Pictures
    making: ToInput | None

    def __getitem__(self, task: BatchTask) -> torch.Tensor | tuple[Diagnostic, ...]:  # type: ignore[override]  # by tasks
        """The batch, or what is wrong with a picture: an exception would lose its place on the way."""
        try:
            x = self.pictures[task.samples]
        except SpecError as error:
            return tuple(error.diagnostics)
        return x if self.making is None else self.making(x, draws_for(task.moment, task.whole, task.group))


@dataclass(frozen=True)
class LoaderFeed:
    """Samples on the disk.

    Args:
        pictures: where they are.
        targets: [N, ...] each, as the losses want them.
        making: what brings a batch of them to the network's input.
        device: where batches are wanted.
        channels_last: whether batches [B, C, H, W] are laid out so.
        seed: what is random in a batch follows from it, the epoch and the step.
        workers: processes that read; 0: this one does.
    """

    pictures: Pictures
    targets: Tensors
    making: ToInput
    device: torch.device
    channels_last: bool = False
    seed: int = 0
    workers: int = 0

    def __len__(self) -> int:
        return len(self.pictures)

    def batches(
        self, order: torch.Tensor | None, size: int, group: ProcessGroup = ALONE, *, epoch: int = 0, step: int = 0
    ) -> Iterator[Batch]:
        """See `Feed`."""
        random = order is not None and self.making.augment
        order = torch.arange(len(self)) if order is None else order
        chunks = [order[start : start + size] for start in range(0, len(order), size)]
        moments = [TrainingStep(self.seed, epoch, step + number) if random else None for number in range(len(chunks))]
        tasks, loader = self._loader
        tasks.all = []
        for chunk, moment in zip(chunks, moments, strict=True):
            samples, own = process_share(chunk, len(chunk), group)
            assert isinstance(samples, torch.Tensor)
            tasks.all.append(BatchTask(samples, own, len(chunk), group, moment))
        for task, made in zip(tasks.all, _told(iter(loader), self.pictures), strict=True):
            if isinstance(made, tuple):
                raise SpecError(made)
            x = made.to(self.device, non_blocking=True)
            if self._later is not None:
                x = self._later(x, draws_for(task.moment, task.whole, group))
            targets = tuple(y[task.samples].to(self.device, non_blocking=True) for y in self.targets)
            yield Batch((placed(x, self.device, self.channels_last),), targets, task.own, task.whole)

    @property
    def _later(self) -> ToInput | None:
        """What is done on the device: all that works on batches, where there is a GPU for it."""
        pipeline = self.making.pipeline
        quick = self.device.type != "cpu" and (not self.making.augment or pipeline.in_batches)
        return self.making if quick else None

    @cached_property
    def _loader(self) -> tuple[BatchTasks, DataLoader[Any]]:
        tasks, later = BatchTasks(), self._later
        return tasks, DataLoader(
            BatchWorker(self.pictures, self.making if later is None else None),
            sampler=tasks,
            batch_size=None,
            num_workers=self.workers,
            collate_fn=_as_it_is,
            pin_memory=self.device.type == "cuda",
            worker_init_fn=_deaf,
            generator=torch.Generator(),  # else each epoch would draw a number from the global one
            persistent_workers=self.workers > 0,
        )


def _as_it_is(made: Any) -> Any:
    return made


def _deaf(worker: int) -> None:
    """Ctrl-C goes to all processes of a terminal; it is the training's to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _told(loader: Iterator[Any], pictures: Pictures) -> Iterator[Any]:
    """What the processes make; one that was ended from outside is named.

    Raises:
        SpecError: NS601.
    """
    try:
        yield from loader
    except (RuntimeError, ConnectionError, EOFError) as error:  # the latter where it was handing over a batch
        if isinstance(error, RuntimeError) and "DataLoader worker" not in str(error):
            raise
        what = "a process that reads the pictures was ended from outside, as happens where memory runs out"
        node = pictures.read.node
        raise spec_error("NS601", what, node, ("fix", "workers: 1 under data, or 0"), torch_says(error)) from error


READY = 2 * 2**30  # bytes up to which transformed samples are kept; beyond, batches are transformed one by one


@dataclass(frozen=True)
class LoaderOptions:
    """What batches are wanted: where, of which numbers (for each input), in which layout, from which seed."""

    device: torch.device
    dtypes: tuple[torch.dtype, ...]
    channels_last: bool = False
    seed: int = 0


def make_feed(
    split: Split,
    targets: Tensors,
    pipeline: Pipeline,
    source: LoadedData,
    wanted: LoaderOptions,
    storage: Storage,
    *,
    augment: bool,
) -> Feed:
    """The batches of a split.

    Args:
        split: the samples as stored.
        targets: as each loss wants them.
        pipeline: the spec's transforms.
        source: what the samples are.
        wanted: what batches are wanted.
        storage: how much is held in memory, and who reads what is not.
        augment: whether the random transforms are applied (training samples).
    """
    device, first = wanted.device, split.inputs[0]
    augment = augment and bool(pipeline.augment)
    making = ToInput(pipeline, source.shaped, wanted.dtypes[0], augment)
    if isinstance(first, Pictures):
        return LoaderFeed(first, targets, making, device, wanted.channels_last, wanted.seed, storage.workers)
    change: ToInput | None = making
    inputs: Tensors = split.tables
    if not source.picture:
        inputs, change = tuple(x.to(dtype) for x, dtype in zip(split.tables, wanted.dtypes, strict=True)), None
    elif augment and not source.shaped and pipeline.before and floats(first) <= min(READY, storage.memory):
        inputs, change = (in_chunks(pipeline.shape, first),), ToInput(pipeline, True, wanted.dtypes[0], augment)
    elif not augment and floats(first) <= min(READY, storage.memory):
        first, change = in_chunks(making, first), None
        if wanted.channels_last and first.ndim == 4:
            first = first.contiguous(memory_format=torch.channels_last)
        inputs = (first,)
    loops = augment and not pipeline.in_batches  # sample by sample, which a GPU is slow with
    if _fits(inputs, device) and not loops:
        inputs, targets = tuple(x.to(device) for x in inputs), tuple(y.to(device) for y in targets)
    return MemoryFeed(inputs, targets, device, change, wanted.channels_last, wanted.seed)


def floats(inputs: torch.Tensor) -> int:
    """Bytes that the samples take as float32."""
    return inputs.numel() * 4


def _fits(inputs: Tensors, device: torch.device) -> bool:
    """Whether a whole set goes on the device: half of a GPU's free memory is left to the network."""
    if device.type == "cuda":
        return sum(x.nbytes for x in inputs) <= torch.cuda.mem_get_info(device)[0] // 2
    return True
