"""The collector's threshold while specs are checked, in any number of threads at once."""

from __future__ import annotations

import gc
from contextlib import ExitStack

from netspec.core.garbage import ALLOCATIONS, seldom_collected


def test_the_threshold_is_back_when_the_last_check_ends() -> None:
    before = gc.get_threshold()
    first, second = ExitStack(), ExitStack()  # of two threads, whose checks overlap
    first.enter_context(seldom_collected())
    second.enter_context(seldom_collected())
    first.close()
    assert gc.get_threshold()[0] == ALLOCATIONS
    second.close()
    assert gc.get_threshold() == before
