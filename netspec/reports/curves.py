"""The learning curves of one run, or of several in one picture. Nothing here needs torch.

Input: the rows of epochs. Output: a PNG file, with a panel for the loss and one for each metric.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netspec.render.runs import Record
from netspec.reports.fonts import Lettering, lettering, save

if TYPE_CHECKING:
    from netspec.training.job import Row

MOST_PANELS = 24
ACROSS = 3  # panels beside each other
_TITLES = {"r2": "R²", "auroc": "AUROC", "iou": "IoU", "mae": "MAE", "rmse": "RMSE", "f1": "F1"}
_MARKERS = "os^vDPX"  # 7 of them and 10 colours: 70 runs differ


def draw_curves(path: Path, title: str, rows: list[Row], best: int | None = None) -> None:
    """Draw the loss and each metric by epoch.

    Args:
        path: the PNG file.
        title: stands above.
        rows: the epochs, as in metrics.jsonl.
        best: the best epoch, which is marked.
    """
    if not rows:
        return
    from matplotlib.figure import Figure  # without pyplot: no window system, no global state

    panels = _measured(rows[-1])
    with lettering([title, *panels]) as letters:
        across = min(len(panels), ACROSS)
        figure = Figure(figsize=(5 * across + 0.5, 3.5 * ceil(len(panels) / across) + 0.5), layout="constrained")
        figure.suptitle(letters(title))
        for axes, name in zip(_grid(figure, len(panels)), panels, strict=True):
            for part, label in (("train", "training"), ("val", "validation")):
                points = [(row["epoch"], row[f"{part}_{name}"]) for row in rows if f"{part}_{name}" in row]
                if points:
                    axes.plot(*zip(*points, strict=True), marker="o", markersize=3, label=label)
            if best is not None:
                axes.axvline(best, color="grey", linestyle=":", label=f"best epoch, {best}")
            _label(axes, name, letters)
            axes.legend()
        save(figure, path, letters, 120)


def draw_overlay(path: Path, records: Sequence[Record]) -> None:
    """Draw loss, and each metric that all runs have, by epoch; a colour and a marker a run, training dashed.

    Args:
        path: the PNG file.
        records: runs, at least one of them with an epoch.
    """
    from matplotlib.figure import Figure  # without pyplot: no window system, no global state

    panels, names = ["loss", *_shared(records)][:MOST_PANELS], _distinct([str(record.folder) for record in records])
    with lettering([*panels, *names]) as letters:
        across = min(len(panels), ACROSS)
        figure = Figure(figsize=(5.5 * across, 4 * ceil(len(panels) / across) + 0.5), layout="constrained")
        for axes, panel in zip(_grid(figure, len(panels)), panels, strict=True):
            for index, (record, name) in enumerate(zip(records, names, strict=True)):
                _draw_run(axes, panel, record, letters(name), index, len(records))
            _label(axes, panel, letters)
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=8)
        save(figure, path, letters, 120)


def _draw_run(axes: Any, panel: str, record: Record, name: str, index: int, count: int) -> None:
    """The curves of one run: an earlier one is wider, so that it shows behind a later one that is the same."""
    look = {"color": f"C{index % 10}", "marker": _MARKERS[index % len(_MARKERS)]}
    wide = 1.2 + 3 * (count - 1 - index) / max(count - 1, 1) if count > 1 else 1.3
    for part, style in (("val", "-"), ("train", "--")):
        key = f"{part}_{panel}"
        points = [(row["epoch"], row[key]) for row in record.rows if row.get(key) is not None]
        if points:
            words = "validation" if part == "val" else "training"
            label = f"{name}, {words}".lstrip("_")  # a first _ would hide it
            each = max(1, len(points) // 12)
            markers = (index * each // max(count, 1) % each, each)
            axes.plot(*zip(*points, strict=True), style, label=label, linewidth=wide, markevery=markers,
                      markersize=2 + 1.5 * wide, **look)  # fmt: skip


def _distinct(names: Sequence[str]) -> list[str]:
    """The names, with their place behind those that occur more than once."""
    return [f"{name} ({place})" if names.count(name) > 1 else name for place, name in enumerate(names, 1)]


def _grid(figure: Any, panels: int) -> list[Any]:
    """The axes of so many panels; what is left of the last line stays empty."""
    across = min(panels, ACROSS)
    every = [*figure.subplots(ceil(panels / across), across, squeeze=False).flat]
    for axes in every[panels:]:
        axes.remove()
    return every[:panels]


def _label(axes: Any, name: str, letters: Lettering) -> None:
    axes.set_xlabel("epoch")
    axes.set_title(letters(_TITLES.get(name, name)))
    axes.grid(visible=True, alpha=0.3)
    axes.xaxis.get_major_locator().set_params(integer=True)


def _measured(row: Row) -> list[str]:
    """The loss and the metrics of a row, as it has them."""
    names = _names(row)
    return ["loss", *(name for name in names if name != "loss")][:MOST_PANELS]


def _names(row: dict[str, Any]) -> Iterable[str]:
    """What a row has numbers of: `loss` of `train_loss` and `val_loss`."""
    numbers = (name for name, value in row.items() if isinstance(value, int | float) and not isinstance(value, bool))
    return dict.fromkeys(name.partition("_")[2] for name in numbers if name.startswith(("train_", "val_")))


def _shared(records: Sequence[Record]) -> list[str]:
    """The metrics that every run with an epoch has, in the order of the first; the loss is left out."""
    each = [[*_names(record.last)] for record in records if record.rows]
    return [name for name in each[0] if name != "loss" and all(name in names for names in each)]
