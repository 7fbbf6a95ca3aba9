"""The confusion matrix as a picture: rows are what samples are, columns what they were taken for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from netspec.core.files import write_atomically

MOST_NUMBERS = 20  # classes up to which counts are written into the cells
MOST_NAMES = 60  # classes up to which each is named
LONGEST = 18  # characters of a name


def draw_confusion(path: Path, title: str, counts: torch.Tensor, names: Sequence[str]) -> None:
    """Draw counts [C, C]; the shade of a cell is its share of its row.

    Args:
        path: the PNG file.
        title: stands above.
        counts: rows are the truth.
        names: of the C classes.
    """
    from matplotlib.figure import Figure  # without pyplot: no window system, no global state

    size = len(counts)
    side = min(max(4.5, 1.5 + 0.45 * size), 16.0)
    figure = Figure(figsize=(side + 0.8, side), layout="constrained")
    axes = figure.subplots()
    shares = counts / counts.sum(1, keepdim=True).clamp(min=1)  # [C, C]
    image = axes.imshow(shares.numpy(), cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(image, ax=axes, shrink=0.8, label="share of the row")
    axes.set_title(title)
    axes.set_xlabel("taken for")
    axes.set_ylabel("is")
    if size <= MOST_NAMES:
        labels = [shorten(name) for name in names]
        axes.set_xticks(range(size), labels, rotation=90 if max(map(len, labels)) > 3 else 0)
        axes.set_yticks(range(size), labels)
    if size <= MOST_NUMBERS:
        for row, line in enumerate(counts.tolist()):
            for column, count in enumerate(line):
                if count:
                    color = "white" if shares[row, column] > 0.5 else "black"
                    axes.text(column, row, str(count), ha="center", va="center", color=color, fontsize=8)
    write_atomically(path, lambda file: figure.savefig(file, dpi=100, format="png"))


def shorten(name: str) -> str:
    """A class's name, short enough to stand beside a picture; matplotlib takes a dollar for mathematics."""
    return (name if len(name) <= LONGEST else name[: LONGEST - 1] + "…").replace("$", r"\$")
