"""The keys `memory` and `workers` of `data` → Storage: bytes held in memory, and processes that read the rest."""

from __future__ import annotations

import os
from dataclasses import dataclass

from netspec.core.tree import Mapping, describe
from netspec.language.spec import Spec
from netspec.lint.budgets import parse_bytes
from netspec.runtime.diagnostics import Collector, spec_error

MOST_HELD = 8 * 2**30  # bytes
MOST_WORKERS = 8


@dataclass(frozen=True)
class Storage:
    """Where samples are kept.

    Args:
        memory: bytes of each split that are held in memory.
        workers: the number of processes that read a larger split from the disk.
    """

    memory: int = MOST_HELD
    workers: int = 0


def read_storage(spec: Spec) -> Storage:
    """The storage of a spec's data.

    Raises:
        SpecError: NS202, a value is no number of bytes or of processes.
    """
    section = spec.data
    held, workers = float(min(MOST_HELD, machine_memory() // 2)), min(MOST_WORKERS, cores())
    if not isinstance(section, Mapping):
        return Storage(int(held), workers)
    collector = Collector()
    with collector.step():
        node = section.get("memory")
        if node is not None:
            value = parse_bytes(spec.evaluate(node))
            if value is None or not 0 <= value < 2**63:
                raise spec_error("NS202", f"data → memory is a number of bytes, as 8GiB, not {describe(node)}", node)
            held = value
    with collector.step():
        node = section.get("workers")
        if node is not None:
            number = spec.evaluate(node)
            if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= 1024:
                raise spec_error("NS202", f"data → workers is an integer from 0 to 1024, not {describe(node)}", node)
            workers = number
    collector.finish()
    return Storage(int(held), workers)


def cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine_memory() -> int:
    """Bytes of memory of this machine; twice MOST_HELD where they are unknown."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 2 * MOST_HELD
