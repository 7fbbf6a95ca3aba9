"""Pictures that are read one after the other, and their order: random within a buffer that moves along.

Nothing is held but the buffer's pictures as they are stored. The order of an epoch is known without reading any, a
function of the seed and the epoch, so that a run which goes on in mid-epoch reads from the start of the dataset to
where it was, leaves out what it has had, and ends with the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from PIL import Image

from netspec.data.batches import Batch, ToInput
from netspec.data.loading import LoaderFeed, LoaderOptions, of_samples, picture_input
from netspec.data.picture_headers import decode, look
from netspec.data.pictures import Pictures
from netspec.data.split import LoadedData
from netspec.data.transforms import Pipeline
from netspec.distributed.process_group import ALONE, ProcessGroup
from netspec.objective.losses import Tensors

Cells = Callable[[], Iterator[bytes]]


@dataclass
class HeldPictures:
    """The pictures that were read and are not used yet, by their number in the dataset.

    Args:
        cells: their bytes.
    """

    cells: dict[int, bytes] = field(default_factory=dict)

    def __getitem__(self, index: int) -> tuple[Image.Image, int]:
        data = self.cells[index]
        look(data)
        return decode(data), 0


@dataclass(frozen=True)
class StreamedPictures(Pictures):
    """Pictures with the length and the shape of a tensor [N, C, H, W], which are read in their order.

    Args:
        open: begins to read, and gives the bytes of one picture after the other.
        buffer: how many are held, of which the next one is drawn.
    """

    open: Cells = field(default=lambda: iter(()))
    buffer: int = 1000

    def __getitem__(self, index: torch.Tensor | slice) -> torch.Tensor:
        """Some pictures, decoded; all before them are read.

        Raises:
            SpecError: NS601, one cannot be read.
        """
        chosen = self.indexes[index]
        return _Window(self, chosen)[torch.arange(len(chosen))]


class _Window:
    """The pictures of an order, each asked for once: those that are read before they are asked for are held."""

    def __init__(self, pictures: StreamedPictures, order: torch.Tensor) -> None:
        self.pictures, self.order = pictures, order.tolist()
        self._wanted = set(self.order)
        self._numbered = iter(())  # type: Iterator[tuple[int, bytes]]
        self._begun = False

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, places: torch.Tensor) -> torch.Tensor:
        """The pictures at some places of the order, decoded."""
        if not self._begun:
            self._numbered, self._begun = enumerate(self.pictures.open()), True
        read, found = self.pictures.read, list[torch.Tensor]()
        cells = read.dataset.cells
        for place in places.tolist():
            number = self.order[place]
            while number not in cells:
                at, data = next(self._numbered)
                if at in self._wanted:
                    cells[at] = data
            found.append(read(number, self.pictures.mode, self.pictures.sample)[0])
            del cells[number]
        empty = torch.empty((0, *self.pictures.sample), dtype=self.pictures.dtype)
        return torch.stack(found) if found else empty


@dataclass(frozen=True)
class StreamFeed:
    """Samples that are read in their order, in this process.

    Args:
        pictures: the samples.
        targets: [N, ...] each, as the losses take them.
        transform: for batches of pictures.
        options: of the batches.
        reconstruct: as of MemoryFeed.
    """

    pictures: StreamedPictures
    targets: Tensors
    transform: ToInput
    options: LoaderOptions
    reconstruct: tuple[torch.dtype, ...] = ()

    def __len__(self) -> int:
        return len(self.pictures)

    def batches(
        self, order: torch.Tensor | None, size: int, group: ProcessGroup = ALONE, *, epoch: int = 0, step: int = 0
    ) -> Iterator[Batch]:
        """See `Feed`."""
        places = torch.arange(len(self)) if order is None else order
        held = replace(self.pictures.read, dataset=HeldPictures())
        window: Any = _Window(replace(self.pictures, read=held), self.pictures.indexes[places])
        targets = tuple(y[places] for y in self.targets)
        options, transform = self.options, self.transform
        transform = replace(transform, augment=False) if order is None else transform
        feed = LoaderFeed(
            window, targets, transform, options.device, options.channels_last, options.seed, 0, self.reconstruct
        )
        # the window is in the order already, whose numbers are its places
        yield from feed.batches(torch.arange(len(places)), size, group, epoch=epoch, step=step)


def stream_feed(
    pictures: StreamedPictures,
    targets: Tensors,
    pipeline: Pipeline,
    source: LoadedData,
    options: LoaderOptions,
    *,
    augment: bool,
    reconstruct: bool,
) -> StreamFeed:
    """The batches of a split of streamed pictures.

    Args:
        pictures: of the split.
        targets, pipeline, source, options, augment, reconstruct: as of `make_feed`.
    """
    targets, own = of_samples(targets, reconstruct)
    return StreamFeed(pictures, targets, picture_input(pipeline, source, options, augment), options, own)


class BufferedOrder:
    """The order of an epoch where samples are drawn from a buffer that is filled in the order of the dataset.

    As in the libraries datasets and webdataset the buffer holds the next samples, one of them is drawn, and the sample
    behind them takes its place.

    Args:
        count: the number N of samples.
        buffer: how many are held.
    """

    def __init__(self, count: int, buffer: int) -> None:
        self.count, self.buffer = count, buffer

    def __call__(self, seed: int, epoch: int) -> torch.Tensor:
        """The samples of an epoch: int64 [N], a function of seed and epoch alone."""
        chance = torch.rand(self.count, generator=torch.Generator().manual_seed(seed + epoch), dtype=torch.float64)
        held = min(self.buffer, self.count)
        buffer, order = [*range(held)], np.empty(self.count, np.int64)
        for at, drawn in enumerate(chance.tolist()):
            place = int(drawn * len(buffer))
            order[at] = buffer[place]
            if held < self.count:
                buffer[place] = held
                held += 1
            else:
                buffer[place] = buffer[-1]
                buffer.pop()
        return torch.from_numpy(order)
