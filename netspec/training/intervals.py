"""What is due after a step: to look at the loss, to store the state, to stop because of Ctrl-C or SIGTERM.

Several processes agree on it.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import torch

from netspec.distributed.process_group import ProcessGroup

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupt:
    """Whether, and by which signal, the run was asked to end; calling it answers whether it was."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def __call__(self) -> bool:
        return self.signal is not None


@contextmanager
def note_signals() -> Iterator[Interrupt]:
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


Question = Callable[[], bool]
BEAT = 0.5  # seconds between two agreements
MOST = 1000  # steps between two agreements, at most


class SynchronizedFlags:
    """Asks questions after each step; what is true for one process is true for all, at the same step.

    Alone, each step is asked about. Several processes agree about twice a second, at steps that they know beforehand,
    so that none waits for another in between.
    """

    def __init__(self, world: ProcessGroup, device: torch.device, *questions: Question) -> None:
        self.world, self.device, self.questions = world, device, questions
        self.none = (False,) * len(questions)
        self.left = 1  # steps until the next agreement
        self.steps = 1
        self.began = time.monotonic()

    def __call__(self) -> tuple[bool, ...]:
        """The answers after a step, in the order of the questions."""
        if self.world.size == 1:
            return tuple(question() for question in self.questions)
        self.left -= 1
        if self.left > 0:
            return self.none
        now = time.monotonic()
        steps = max(1, min(MOST, int(self.steps * BEAT / max(now - self.began, 1e-6))))
        own = [*(question() for question in self.questions), steps if self.world.main else 0]
        *answers, self.steps = self.world.max(torch.tensor(own, dtype=torch.int64, device=self.device)).tolist()
        self.left, self.began = self.steps, time.monotonic()
        return tuple(bool(answer) for answer in answers)
