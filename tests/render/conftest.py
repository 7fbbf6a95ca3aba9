"""The reports on every wrong spec."""

from __future__ import annotations

import pytest

from netspec.shapes.report import Report
from tests.spec_cases import BAD, report_on


@pytest.fixture(scope="session")
def bad_reports() -> list[Report]:
    """One for each spec of tests/specs/bad."""
    return [report_on(path) for path in BAD]
