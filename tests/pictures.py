"""Pictures that nobody looks at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

SAVE = "matplotlib.figure.Figure.savefig"


def one_pixel(figure: object, file: Path, **how: Any) -> None:
    """In place of `Figure.savefig`: to draw a run's pictures takes longer than to train a small network."""
    from PIL import Image

    Image.new("RGB", (1, 1)).save(file, format=how["format"])


@contextmanager
def quickly_drawn() -> Iterator[None]:
    """Inside, a run's pictures are files of one pixel: for fixtures that train for several tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SAVE, one_pixel)
        yield
