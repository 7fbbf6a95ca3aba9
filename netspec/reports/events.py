"""TensorBoard events: scalars of each epoch, the network's graph, hyper-parameters, pictures of the results."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from netspec.core.flat import Plain
from netspec.language.spec import Report
from netspec.reports.events_graph import graph_def
from netspec.reports.events_settings import settings_begin, settings_end
from netspec.training.job import Row


class Events:
    """Writes an events file into a run's folder, None for nowhere; the epoch is the step."""

    def __init__(self, folder: Path | None) -> None:
        self._writer: Any = None
        if folder is None:
            return
        from tensorboard.summary.writer.record_writer import (  # type: ignore[import-untyped]  # has no types
            RecordWriter,
        )

        name = f"events.out.tfevents.{time.time():.6f}.{socket.gethostname()}.{os.getpid()}"  # sorted by time
        self._writer = RecordWriter((folder / name).open("wb"))  # in this thread: a full disk is an error of the run's
        self._write(file_version="brain.Event:2")

    def begin(self, report: Report, settings: Mapping[str, Plain]) -> None:
        """What is trained, and how: the graph of a checked network, and the run's settings by their paths."""
        self._write(graph_def=graph_def(report).SerializeToString())
        self._write(summary=settings_begin(settings))

    def add(self, row: Row) -> None:
        """Add an epoch."""
        from tensorboard.compat.proto.summary_pb2 import Summary  # type: ignore[import-untyped]  # has no types

        numbers = {name: value for name, value in row.items() if name != "epoch" and isinstance(value, int | float)}
        values = [Summary.Value(tag=_tag(name), simple_value=value) for name, value in numbers.items()]
        self._write(step=row["epoch"], summary=Summary(value=values))

    def picture(self, path: Path, step: int) -> None:
        """Add a PNG file under its name."""
        from PIL import Image
        from tensorboard.compat.proto.summary_pb2 import Summary

        with Image.open(path) as picture:
            width, height = picture.size
            channels = len(picture.getbands())
        image = Summary.Image(
            height=height, width=width, colorspace=channels, encoded_image_string=path.read_bytes()
        )  # its colorspace is the number of channels
        self._write(step=step, summary=Summary(value=[Summary.Value(tag=path.stem, image=image)]))

    def end(self, status: str) -> None:
        """How the run ended: `finished`, `stopped early`, `interrupted` or `failed`."""
        self._write(summary=settings_end(status))

    def close(self) -> None:
        """Finish the file."""
        if self._writer is not None:
            self._writer.close()

    def _write(self, **content: Any) -> None:
        if self._writer is None:
            return
        from tensorboard.compat.proto.event_pb2 import Event  # type: ignore[import-untyped]  # has no types

        self._writer.write(Event(wall_time=time.time(), **content).SerializeToString())
        self._writer.flush()


def _tag(name: str) -> str:
    """`val_loss` → `loss/val`, so that training and validation share a chart."""
    part, _, rest = name.partition("_")
    return f"{rest}/{part}" if part in ("train", "val") else name
