"""Pictures of what a network predicts: the confusion matrix, the worst mistakes, the fitted curve.

Input: counts, mistakes, or a network with samples. Output: a PNG file each.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from netspec.data.batches import Feed
from netspec.data.transforms import Pipeline
from netspec.inference.error_analysis import Mistakes
from netspec.objective.losses import Head, as_tuple
from netspec.objective.targets import probabilities
from netspec.reports.fonts import lettering, save

MOST_NUMBERS = 20  # classes up to which counts are written into the cells
MOST_NAMES = 60  # classes up to which each is named
LONGEST = 18  # characters of a name
LONGEST_FILE = 30
COLUMNS = 6  # of pictures
MOST_POINTS = 2_000  # of a split
GRID = 400  # points of the curve
MARGIN = 0.05  # of the points' range, on both sides


def draw_confusion(path: Path, title: str, counts: torch.Tensor, names: Sequence[str]) -> None:
    """Draw a confusion matrix; the shade of a cell is its fraction of its row.

    Args:
        path: the PNG file.
        title: stands above.
        counts: [C, C], rows are the true classes.
        names: of the C classes.
    """
    from matplotlib.figure import Figure  # without pyplot: no window system, no global state

    size = len(counts)
    side = min(max(4.5, 1.5 + 0.45 * size), 16.0)
    with lettering([title, *(names if size <= MOST_NAMES else ())]) as letters:
        figure = Figure(figsize=(side + 0.8, side), layout="constrained")
        axes = figure.subplots()
        fractions = counts / counts.sum(1, keepdim=True).clamp(min=1)  # [C, C]
        image = axes.imshow(fractions.numpy(), cmap="Blues", vmin=0, vmax=1)
        figure.colorbar(image, ax=axes, shrink=0.8, label="fraction of the true label's samples")
        axes.set_title(letters(title))
        axes.set_xlabel("Predicted label")
        axes.set_ylabel("True label")
        if size <= MOST_NAMES:
            labels = [letters(shorten(name)) for name in names]
            axes.set_xticks(range(size), labels, rotation=90 if max(map(len, labels)) > 3 else 0)
            axes.set_yticks(range(size), labels)
        if size <= MOST_NUMBERS:
            for row, line in enumerate(counts.tolist()):
                for column, count in enumerate(line):
                    if count:
                        color = "white" if fractions[row, column] > 0.5 else "black"
                        axes.text(column, row, str(count), ha="center", va="center", color=color, fontsize=8)
        save(figure, path, letters, 100)


def shorten(name: str, longest: int = LONGEST) -> str:
    """A class's name, short enough to stand beside a picture."""
    return name if len(name) <= longest else name[: longest - 1] + "…"


def file_name(path: str) -> str:
    """A file, short enough to stand above a picture: its end is what differs."""
    return path if len(path) <= LONGEST_FILE else "…" + path[1 - LONGEST_FILE :]


def draw_mistakes(
    path: Path,
    title: str,
    mistakes: Mistakes,
    names: Sequence[str],
    pipeline: Pipeline,
    files: Sequence[str] = (),
) -> None:
    """Draw the mistakes, those with the highest probability first.

    Args:
        path: the PNG file.
        title: stands above.
        mistakes: at least one.
        names: of the classes.
        pipeline: the transforms the pictures went through.
        files: of the mistakes.
    """
    from matplotlib.figure import Figure  # without pyplot: no window system, no global state

    assert mistakes.pictures is not None
    pictures = viewable(mistakes.pictures, pipeline)  # [K, H, W, 3]
    count, height, width, _ = pictures.shape
    columns = min(COLUMNS, count)
    lines = math.ceil(count / columns)
    cell = 2 * height / width + 0.6  # inches, with three lines of words
    total = cell * lines + 0.4
    with lettering([title, *names, *files]) as letters:
        figure = Figure(figsize=(max(2 * columns, 4), total))
        figure.suptitle(letters(title), y=1 - 0.1 / total)
        margins = {"left": 0.01, "right": 0.99, "bottom": 0.02, "top": 1 - 0.9 / total, "wspace": 0.05}
        grid = figure.subplots(lines, columns, squeeze=False, gridspec_kw={**margins, "hspace": 0.65 / (cell - 0.6)})
        panels = list(grid.flat)
        for axes in panels:
            axes.set_axis_off()
        labels = zip(mistakes.true.tolist(), mistakes.predicted.tolist(), mistakes.probability.tolist(), strict=True)
        for place, (axes, picture, label) in enumerate(zip(panels, pictures, labels, strict=False)):
            true, predicted, probability = label
            axes.imshow(picture.numpy(), interpolation="nearest")
            words = [*map(file_name, files[place : place + 1]), f"true: {shorten(names[true])}"]
            words.append(f"predicted: {shorten(names[predicted])}, {probability:.3f}")
            axes.set_title("\n".join(map(letters, words)), fontsize=8)
        save(figure, path, letters, 100)


def viewable(pictures: torch.Tensor, pipeline: Pipeline) -> torch.Tensor:
    """Pictures as they can be shown: Normalize undone, values in [0, 1].

    Args:
        pictures: [K, C, H, W]; of other than one or three channels the first is shown.
        pipeline: the transforms they went through.

    Returns:
        [K, H, W, 3].
    """
    if len(pipeline.after) == 1 and pipeline.after[0][0].name == "Normalize":
        pictures = _denormalized(pipeline.after[0][1], pictures)
    low, high = pictures.amin(dim=(1, 2, 3), keepdim=True), pictures.amax(dim=(1, 2, 3), keepdim=True)
    if float(low.min()) < -0.01 or float(high.max()) > 1.01:  # other transforms: each picture in its own range
        pictures = (pictures - low) / (high - low).clamp(min=1e-12)
    if pictures.shape[1] != 3:
        pictures = pictures[:, :1].expand(-1, 3, -1, -1)
    return pictures.clamp(0, 1).permute(0, 2, 3, 1)


def _denormalized(normalize: Callable[[torch.Tensor], torch.Tensor], pictures: torch.Tensor) -> torch.Tensor:
    """Undo torchvision's Normalize, an affine map of each channel that two of its values determine."""
    zero, one = (normalize(torch.full_like(pictures[:1, :, :1, :1], value)) for value in (0.0, 1.0))  # [1, C, 1, 1]
    return (pictures - zero) / (one - zero)


@dataclass(frozen=True)
class Fit:
    """Samples and the fitted curve.

    Args:
        points: by split x [N] and y [N].
        x: of the curve, [G].
        y: of the curve, [G].
        probability: whether y are probabilities.
    """

    points: dict[str, tuple[torch.Tensor, torch.Tensor]]
    x: torch.Tensor
    y: torch.Tensor
    probability: bool


@torch.inference_mode()
def fit_of(net: Callable[..., Any], train: Feed, val: Feed | None, head: Head) -> Fit | None:
    """The curve of a network from one number to one number, or to the probability of the second of two classes.

    Args:
        net: in evaluation mode, on the feeds' device.
        train, val: the samples, inputs [B, 1].
        head: the main output, whose targets come first.

    Returns:
        None where the network is another.
    """
    loss, signs = head.loss.name, head.kind == "signs"
    points = {"training": _points(train, signs)}
    if val is not None:
        points["validation"] = _points(val, signs)
    every = torch.cat([x for x, _ in points.values()])
    low, high = float(every.min()), float(every.max())
    room = (high - low) * MARGIN or 1.0
    x = torch.linspace(low - room, high + room, GRID)
    first = next(iter(train.batches(None, 1))).inputs[0]
    output = as_tuple(net(x[:, None].to(first)))[head.index].float().cpu()  # [G, C]
    if output.ndim != 2:
        return None
    each = probabilities(output, loss, head.last)
    y = output if each is None else each
    if y.shape[1] > 2 or (y.shape[1] == 2 and head.kind != "classes"):
        return None
    return Fit(points, x, y[:, -1], each is not None)


def _points(feed: Feed, signs: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """The first samples: x [N] and y [N]; where targets are -1 and 1, y is 0 and 1."""
    batch = next(iter(feed.batches(None, MOST_POINTS)))
    x, y = batch.inputs[0].float().cpu().flatten(), batch.targets[0].float().cpu()
    y = y[:, -1] if y.ndim == 2 else y
    return x, ((y > 0).float() if signs else y)


def draw_fit(path: Path, title: str, fit: Fit, across: str, up: str) -> None:
    """Draw the points and the curve.

    Args:
        path: the PNG file.
        title: stands above.
        fit: what `fit_of` gives.
        across, up: names of the axes.
    """
    from matplotlib.figure import Figure  # without pyplot: no window system, no global state

    with lettering([title, across, up]) as letters:
        figure = Figure(figsize=(6, 4), layout="constrained")
        axes = figure.subplots()
        for label, (x, y) in fit.points.items():
            axes.plot(x, y, "o", markersize=4, alpha=0.7, label=label)
        axes.plot(fit.x, fit.y, color="black", linewidth=1.5, label="probability" if fit.probability else "fitted")
        if fit.probability:
            axes.axhline(0.5, color="grey", linewidth=0.8, linestyle=":")
        axes.set_title(letters(title))
        axes.set_xlabel(letters(across))
        axes.set_ylabel(letters(up))
        axes.grid(visible=True, alpha=0.3)
        axes.legend()
        save(figure, path, letters, 120)
