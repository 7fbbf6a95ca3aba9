"""What is due after a step: to look at the loss, to store the state, to stop. Several processes agree on it."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from netspec.distributed.process_group import World

Question = Callable[[], bool]
BEAT = 0.5  # seconds between two agreements
MOST = 1000  # steps between two agreements, at most


class Pulse:
    """Asks questions after each step; what is true for one process is true for all, at the same step.

    Alone, each step is asked about. Several processes agree about twice a second, at steps that they know beforehand,
    so that none waits for another in between.
    """

    def __init__(self, world: World, device: torch.device, *questions: Question) -> None:
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
        *answers, self.steps = self.world.most(torch.tensor(own, dtype=torch.int64, device=self.device)).tolist()
        self.left, self.began = self.steps, time.monotonic()
        return tuple(bool(answer) for answer in answers)
