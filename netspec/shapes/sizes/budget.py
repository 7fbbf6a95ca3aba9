"""What one check may spend on questions that are not needed to know whether a spec is right.

Work is counted, so that the answer does not depend on the machine; the seconds are a brake for what the count misses.
"""

from __future__ import annotations

import time

APPLIED, LOOKED_UP = 4, 1  # the work of a layer's rule, about 15 µs, and of its cached result


SEARCH_WORK, SEARCH_SECONDS = 10_000, 2.0  # of one check's search for sizes: about 0.2 s
ANSWER_WORK, ANSWER_SECONDS = 150_000, 15.0  # of `netspec sizes`: about 2.5 s, and half of it for each more attempt


class BudgetSpent(Exception):
    """The work, or the time, is used up."""


class Budget:
    """Work and seconds that are left.

    Args:
        work: as many layers as may be inferred.
        seconds: from now on; the work should end first.
    """

    def __init__(self, work: int, seconds: float) -> None:
        self.left = work * APPLIED
        self.ended = False
        self._seconds = seconds
        self._until: float | None = None

    def spend(self, work: int = LOOKED_UP) -> None:
        """Count some work.

        Raises:
            BudgetSpent: it is more than is left.
        """
        if self._until is None:
            self._until = time.monotonic() + self._seconds
        self.left -= work
        if self.left < 0 or time.monotonic() > self._until:
            self.ended = True
            raise BudgetSpent
