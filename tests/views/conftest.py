"""The reports on every wrong spec, made once."""

from __future__ import annotations

import pytest

from netspec.stages.check import check
from netspec.stages.load import load
from netspec.stages.spec import Report
from tests.spec_cases import BAD, settings_in


@pytest.fixture(scope="session")
def bad_reports() -> list[Report]:
    """One for each spec of tests/specs/bad."""
    return [check(load(path, settings_in(path.read_text("utf-8")))) for path in BAD]
