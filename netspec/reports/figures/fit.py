"""For an input of one number: the fitted curve over the points, as notes on linear and logistic regression draw it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from netspec.core.files import write_atomically
from netspec.data.batch import Feed
from netspec.objective.heads import Head
from netspec.objective.losses import as_tuple
from netspec.objective.targets import probabilities

MOST_POINTS = 2_000
GRID = 400
MARGIN = 0.05  # of the points' range, on both sides


@dataclass(frozen=True)
class Fit:
    """Points by the split they are of (x [N], y [N] each), and the curve (x [G], y [G]) through them."""

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
        head: the output that is drawn, the main one, whose targets come first.

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
    output = as_tuple(net(x[:, None].to(first)))[head.place].float().cpu()  # [G, C]
    if output.ndim != 2:
        return None
    shares = probabilities(output, loss, head.last)
    y = output if shares is None else shares
    if y.shape[1] > 2 or (y.shape[1] == 2 and head.kind != "classes"):
        return None
    return Fit(points, x, y[:, -1], shares is not None)


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

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for label, (x, y) in fit.points.items():
        axes.plot(x, y, "o", markersize=4, alpha=0.7, label=label)
    axes.plot(fit.x, fit.y, color="black", linewidth=1.5, label="probability" if fit.probability else "fitted")
    if fit.probability:
        axes.axhline(0.5, color="grey", linewidth=0.8, linestyle=":")
    axes.set_title(title)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.grid(visible=True, alpha=0.3)
    axes.legend()
    write_atomically(path, lambda file: figure.savefig(file, dpi=120, format="png"))
