"""Keys of `train` against the data: what is measured, and what is mixed."""

from __future__ import annotations

from typing import Any

from netspec.data.section import Data
from netspec.runtime.diagnostics import problem


def check_monitor(values: dict[str, Any], held_back: bool) -> None:
    """What the best epoch is chosen by is measured: on what is held back, if anything is.

    Raises:
        SpecError: NS616, it is not.
    """
    monitor = values.get("monitor")
    if monitor is None or monitor == "train_loss":
        return
    if monitor.startswith("val_") and not held_back:
        advice = ("fix", f"val: 0.2 under data, or monitor: train_{monitor.removeprefix('val_')}")
        raise problem("NS616", f"{monitor} is not measured: nothing is held back", values["nodes"]["monitor"], advice)
    if monitor.startswith("train_") and held_back:
        advice = ("fix", f"monitor: val_{monitor.removeprefix('train_')}")
        raise problem("NS616", f"{monitor} is not measured", values["nodes"]["monitor"], advice)


def check_mix(values: dict[str, Any], data: Data) -> None:
    """What mixes a batch mixes the one target of its samples.

    Raises:
        SpecError: NS616, there are several.
    """
    if values.get("mix") and len(data.source.targets) > 1:
        what = f"mixed batches have one target, {data.node.value} has one for each output"
        raise problem("NS616", what, values["nodes"]["mix"])
