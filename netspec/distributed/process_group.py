"""The group of processes that train together, and its collective operations. One process alone is a group too.

torchrun starts the processes and numbers them by environment variables; accelerate joins them into a group (NCCL
between CUDA devices, gloo between CPUs).
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

GRACE = 0.1  # seconds for torch's threads to release their tensors
T = TypeVar("T")


@dataclass(frozen=True)
class ProcessGroup:
    """The processes that train together. Rank 0 shows progress and writes the run's folder.

    All methods but `share` are collective: each process calls them, and waits for the others.

    Args:
        rank: of this process.
        size: the number of processes.
        local: the rank of this process on its machine.
    """

    rank: int = 0
    size: int = 1
    local: int = 0

    @property
    def main(self) -> bool:
        """Whether this process shows progress and writes the run's folder."""
        return self.rank == 0

    def share(self, index: torch.Tensor) -> torch.Tensor:
        """This process's part of the samples `index` [N]: every `size`-th of them."""
        return index if self.size == 1 else index[self.rank :: self.size]

    def sum(self, value: torch.Tensor) -> torch.Tensor:
        """The sum of a tensor over all processes, in place."""
        if self.size > 1:
            torch.distributed.all_reduce(value)
        return value

    def max(self, value: torch.Tensor) -> torch.Tensor:
        """The element-wise maximum of a tensor over all processes, in place."""
        if self.size > 1:
            torch.distributed.all_reduce(value, torch.distributed.ReduceOp.MAX)
        return value

    def gather(self, rows: torch.Tensor) -> torch.Tensor:
        """The rows [n, ...] of all processes, in the order of their ranks: [N, ...]."""
        if self.size == 1:
            return rows
        counts = torch.zeros(self.size, dtype=torch.int64, device=rows.device)
        counts[self.rank] = len(rows)
        lengths = self.sum(counts).tolist()
        padded = rows.new_zeros((max(lengths), *rows.shape[1:]))
        padded[: len(rows)] = rows
        gathered = [torch.empty_like(padded) for _ in range(self.size)]
        torch.distributed.all_gather(gathered, padded)
        return torch.cat([part[:length] for part, length in zip(gathered, lengths, strict=True)])

    def from_main(self, value: T) -> T:
        """The value of rank 0."""
        values = [value]
        if self.size > 1:
            torch.distributed.broadcast_object_list(values)
        return values[0]

    def wait(self) -> None:
        """Wait until all processes have come here."""
        if self.size > 1:
            torch.distributed.barrier()

    @contextmanager
    def local_main_first(self) -> Iterator[None]:
        """Local rank 0 of each machine runs the body first, then the others: a download happens once."""
        if self.local:
            self.wait()
        yield
        if not self.local:
            self.wait()


ALONE = ProcessGroup()


def started_by_torchrun() -> bool:
    """Whether this process is one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def join(device: str) -> ProcessGroup:
    """Join the processes that torchrun started with this one.

    Args:
        device: that is asked for: `auto`, `cpu`, `cuda`, `mps`.

    Returns:
        The group; ALONE where torchrun started no others.

    Raises:
        SpecError: NS606, the processes do not find each other.
    """
    if not started_by_torchrun():
        return ALONE
    from accelerate import PartialState  # type: ignore[import-untyped]  # has no types

    try:
        state = PartialState(cpu=device == "cpu" or not torch.cuda.is_available(), **_rendezvous())
    except RuntimeError as error:  # gloo and NCCL: a process is missing, or the network between them
        size = os.environ["WORLD_SIZE"]
        again = ("fix", "start the job again; --max-restarts N does so by itself")
        what = f"the {size} processes could not join each other"
        raise spec_error("NS606", what, option_span("--nproc", size), again, torch_says(error)) from error
    return ProcessGroup(state.process_index, state.num_processes, state.local_process_index)


def _rendezvous() -> dict[str, Any]:
    """The store by which the processes of this start find each other, as arguments of torch's init_process_group.

    torchrun keeps one store over all restarts of a job, with the addresses of the processes that died: a new process
    that reads one waits forever (https://github.com/pytorch/pytorch/issues/135712). So each start has its own prefix in
    the store. On several machines the counts of restarts differ, and torch's default is used.
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

    torch 2.6 can deadlock here: it destroys a group and waits for the group's threads while it holds Python's global
    lock, which such a thread may need to release a tensor. So the threads get GRACE seconds before.

    Args:
        group: of this process.
    """
    if group.size > 1 and torch.distributed.is_initialized():
        time.sleep(GRACE)
        torch.distributed.destroy_process_group()
