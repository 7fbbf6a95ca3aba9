"""How a run reads samples from files: as its own were read, in batches that the network takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch

from netspec.ground.diagnostics import SpecError
from netspec.ground.shapes import Tensor, show
from netspec.ground.tree import Mapping
from netspec.runner.data import dataset_nodes
from netspec.runner.evaluate import LoadedRun
from netspec.runner.intake import Pictures, Sample
from netspec.runner.intake_labels import Labels
from netspec.runner.intake_rows import Rows
from netspec.runner.lookups import smallest_table
from netspec.runner.pipeline import Pipeline, read_pipeline
from netspec.stages.legal.ranges import takes
from netspec.stages.spec import Report, Spec
from netspec.views.predictions import Fault


def source_of(run: LoadedRun, input: Tensor, labels: Labels | None = None) -> Pictures | Rows:
    """What reads samples as the run's own were read; its data are not needed.

    Args:
        run: of pictures, or of a table.
        input: the network's.
        labels: what the targets are called, where samples are to have them.
    """
    info = run.info
    if info.picture:
        pipeline = read_pipeline(run.spec)
        return Pictures(_mode(info.sample, pipeline, input), info.sample, pipeline, labels)
    return Rows(info.columns, input.shape, _separator(run.spec), labels)


class Entrance:
    """What a network takes.

    Args:
        report: of the network.
        input: its input.
    """

    def __init__(self, report: Report, input: Tensor) -> None:
        self.input = input
        self._report, self._table = report, smallest_table(report)

    def batches(self, samples: Iterable[Sample | Fault], size: int) -> Iterator[list[Sample | Fault]]:
        """Samples in their order, up to `size` of one shape at a time; one that the network does not take is a Fault.

        Memory holds one batch, however many there are.
        """
        batch: list[Sample | Fault] = []
        shape: torch.Size | None = None
        for item in map(self._fitting, samples):
            if isinstance(item, Sample):
                if shape is not None and item.x.shape != shape:  # of an input of any size
                    yield batch
                    batch = []
                shape = item.x.shape
            batch.append(item)
            if len(batch) == size:
                yield batch
                batch, shape = [], None
        if batch:
            yield batch

    def stack(self, samples: list[Sample], device: torch.device) -> torch.Tensor:
        """The batch [B, *input] on the device, in the input's dtype."""
        return torch.stack([sample.x for sample in samples]).to(device, getattr(torch, self.input.dtype))

    def _fitting(self, item: Sample | Fault) -> Sample | Fault:
        if isinstance(item, Fault):
            return item
        why = self._refusal(item.x)
        return item if why is None else Fault(item.file, item.row, why if item.row is None else f": {why}")

    def _refusal(self, x: torch.Tensor) -> str | None:
        """Why the network does not take a sample."""
        shape = tuple(x.shape)
        if shape != self.input.shape and not takes(self._report.spec, self._report.params, shape):
            return f"a sample is {show(shape)}, the network's input is {show(self.input.shape)}"
        if self.input.dtype.startswith("float"):
            return None
        bad = x[x != x.round()]
        if len(bad):
            return f"{bad[0].item():g} is a fraction, the network's input is {self.input.dtype}"
        if self._table is not None:
            size, layer = self._table
            bad = x[(x < 0) | (x >= size)]
            if len(bad):
                return f"{bad[0].item():g} is out of range: {layer} looks up 0 to {size - 1}"
        return None


def _mode(stored: tuple[int, ...] | None, pipeline: Pipeline, input: Tensor) -> str:
    """Whether the run's pictures were grey or coloured; where no sample tells, what its transforms take."""
    if stored:
        return "L" if stored[0] == 1 else "RGB"
    try:
        return "RGB" if pipeline.plain(torch.zeros(1, 3, 256, 256)).shape[1] == input.shape[0] else "L"
    except SpecError:  # a Normalize for one channel
        return "L"


def _separator(spec: Spec) -> str:
    _, arguments = dataset_nodes(spec)
    written = arguments.get("separator") if isinstance(arguments, Mapping) else None
    return str(spec.evaluate(written)) if written is not None else ","
