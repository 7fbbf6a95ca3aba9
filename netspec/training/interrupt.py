"""Ctrl-C and SIGTERM end a run in order: the first is noted, the second stops at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupt:
    """Whether, and by which signal, the run was asked to end; calling it answers whether it was."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def __call__(self) -> bool:
        return self.signal is not None


@contextmanager
def noticed() -> Iterator[Interrupt]:
    """Note SIGINT and SIGTERM instead of dying of them; outside the main thread signals stay as they are."""
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    before: dict[int, Any] = {number: signal.getsignal(number) for number in SIGNALS}

    def give_back() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def note(number: int, frame: FrameType | None) -> None:
        interrupt.signal = number
        give_back()  # the next one, whichever it is, does what it did before

    for number in SIGNALS:
        signal.signal(number, note)
    try:
        yield interrupt
    finally:
        give_back()
