"""The learning curves of a run as a picture."""

from __future__ import annotations

from pathlib import Path

from netspec.core.files import write_atomically
from netspec.training.job import Row

_MEASURES = ("accuracy", "r2", "rmse")


def draw_curves(path: Path, title: str, rows: list[Row]) -> None:
    """Losses by epoch, and beside them the first measure that the rows have, to a PNG file.

    Args:
        path: the file.
        title: stands above.
        rows: the epochs, as in metrics.jsonl.
    """
    if not rows:
        return
    from matplotlib.figure import Figure  # without pyplot: no window system, no global state

    measure = next((name for name in _MEASURES if any(key.endswith(f"_{name}") for key in rows[-1])), None)
    figure = Figure(figsize=(10 if measure else 5.5, 4), layout="constrained")
    figure.suptitle(title)
    panels = ["loss", *([measure] if measure else [])]
    for axes, name in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        for part, label in (("train", "training"), ("val", "validation")):
            points = [(row["epoch"], row[f"{part}_{name}"]) for row in rows if f"{part}_{name}" in row]
            if points:
                axes.plot(*zip(*points, strict=True), marker="o", markersize=3, label=label)
        axes.set_xlabel("epoch")
        axes.set_title("R²" if name == "r2" else name)
        axes.grid(visible=True, alpha=0.3)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend()
    write_atomically(path, lambda file: figure.savefig(file, dpi=120, format="png"))
