"""Pictures that nobody looks at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from netspec.core.files import write_atomically

SAVE = "matplotlib.figure.Figure.savefig"
DRAWN = ("netspec.reports.result_plots.draw_confusion", "netspec.reports.result_plots.draw_mistakes",
         "netspec.reports.result_plots.draw_fit")  # fmt: skip
CURVES = "netspec.trainer.session.draw_curves"


def one_pixel(figure: object, file: Any, **how: Any) -> None:
    """In place of `Figure.savefig`: to draw a run's pictures takes longer than to train a small network."""
    from PIL import Image

    Image.new("RGB", (1, 1)).save(file, format=how["format"])


def pixel_at(path: Path, *what: object) -> None:
    """In place of what makes a figure of the results, which takes as long as to save it."""
    write_atomically(path, lambda file: one_pixel(None, file, format="png"))


def pixel_of_curves(path: Path, title: str, rows: list[Any], best: int | None = None) -> None:
    """In place of the drawing of curves; there are none before the first epoch."""
    if rows:
        pixel_at(path)


def draw_quickly(patch: pytest.MonkeyPatch) -> None:
    """Make a run's pictures files of one pixel."""
    patch.setattr(SAVE, one_pixel)
    patch.setattr(CURVES, pixel_of_curves)
    for name in DRAWN:
        patch.setattr(name, pixel_at)


@contextmanager
def quickly_drawn() -> Iterator[None]:
    """Inside, a run's pictures are files of one pixel: for fixtures that train for several tests."""
    with pytest.MonkeyPatch.context() as patch:
        draw_quickly(patch)
        yield
