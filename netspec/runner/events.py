"""TensorBoard events: a scalar for each number of an epoch's row."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from netspec.runner.job import Row


class Events:
    """Writes an events file into a run's folder; the epoch is the step."""

    def __init__(self, folder: Path) -> None:
        from tensorboard.summary.writer.event_file_writer import (  # type: ignore[import-untyped]  # has no types
            EventFileWriter,
        )

        self._writer: Any = EventFileWriter(str(folder))

    def add(self, row: Row) -> None:
        """Add an epoch."""
        from tensorboard.compat.proto.event_pb2 import Event  # type: ignore[import-untyped]  # has no types
        from tensorboard.compat.proto.summary_pb2 import Summary  # type: ignore[import-untyped]  # has no types

        numbers = {name: value for name, value in row.items() if name != "epoch" and isinstance(value, int | float)}
        values = [Summary.Value(tag=_tag(name), simple_value=value) for name, value in numbers.items()]
        self._writer.add_event(Event(wall_time=time.time(), step=row["epoch"], summary=Summary(value=values)))
        self._writer.flush()

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()


def _tag(name: str) -> str:
    """`val_loss` → `loss/val`, so that training and validation share a chart."""
    part, _, rest = name.partition("_")
    return f"{rest}/{part}" if part in ("train", "val") else name
