"""How a run reads samples from files: as its own were read, in batches that the network takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

import torch

from netspec.ground.diagnostics import SpecError
from netspec.ground.shapes import Tensor, show
from netspec.ground.tree import Mapping
from netspec.runner.data import dataset_nodes
from netspec.runner.evaluate import LoadedRun
from netspec.runner.intake import Pictures, Sample
from netspec.runner.intake_labels import Labels
from netspec.runner.intake_rows import Rows
from netspec.runner.pipeline import Pipeline, read_pipeline
from netspec.stages.spec import Spec
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


def in_batches(samples: Iterable[Sample | Fault], input: Tensor, size: int) -> Iterator[list[Sample | Fault]]:
    """Samples that the network takes, `size` at a time, in their order; what it does not take is a Fault in its place.

    Memory holds one batch, however many there are.
    """
    left = iter(samples)
    while chunk := [_fitting(item, input) for item in islice(left, size)]:
        yield chunk


def _fitting(item: Sample | Fault, input: Tensor) -> Sample | Fault:
    """A sample that the network takes, or why it does not."""
    if isinstance(item, Fault) or tuple(item.x.shape) == input.shape:
        return item
    got, want = show(tuple(item.x.shape)), show(input.shape)
    return Fault(item.file, item.row, f"a sample is {got}, the network's input is {want}")


def stacked(samples: list[Sample], input: Tensor, device: torch.device) -> torch.Tensor:
    """The batch [B, *input] on the device, in the input's dtype."""
    return torch.stack([sample.x for sample in samples]).to(device, getattr(torch, input.dtype))


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
