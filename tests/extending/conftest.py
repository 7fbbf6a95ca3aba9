"""What the tests of extending share: a copy of the package, to which each adds what a contributor would."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.extending.package_copy import Copy


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """The package as it is."""
    return Copy(tmp_path)
