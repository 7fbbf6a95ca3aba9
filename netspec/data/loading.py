"""A split → its Feed: samples brought as near to the network's input as it is worth keeping, where there is room."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from netspec.data.batch import Feed
from netspec.data.batches import Making, MemoryFeed
from netspec.data.loader import LoaderFeed
from netspec.data.pictures import Pictures
from netspec.data.pipeline import Pipeline, in_chunks
from netspec.data.split import Loaded, Split
from netspec.data.storage import Storage
from netspec.objective.losses import Tensors

READY = 2 * 2**30  # bytes up to which transformed samples are kept; beyond, batches are transformed one by one


@dataclass(frozen=True)
class Wanted:
    """What batches are wanted: where, of which numbers (for each input), in which layout, from which seed."""

    device: torch.device
    dtypes: tuple[torch.dtype, ...]
    channels_last: bool = False
    seed: int = 0


def make_feed(
    split: Split,
    targets: Tensors,
    pipeline: Pipeline,
    source: Loaded,
    wanted: Wanted,
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
    making = Making(pipeline, source.shaped, wanted.dtypes[0], augment)
    if isinstance(first, Pictures):
        return LoaderFeed(first, targets, making, device, wanted.channels_last, wanted.seed, storage.workers)
    change: Making | None = making
    inputs: Tensors = split.tables
    if not source.picture:
        inputs, change = tuple(x.to(dtype) for x, dtype in zip(split.tables, wanted.dtypes, strict=True)), None
    elif augment and not source.shaped and pipeline.before and floats(first) <= min(READY, storage.memory):
        inputs, change = (in_chunks(pipeline.shape, first),), Making(pipeline, True, wanted.dtypes[0], augment)
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
