"""The learning curves of one run, or of several in one picture. Nothing here needs torch.

Input: the rows of epochs. Output: a PNG file.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netspec.core.escapes import safe
from netspec.core.files import write_atomically
from netspec.render.runs import Record

if TYPE_CHECKING:
    from netspec.training.job import Row

_MEASURES = ("accuracy", "r2", "rmse")


def drawn(text: str) -> str:
    """A name as matplotlib draws it: without control characters, and a dollar begins no formula."""
    return safe(text).replace("$", r"\$")


def draw_curves(path: Path, title: str, rows: list[Row]) -> None:
    """Draw losses by epoch, and beside them the first of accuracy, R² and RMSE that the rows have.

    Args:
        path: the PNG file.
        title: stands above.
        rows: the epochs, as in metrics.jsonl.
    """
    if not rows:
        return
    from matplotlib.figure import Figure  # without pyplot: no window system, no global state

    measure = next((name for name in _MEASURES if any(key.endswith(f"_{name}") for key in rows[-1])), None)
    figure = Figure(figsize=(10 if measure else 5.5, 4), layout="constrained")
    figure.suptitle(drawn(title))
    panels = ["loss", *([measure] if measure else [])]
    for axes, name in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        for part, label in (("train", "training"), ("val", "validation")):
            points = [(row["epoch"], row[f"{part}_{name}"]) for row in rows if f"{part}_{name}" in row]
            if points:
                axes.plot(*zip(*points, strict=True), marker="o", markersize=3, label=label)
        _label(axes, "R²" if name == "r2" else name)
        axes.legend()
    write_atomically(path, lambda file: figure.savefig(file, dpi=120, format="png"))


def draw_overlay(path: Path, records: Sequence[Record]) -> None:
    """Draw loss, and the first metric that all runs have, by epoch; a colour a run, training dashed.

    Args:
        path: the PNG file.
        records: runs, at least one of them with an epoch.
    """
    from matplotlib.figure import Figure  # without pyplot: no window system, no global state

    panels = ["loss", *_shared(records)[:1]]
    figure = Figure(figsize=(5.5 * len(panels), 4.5), layout="constrained")
    for axes, name in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        for index, record in enumerate(records):
            for part, style in (("val", "-"), ("train", "--")):
                key = f"{part}_{name}"
                points = [(row["epoch"], row[key]) for row in record.rows if row.get(key) is not None]
                if points:
                    words = "validation" if part == "val" else "training"
                    label = drawn(f"{record.folder}, {words}").lstrip("_")  # a first _ would hide it
                    axes.plot(*zip(*points, strict=True), style, color=f"C{index % 10}", label=label, linewidth=1.3)
        _label(axes, name)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=8)
    write_atomically(path, lambda file: figure.savefig(file, dpi=120, format="png"))


def _label(axes: Any, title: str) -> None:
    axes.set_xlabel("epoch")
    axes.set_title(drawn(title))
    axes.grid(visible=True, alpha=0.3)
    axes.xaxis.get_major_locator().set_params(integer=True)


def _shared(records: Sequence[Record]) -> list[str]:
    """The metrics that every run with an epoch has, in the order of the first; the loss is left out."""
    each = [
        [name.partition("_")[2] for name, value in record.last.items() if name.startswith(("train_", "val_"))
         and isinstance(value, int | float)]
        for record in records if record.rows
    ]  # fmt: skip
    return [name for name in dict.fromkeys(each[0]) if name != "loss" and all(name in names for names in each)]
