"""The processes that train together: which one this is, and what they agree on. One process is a group of its own.

torchrun starts the processes and tells each its place by environment variables; accelerate joins them into a group
(NCCL between CUDA devices, gloo between CPUs).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import torch

from netspec.runtime.diagnostics import option_span, spec_error, torch_says

GRACE = 0.1  # seconds in which threads of torch that have done their work let go of it
T = TypeVar("T")


@dataclass(frozen=True)
class ProcessGroup:
    """`size` processes; this one is number `rank`, and number `local` on its machine.

    Number 0 speaks to people and writes the run's folder. All methods but `share` are for all processes at once: each
    waits for the others.
    """

    rank: int = 0
    size: int = 1
    local: int = 0

    @property
    def main(self) -> bool:
        """Whether this process shows progress and writes the run's folder."""
        return self.rank == 0

    def share(self, index: torch.Tensor) -> torch.Tensor:
        """This process's part of the samples [N] of a step or an evaluation: every `size`-th of them."""
        return index if self.size == 1 else index[self.rank :: self.size]

    def sum(self, value: torch.Tensor) -> torch.Tensor:
        """The sum of a tensor over all processes; it is changed in place where there are several."""
        if self.size > 1:
            torch.distributed.all_reduce(value)
        return value

    def max(self, value: torch.Tensor) -> torch.Tensor:
        """The element-wise maximum of a tensor over all processes; it is changed in place where there are several."""
        if self.size > 1:
            torch.distributed.all_reduce(value, torch.distributed.ReduceOp.MAX)
        return value

    def gather(self, rows: torch.Tensor) -> torch.Tensor:
        """The rows [n, ...] of all processes, one process after the other: [N, ...]."""
        if self.size == 1:
            return rows
        counts = torch.zeros(self.size, dtype=torch.int64, device=rows.device)
        counts[self.rank] = len(rows)
        each = self.sum(counts).tolist()
        padded = rows.new_zeros((max(each), *rows.shape[1:]))
        padded[: len(rows)] = rows
        found = [torch.empty_like(padded) for _ in range(self.size)]
        torch.distributed.all_gather(found, padded)
        return torch.cat([part[:count] for part, count in zip(found, each, strict=True)])

    def from_main(self, value: T) -> T:
        """What number 0 has, for all."""
        if self.size == 1:
            return value
        held: list[T] = [value]
        torch.distributed.broadcast_object_list(held)
        return held[0]

    def wait(self) -> None:
        """Wait until all are here."""
        if self.size > 1:
            torch.distributed.barrier()

    @contextmanager
    def local_main_first(self) -> Iterator[None]:
        """The first process of each machine goes through this alone, the others after it: downloads happen once."""
        if self.size > 1 and self.local:
            self.wait()
        yield
        if self.size > 1 and not self.local:
            self.wait()


ALONE = ProcessGroup()


def started_by_torchrun() -> bool:
    """Whether this process is one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def join(device: str) -> ProcessGroup:
    """Join the processes that torchrun started with this one; alone, there is nothing to join.

    Args:
        device: what is asked for: `auto`, `cpu`, `cuda`, `mps`.

    Raises:
        SpecError: NS606, they do not find each other.
    """
    if not started_by_torchrun():
        return ALONE
    from accelerate import PartialState  # type: ignore[import-untyped]  # has no types

    try:
        state = PartialState(cpu=device == "cpu" or not torch.cuda.is_available(), **_meeting_place())
    except RuntimeError as error:  # gloo and NCCL: a process is missing, or the network between them
        size = os.environ["WORLD_SIZE"]
        again = ("fix", "start the job again; --max-restarts N does so by itself")
        what = f"the {size} processes could not join each other"
        raise spec_error("NS606", what, option_span("--nproc", size), again, torch_says(error)) from error
    return ProcessGroup(state.process_index, state.num_processes, state.local_process_index)


def _meeting_place() -> dict[str, Any]:
    """Where the processes of this start find each other, as arguments of torch's init_process_group.

    torchrun keeps one store over all restarts of a job, in which the addresses of the processes that died still stand:
    a new process that reads one waits for the dead (https://github.com/pytorch/pytorch/issues/135712). So each start
    has its part of the store. On several machines the restarts are not counted alike, and torch's own place remains.
    """
    if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True" or os.environ.get("GROUP_WORLD_SIZE") != "1":
        return {}
    from torch.distributed import PrefixStore, TCPStore  # type: ignore[attr-defined]  # documented, not in __all__

    rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    store = TCPStore(os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]), size, is_master=False)
    ours = PrefixStore(f"start-{os.environ['TORCHELASTIC_RESTART_COUNT']}", store)
    return {"store": ours, "rank": rank, "world_size": size}


def leave(group: ProcessGroup) -> None:
    """End the group of processes, if there is one.

    torch 2.6 can wait for itself there: a group is destroyed with Python's lock held, after its threads have ended, and
    such a thread may want the lock to let go of a tensor. So they are given the time for it before.
    """
    if group.size > 1 and torch.distributed.is_initialized():
        time.sleep(GRACE)
        torch.distributed.destroy_process_group()
