"""`deterministic: true`: torch is asked for algorithms that give the same result each time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

COST = "deterministic: torch takes algorithms that give the same result each time, which on a GPU is slower"


def ask_for_determinism() -> None:
    """Ask torch for it.

    An operation that has no such algorithm stops the first step, which is tried before the run begins.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # which cuBLAS reads when it is first used
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False


@contextmanager
def own_determinism() -> Iterator[None]:
    """What is asked of torch inside is forgotten after it: other code of the process has wishes of its own."""
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    benchmark = torch.backends.cudnn.benchmark
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])
        torch.backends.cudnn.benchmark = benchmark
