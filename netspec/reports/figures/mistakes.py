"""A sheet of the worst mistakes: each picture with what it is, what it was taken for, and how surely."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from netspec.core.files import write_atomically
from netspec.data.pipeline import Pipeline
from netspec.reports.figures.confusion import shorten
from netspec.reports.figures.findings import Mistakes

COLUMNS = 6


def draw_mistakes(path: Path, title: str, mistakes: Mistakes, names: Sequence[str], pipeline: Pipeline) -> None:
    """Draw the mistakes, the surest first.

    Args:
        path: the PNG file.
        title: stands above.
        mistakes: at least one.
        names: of the classes.
        pipeline: the transforms the pictures went through.
    """
    from matplotlib.figure import Figure  # without pyplot: no window system, no global state

    assert mistakes.pictures is not None
    pictures = viewable(mistakes.pictures, pipeline)  # [K, H, W, 3]
    count, height, width, _ = pictures.shape
    columns = min(COLUMNS, count)
    lines = math.ceil(count / columns)
    cell = 2 * height / width + 0.45  # inches, with two lines of words
    total = cell * lines + 0.4
    figure = Figure(figsize=(max(2 * columns, 4), total))
    figure.suptitle(title, y=1 - 0.1 / total)
    place = {"left": 0.01, "right": 0.99, "bottom": 0.01, "top": 1 - 0.75 / total, "wspace": 0.05}
    grid = figure.subplots(lines, columns, squeeze=False, gridspec_kw={**place, "hspace": 0.5 / (cell - 0.45)})
    panels = list(grid.flat)
    for axes in panels:
        axes.set_axis_off()
    told = zip(panels, pictures, mistakes.truth.tolist(), mistakes.said.tolist(), mistakes.share.tolist(), strict=False)
    for axes, picture, truth, said, share in told:
        axes.imshow(picture.numpy(), interpolation="nearest")
        axes.set_title(f"is {shorten(names[truth])}\ntaken for {shorten(names[said])}, {share:.1%}", fontsize=8)
    write_atomically(path, lambda file: figure.savefig(file, dpi=100, format="png"))


def viewable(pictures: torch.Tensor, pipeline: Pipeline) -> torch.Tensor:
    """What the network gets as a person sees it: Normalize undone, values in [0, 1].

    Args:
        pictures: [K, C, H, W]; of other than one or three channels the first is shown.
        pipeline: the transforms they went through.

    Returns:
        [K, H, W, 3].
    """
    if len(pipeline.after) == 1 and pipeline.after[0][0].name == "Normalize":
        undone = _without(pipeline.after[0][1], pictures)
    else:
        undone = pictures
    low, high = undone.amin(dim=(1, 2, 3), keepdim=True), undone.amax(dim=(1, 2, 3), keepdim=True)
    if float(low.min()) < -0.01 or float(high.max()) > 1.01:  # other transforms: each picture in its own range
        undone = (undone - low) / (high - low).clamp(min=1e-12)
    if undone.shape[1] != 3:
        undone = undone[:, :1].expand(-1, 3, -1, -1)
    return undone.clamp(0, 1).permute(0, 2, 3, 1)


def _without(normalize: Callable[[torch.Tensor], torch.Tensor], pictures: torch.Tensor) -> torch.Tensor:
    """Undo torchvision's Normalize: an affine map of each channel, so two pictures tell it."""
    zero, one = (normalize(torch.full_like(pictures[:1, :, :1, :1], value)) for value in (0.0, 1.0))  # [1, C, 1, 1]
    return (pictures - zero) / (one - zero)
