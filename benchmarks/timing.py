"""The clock of benchmarks/train.py: wall time, or the CPU time of this process, which other work hardly touches."""

from __future__ import annotations

import time

CPU_TIME = False


def use_cpu_time() -> None:
    """Count the seconds that this process computes: for one thread on a machine that others use too."""
    global CPU_TIME
    CPU_TIME = True


def clock() -> float:
    """Seconds from some moment on."""
    return time.process_time() if CPU_TIME else time.perf_counter()
