"""Which cases the default suite runs, and which `make exhaustive` runs besides.

A sweep over hundreds of cases that take the same way is a sample by default: every so-manieth case, and those that are
named because each of them is another kind. Sweeps over the same cases begin at different ones, so that together
they go through all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import pytest


def sample(cases: Iterable[Any], every: int, *, start: int = 0, keep: Collection[Any] = ()) -> list[Any]:
    """Parameters of a test: one of `every` cases from the one at `start` on, and `keep`; the others are exhaustive."""
    return [
        case if at % every == start % every or case in keep else left_out(case) for at, case in enumerate(cases)
    ]  # fmt: skip


def left_out(case: Any) -> Any:
    """A parameter that the default suite leaves out; of several values, where it is a tuple."""
    return pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.exhaustive)
