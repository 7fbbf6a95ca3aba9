"""Pictures in files → a Feed that decodes each when an epoch first asks for it, and keeps it in memory.

Threads decode ahead of the batch that is asked for, so that the first one comes early and the network does not wait;
in later epochs nothing is decoded. What is kept is the first input of a MemoryFeed, which makes the batches.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch

from netspec.core.diagnostics import Diagnostic, SpecError
from netspec.data.batches import Batch, MemoryFeed, ToInput, process_share
from netspec.data.picture_files import MOST_PROBLEMS, THREADS, in_parallel
from netspec.data.pictures import Pictures
from netspec.distributed.process_group import ALONE, ProcessGroup

AT_ONCE = 8  # pictures of a task
AHEAD = 128  # pictures that are decoded before they are asked for


@dataclass(frozen=True)
class CachingFeed:
    """Samples that are kept in memory once they are decoded.

    Args:
        pictures: in their files.
        kept: makes the batches; its first input [N, ...] is room for all pictures, and empty at first.
        prepare: brings decoded pictures [B, C, H, W] to what is kept; None: they are kept as they are.
    """

    pictures: Pictures
    kept: MemoryFeed
    prepare: ToInput | None = None

    def __len__(self) -> int:
        return len(self.pictures)

    def batches(
        self, order: torch.Tensor | None, size: int, group: ProcessGroup = ALONE, *, epoch: int = 0, step: int = 0
    ) -> Iterator[Batch]:
        """See `Feed`.

        Raises:
            SpecError: NS601, a picture is damaged; then all that are so, up to some.
        """
        made = self.kept.batches(order, size, group, epoch=epoch, step=step)
        if self._there.all():
            yield from made
            return
        order = torch.arange(len(self)) if order is None else order
        chunks = (process_share(chunk, len(chunk), group)[0] for chunk in torch.split(order, size) if len(chunk))
        for _ in self._decoded(chunks, -(-AHEAD // size)):
            yield next(made)

    def _decoded(self, chunks: Iterator[torch.Tensor | slice], ahead: int) -> Iterator[None]:
        """One item for each of the chunks, once its pictures are kept; so many of the next ones are begun by then."""
        asked = torch.from_numpy(self._there.copy())
        begun: deque[list[Future[None]]] = deque()
        try:
            for chunk in chunks:
                missing = torch.unique(torch.arange(len(self))[chunk])
                missing = missing[~asked[missing]]
                asked[missing] = True
                begun.append([self._pool.submit(self._decode, part) for part in torch.split(missing, AT_ONCE)])
                if len(begun) > ahead:
                    self._wait(begun.popleft())
                    yield
            while begun:
                self._wait(begun.popleft())
                yield
        finally:  # a loop that ends early leaves no tasks behind
            wait([task for tasks in begun for task in tasks if not task.cancel()])

    def _wait(self, tasks: list[Future[None]]) -> None:
        try:
            for task in tasks:
                task.result()
        except SpecError as error:
            raise SpecError(self._faults() or error.diagnostics) from None

    def _decode(self, index: torch.Tensor) -> None:
        pictures = self.pictures[index]
        room = self.kept.inputs[0]
        x = pictures.to(room.device)
        room[index.to(room.device)] = x if self.prepare is None else self.prepare(x)
        self._there[index.numpy()] = True

    def _faults(self) -> list[Diagnostic]:
        """What is wrong with the pictures that are not kept yet, so that one run names all of them."""

        def fault(index: torch.Tensor) -> tuple[Diagnostic, ...]:
            try:
                self.pictures[index[None]]
            except SpecError as error:
                return tuple(error.diagnostics)
            return ()

        found: list[Diagnostic] = []
        for each in in_parallel(fault, torch.from_numpy(~self._there).nonzero()[:, 0]):
            found += each
            if len(found) >= MOST_PROBLEMS:
                break
        return found

    @cached_property
    def _there(self) -> np.ndarray[Any, Any]:
        """Which pictures are kept, bool [N]; no tensor, as one that is made in inference mode cannot be changed."""
        return np.zeros(len(self), bool)

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(min(THREADS, os.cpu_count() or 1))
