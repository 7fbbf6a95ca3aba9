"""Tables of sines and cosines, as of positions → the formula of a buffer.

Each row is a position and each column a frequency `theta**-e`; columns are sines and cosines by turns, or one half of
each, or all of one kind. A module computes such a table in float32, so that its numbers are those of the formula up to
the rounding of an angle, which grows with the position.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import pi

import torch

THETAS = (10000, 500000, 1000000, 100)
ROUNDING, ROUNDING_PER_TURN = 1e-6, 3e-7
_HALF_PI = repr(pi / 2)


def wave_formula(tensor: torch.Tensor) -> str | None:
    """The formula of a table of waves, of any number of axes of which the last two are longer than 1; None elsewhere.

    Args:
        tensor: [..., positions, columns].
    """
    axes = [axis for axis, size in enumerate(tensor.shape) if size > 1]
    if len(axes) != 2 or not tensor.is_floating_point() or tensor.is_meta or tensor.abs().max() > 1 + ROUNDING:
        return None
    table = tensor.reshape([tensor.shape[axis] for axis in axes]).double()
    row, column = (f"i{axis}" for axis in axes)
    positions = torch.arange(len(table), dtype=torch.float64)[:, None]
    most = ROUNDING + ROUNDING_PER_TURN * positions
    index = torch.arange(table.shape[1])
    for text, exponents in _exponents(column, index):
        for theta in THETAS:
            angles = positions * float(theta) ** -exponents
            for template, made in _waves(column, index, angles):
                if bool(((made - table).abs() <= most).all()):
                    return template.format(f"{row}/{theta}**({text})")
    return None


def _exponents(column: str, index: torch.Tensor) -> Iterator[tuple[str, torch.Tensor]]:
    """The usual exponents of a column's frequency, as a formula and as numbers."""
    width, half = len(index), len(index) // 2
    yield f"{column}//2*2/{width}", index // 2 * 2 / width
    yield f"{column}%{half}/{half}", index % max(half, 1) / max(half, 1)
    if half > 1:
        yield f"{column}%{half}/{half - 1}", index % half / (half - 1)
    yield f"{column}/{width}", index / width


def _waves(column: str, index: torch.Tensor, angles: torch.Tensor) -> Iterator[tuple[str, torch.Tensor]]:
    """Sines, cosines, and both of them in one table: a cosine is a sine a quarter of a turn later."""
    half = max(len(index) // 2, 1)
    yield "sin({})", angles.sin()
    yield "cos({})", angles.cos()
    for text, later in ((f"{column}%2", index % 2), (f"{column}//{half}", index // half)):
        quarter = later * (pi / 2)
        yield f"sin({{}} + {text}*{_HALF_PI})", (angles + quarter).sin()
        yield f"cos({{}} - {text}*{_HALF_PI})", (angles - quarter).cos()
