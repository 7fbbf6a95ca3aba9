"""Seldom looking for garbage, where what is made lives on."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

ALLOCATIONS = 200_000  # containers between two searches; Python has 700


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Look for garbage seldom: a large spec's trees live to the end; going through them took half of the time."""
    before = gc.get_threshold()
    gc.set_threshold(ALLOCATIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
