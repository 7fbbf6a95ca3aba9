"""What all tests share: the examples of properties, pictures that cost nothing, and no search of garbage in imports."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator
from importlib.util import find_spec

import pytest
from hypothesis import settings

from netspec.core.faults import RAISE
from tests.pictures import draw_quickly

settings.register_profile("netspec", deadline=None, derandomize=True, database=None)
settings.load_profile("netspec")
os.environ[RAISE] = "1"  # what netspec would report as its own fault fails a test
os.environ["NETSPEC_LANG"] = "en"  # whatever the language of this machine is
# The processes that tests start, some hundreds, read the bytecode of the package that the first of them wrote.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported stays: it is not gone through for garbage, neither now nor while the tests run."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_unconfigure() -> None:
    """At the end it is gone through, as what is written in C expects."""
    gc.unfreeze()


@pytest.fixture
def quick_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run's pictures are files of one pixel; a light install draws none."""
    if find_spec("matplotlib") is not None:
        draw_quickly(monkeypatch)
