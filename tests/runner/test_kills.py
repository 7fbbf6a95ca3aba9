"""Killed at random moments and resumed, runs end as the one that nobody killed: the short version of `make kills`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from tests.runner.kills import same, timeless
from tests.runner.started import Started


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the runs are forked")
def test_killed_runs_end_as_the_one_that_nobody_killed(tmp_path: Path) -> None:
    code, out, err = Started(tmp_path, code="from tests.runner.kills import main; assert main(1, 2)").end(300)
    assert code == 0, out + err
    assert "1 of 1 ends are identical" in out
    assert not out.startswith("0 kills")


# -- that it can fail -------------------------------------------------------------------------------------------------


def test_one_bit_would_show() -> None:
    one = {"state": [torch.tensor([1.0, 2.0]), {"step": 3}], "rows": [{"loss": 0.5, "seconds": 1.0}]}
    two = {"state": [torch.tensor([1.0, 2.0]), {"step": 3}], "rows": [{"loss": 0.5, "seconds": 9.0}]}
    assert same(timeless(one), timeless(two))
    two["state"][0][1] = torch.nextafter(torch.tensor(2.0), torch.tensor(3.0))
    assert not same(timeless(one), timeless(two))
