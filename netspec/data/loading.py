"""A Split → its Feed: samples are held in memory, transformed as far as possible, or worker processes decode them.

Pictures in files that memory holds are decoded once, when they are first asked for (caching.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any

import torch
from torch.utils.data import DataLoader

from netspec.core.diagnostics import SpecError
from netspec.core.shapes import Shape
from netspec.data.augment.draws import TrainingStep
from netspec.data.batches import (
    Batch,
    Feed,
    MemoryFeed,
    ToInput,
    batch_to_device,
    draws_for,
    process_share,
    whole_numbers,
)
from netspec.data.caching import CachingFeed
from netspec.data.pictures import Pictures
from netspec.data.several_pictures import SeveralPicturesFeed, side_by_side
from netspec.data.split import LoadedData, Split
from netspec.data.storage import Storage
from netspec.data.text.feed import token_feed
from netspec.data.transforms import Pipeline, in_chunks
from netspec.data.workers import BatchTask, BatchTasks, BatchWorker, ignore_interrupts, unchanged
from netspec.distributed.process_group import ALONE, ProcessGroup
from netspec.objective.losses import Tensors
from netspec.runtime.diagnostics import spec_error, torch_says


@dataclass(frozen=True)
class LoaderFeed:
    """Samples on the disk.

    Args:
        pictures: the samples.
        targets: [N, ...] each, as the losses take them.
        transform: for batches of pictures.
        device: of the batches.
        channels_last: whether batches [B, C, H, W] are in this memory format.
        seed: of the run.
        workers: the number of processes that read; 0: this process reads.
        reconstruct: as of MemoryFeed.
    """

    pictures: Pictures
    targets: Tensors
    transform: ToInput
    device: torch.device
    channels_last: bool = False
    seed: int = 0
    workers: int = 0
    reconstruct: tuple[torch.dtype, ...] = ()

    def __len__(self) -> int:
        return len(self.pictures)

    def batches(
        self, order: torch.Tensor | None, size: int, group: ProcessGroup = ALONE, *, epoch: int = 0, step: int = 0
    ) -> Iterator[Batch]:
        """See `Feed`."""
        random = order is not None and self.transform.augment
        order = torch.arange(len(self)) if order is None else order
        tasks, loader = self._loader
        tasks.all = []
        for number, start in enumerate(range(0, len(order), size)):
            chunk = order[start : start + size]
            samples, own = process_share(chunk, len(chunk), group)
            assert isinstance(samples, torch.Tensor)
            training_step = TrainingStep(self.seed, epoch, step + number) if random else None
            tasks.all.append(BatchTask(samples, own, len(chunk), group, training_step))
        for task, loaded in zip(tasks.all, _locate_errors(iter(loader), self.pictures), strict=True):
            if loaded.faults:
                raise SpecError(loaded.faults)
            x, plain = loaded.x.to(self.device, non_blocking=True), loaded.plain
            targets = loaded.targets or tuple(y[task.samples] for y in self.targets)
            targets = tuple(whole_numbers(y.to(self.device, non_blocking=True)) for y in targets)
            if self._transforms_on_device:
                draws = draws_for(task.training_step, task.whole, group)
                if draws is not None and self._masks:
                    x, targets = self.transform.with_masks(x, targets, draws)
                else:
                    x, plain = self.transform.pair(x, draws) if self.reconstruct else (self.transform(x, draws), None)
            targets += tuple(plain.to(self.device, dtype, non_blocking=True) for dtype in self.reconstruct)
            yield Batch((batch_to_device(x, self.device, self.channels_last),), targets, task.own, task.whole)

    @property
    def _masks(self) -> Tensors:
        """The targets, where some are masks that random transforms move."""
        return self.targets if self.transform.augment and any(y.ndim > 2 for y in self.targets) else ()

    @property
    def _transforms_on_device(self) -> bool:
        """Whether the device transforms the batches: a GPU does, unless a transform goes sample by sample."""
        return self.device.type != "cpu" and (not self.transform.augment or self.transform.pipeline.in_batches)

    @cached_property
    def _loader(self) -> tuple[BatchTasks, DataLoader[Any]]:
        tasks = BatchTasks()
        return tasks, DataLoader(
            BatchWorker(
                self.pictures,
                None if self._transforms_on_device else self.transform,
                bool(self.reconstruct),
                () if self._transforms_on_device else self._masks,
            ),
            sampler=tasks,
            batch_size=None,
            num_workers=self.workers,
            collate_fn=unchanged,
            pin_memory=self.device.type == "cuda",
            worker_init_fn=ignore_interrupts,
            generator=torch.Generator(),  # else each epoch draws a number from the global one
            persistent_workers=self.workers > 0,
        )


def _locate_errors(loader: Iterator[Any], pictures: Pictures) -> Iterator[Any]:
    """The batches of a DataLoader.

    Raises:
        SpecError: NS601, a worker process was killed.
    """
    try:
        yield from loader
    except (RuntimeError, ConnectionError, EOFError) as error:  # the latter two while it sends a batch
        if isinstance(error, RuntimeError) and "DataLoader worker" not in str(error):
            raise
        what = "a process that reads the pictures was ended from outside, as happens where memory runs out"
        node = pictures.read.node
        raise spec_error("NS601", what, node, ("fix", "workers: 1 under data, or 0"), torch_says(error)) from error


MOST_TRANSFORMED = 2 * 2**30  # bytes of transformed samples that are held; of more samples each batch is transformed


@dataclass(frozen=True)
class LoaderOptions:
    """How batches are loaded.

    Args:
        device: of the batches.
        dtypes: of the network's inputs.
        channels_last: whether batches [B, C, H, W] are in this memory format.
        seed: of the run, for random transforms.
        outputs: numbers that the network gives for a sample.
    """

    device: torch.device
    dtypes: tuple[torch.dtype, ...]
    channels_last: bool = False
    seed: int = 0
    outputs: int = 1


def of_samples(targets: Tensors, reconstruct: bool) -> tuple[Tensors, tuple[torch.dtype, ...]]:
    """The targets that stand beside the samples, and the dtype of each of those that are the samples themselves."""
    return ((), tuple(y.dtype for y in targets)) if reconstruct else (targets, ())


def picture_input(pipeline: Pipeline, source: LoadedData, options: LoaderOptions, augment: bool) -> ToInput:
    """How stored pictures become the network's first input; `augment`: whether random transforms are applied."""
    return ToInput(pipeline, source.shaped, options.dtypes[0], augment and bool(pipeline.augment))


def make_feed(
    split: Split,
    targets: Tensors,
    pipeline: Pipeline,
    source: LoadedData,
    options: LoaderOptions,
    storage: Storage,
    *,
    augment: bool,
    reconstruct: bool = False,
) -> Feed:
    """The batches of a split.

    Args:
        split: the samples as stored.
        targets: [N, ...] each, as the losses take them.
        pipeline: the spec's transforms.
        source: the loaded data that the split is of.
        options: device, dtypes and memory format of the batches.
        storage: the bytes to hold in memory, and the number of worker processes.
        augment: whether the random transforms are applied (training samples).
        reconstruct: whether the targets are the inputs themselves; `targets` then are the first of them.
    """
    if source.text is not None:
        return token_feed(split, targets, options.dtypes, options.device, options.outputs)
    if len(split.inputs) > 1 and isinstance(split.inputs[0], Pictures):
        joined, count, of_each = side_by_side(split.inputs), len(split.inputs), targets if reconstruct else ()
        targets, _ = of_samples(targets, reconstruct)
        one = make_feed(joined, of_each, pipeline, source, options, storage, augment=augment, reconstruct=reconstruct)
        return SeveralPicturesFeed(one, targets, count, options.device, options.channels_last)
    targets, own = of_samples(targets, reconstruct)
    device, first = options.device, split.inputs[0]
    augment = augment and bool(pipeline.augment)
    to_input = picture_input(pipeline, source, options, augment)
    if isinstance(first, Pictures):
        if prod(first.shape) * first.dtype.itemsize <= storage.memory:
            return _caching(first, targets, to_input, options, storage, own)
        return LoaderFeed(first, targets, to_input, device, options.channels_last, options.seed, storage.workers, own)
    inputs: Tensors = split.tables
    transform: ToInput | None = to_input
    if not source.picture:
        inputs, transform = tuple(x.to(dtype) for x, dtype in zip(inputs, options.dtypes, strict=True)), None
    elif isinstance(first, torch.Tensor) and _fits_transformed(first.shape, storage):
        if not augment:
            first, transform = in_chunks(to_input, first), None
            if options.channels_last and first.ndim == 4:
                first = first.contiguous(memory_format=torch.channels_last)
            inputs = (first,)
        elif not source.shaped and pipeline.before:
            inputs, transform = (in_chunks(pipeline.shape, first),), replace(to_input, shaped=True)
    loops = augment and not pipeline.in_batches  # over samples, which is slow on a GPU
    if _fits(inputs, device) and not loops:
        inputs, targets = tuple(x.to(device) for x in inputs), tuple(y.to(device) for y in targets)
    return MemoryFeed(inputs, targets, device, transform, options.channels_last, options.seed, own)


def _caching(
    pictures: Pictures, targets: Tensors, to_input: ToInput, options: LoaderOptions, storage: Storage,
    reconstruct: tuple[torch.dtype, ...],
) -> CachingFeed:  # fmt: skip
    """The batches of pictures that are decoded once: kept as they enter the network, or before random transforms."""
    augment, device = to_input.augment, options.device
    ready = not augment and _fits_transformed(pictures.shape, storage)
    like = to_input(pictures[:1]) if ready else pictures[:1]
    packed = ready and options.channels_last and like.ndim == 4
    with torch.inference_mode(False):  # else threads could not fill it, which takes its memory too
        room = torch.empty(
            (len(pictures), *like.shape[1:]),
            dtype=like.dtype,
            memory_format=torch.channels_last if packed else torch.contiguous_format,
        )
    loops = augment and not to_input.pipeline.in_batches
    if _fits((room,), device) and not loops:
        room, targets = room.to(device), tuple(y.to(device) for y in targets)
    transform = None if ready else to_input
    kept = MemoryFeed((room,), targets, device, transform, options.channels_last, options.seed, reconstruct)
    return CachingFeed(pictures, kept, to_input if ready else None)


def _fits_transformed(shape: Shape, storage: Storage) -> bool:
    """Whether pictures [N, C, H, W] are held as the network takes them, in float32."""
    return prod(shape) * 4 <= min(MOST_TRANSFORMED, storage.memory)


def _fits(inputs: Tensors, device: torch.device) -> bool:
    """Whether all samples go on the device: of a GPU's free memory, half is left to the network."""
    return device.type != "cuda" or sum(x.nbytes for x in inputs) <= torch.cuda.mem_get_info(device)[0] // 2
