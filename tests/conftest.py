"""What all tests share: the examples of properties, and pictures that cost nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("netspec", deadline=None, derandomize=True, database=None)
settings.load_profile("netspec")


@pytest.fixture
def quick_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run's pictures are files of one pixel: to draw them takes longer than to train a small network."""

    def save(figure: object, file: Path, **how: Any) -> None:
        from PIL import Image

        Image.new("RGB", (1, 1)).save(file, format=how["format"])

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", save)
