"""What is due after a step: to show the loss, to store the state, to stop because of Ctrl-C or SIGTERM.

Input: signals, and questions with yes or no for an answer. Output: answers that all processes have in common.
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
SYNC_SECONDS = 0.5  # between two agreements
MAX_SYNC_STEPS = 1000  # steps between two agreements


class Interrupt:
    """Whether, and by which signal, the run was asked to end; calling it answers whether it was."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def __call__(self) -> bool:
        return self.signal is not None


@contextmanager
def note_signals() -> Iterator[Interrupt]:
    """Note the first SIGINT or SIGTERM instead of ending; outside the main thread signals stay as they are."""
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    before: dict[int, Any] = {number: signal.getsignal(number) for number in SIGNALS}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def note(number: int, frame: FrameType | None) -> None:
        interrupt.signal = number
        restore()  # the next one, whichever it is, does what it did before

    for number in SIGNALS:
        signal.signal(number, note)
    try:
        yield interrupt
    finally:
        restore()


class SynchronizedFlags:
    """Asks questions after each step; what is true for one process is true for all, at the same step.

    One process asks after each step. Several agree about twice a second, at steps that they know beforehand, so that
    none waits for another in between.

    Args:
        group: the processes.
        device: where tensors have to be for them to exchange.
        questions: asked after a step.
    """

    def __init__(self, group: ProcessGroup, device: torch.device, *questions: Callable[[], bool]) -> None:
        self.group, self.device, self.questions = group, device, questions
        self.left = 1  # steps until the next agreement
        self.steps = 1
        self.began = time.monotonic()

    def __call__(self) -> tuple[bool, ...]:
        """The answers after a step, in the order of the questions."""
        if self.group.size == 1:
            return tuple(question() for question in self.questions)
        self.left -= 1
        if self.left > 0:
            return (False,) * len(self.questions)
        now = time.monotonic()
        steps = max(1, min(MAX_SYNC_STEPS, int(self.steps * SYNC_SECONDS / max(now - self.began, 1e-6))))
        own = [*(question() for question in self.questions), steps if self.group.main else 0]
        *answers, self.steps = self.group.max(torch.tensor(own, dtype=torch.int64, device=self.device)).tolist()
        self.left, self.began = self.steps, time.monotonic()
        return tuple(bool(answer) for answer in answers)
