"""Work that nobody waits for any more ends early: a thread asks, at checkpoints, whether its result is still wanted.

A language server checks a text at every key stroke. A thread cannot be stopped from outside, so the loops that may take
long (events of YAML, layers, trials of fixes, sizes) call `checkpoint`, which raises where the work is not wanted.
Elsewhere, as on the command line, a checkpoint does nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_UNWANTED: ContextVar[Callable[[], bool] | None] = ContextVar("unwanted", default=None)


class Interrupted(BaseException):
    """The result is not wanted any more; no `except Exception` catches it."""


@contextmanager
def interruptible(unwanted: Callable[[], bool]) -> Iterator[None]:
    """Let the checkpoints of what runs in it ask whether its result is still wanted.

    Args:
        unwanted: answers at once, from any thread.
    """
    token = _UNWANTED.set(unwanted)
    try:
        yield
    finally:
        _UNWANTED.reset(token)


def checkpoint() -> None:
    """Go on, where the result is still wanted.

    Raises:
        Interrupted: it is not.
    """
    unwanted = _UNWANTED.get()
    if unwanted is not None and unwanted():
        raise Interrupted
