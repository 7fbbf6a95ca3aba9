"""Pictures or table rows → what a run says of them: top classes with probabilities, or numbers, batch by batch.

The run's own folder is enough: its data are not needed. Samples go through the transforms that the run's went through.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from math import prod
from typing import Any

import torch
from torch import nn

from netspec.ground.diagnostics import SpecError
from netspec.ground.shapes import Tensor, show
from netspec.ground.tree import Mapping
from netspec.runner.contract import network_ends
from netspec.runner.data import dataset_nodes
from netspec.runner.evaluate import LoadedRun, device_for
from netspec.runner.intake import Pictures, Sample
from netspec.runner.intake_rows import Rows
from netspec.runner.pipeline import Pipeline, read_pipeline
from netspec.runner.settings import read_settings
from netspec.runner.targets import probabilities
from netspec.stages.check import require
from netspec.stages.evaluate import param_values
from netspec.stages.legal.ranges import takes
from netspec.stages.spec import Spec
from netspec.views.predictions import Fault, Prediction

BATCH = 256
BATCH_BYTES = 2**28


@dataclass(frozen=True)
class Predictor:
    """A run made ready to predict: its model, how samples are read, and what its outputs mean."""

    spec: Spec
    classes: tuple[str, ...]
    model: nn.Module
    device: torch.device
    source: Pictures | Rows
    input: Tensor
    loss: str
    last: str

    def stream(self, paths: Iterable[str], top: int) -> Iterator[Prediction | Fault]:
        """What is said of files, of all files in folders and of standard input (`-`), in their order.

        Memory holds one batch, however many there are.

        Args:
            paths: as typed.
            top: how many classes to name.
        """
        size = max(1, min(BATCH, BATCH_BYTES // (4 * prod(self.input.shape))))
        samples = self.source.samples(paths)
        while chunk := [self._fitting(item) for item in islice(samples, size)]:
            whole = [item for item in chunk if isinstance(item, Sample)]
            said = self._say(torch.stack([sample.x for sample in whole]), top) if whole else iter(())
            for item in chunk:
                yield item if isinstance(item, Fault) else Prediction(item.file, item.row, **next(said))

    def _fitting(self, item: Sample | Fault) -> Sample | Fault:
        """A sample that the network takes, or why it does not."""
        if isinstance(item, Fault):
            return item
        shape = tuple(item.x.shape)
        if shape == self.input.shape or takes(self.spec, param_values(self.spec.params), shape):
            return item
        got, want = show(shape), show(self.input.shape)
        return Fault(item.file, item.row, f"a sample is {got}, the network's input is {want}")

    @torch.inference_mode()
    def _say(self, samples: torch.Tensor, top: int) -> Iterator[dict[str, Any]]:
        """What the network gives for [B, *input], sample by sample."""
        x = samples.to(self.device, getattr(torch, self.input.dtype))
        output = self.model(x).float().cpu()  # [B, *output]
        shares = probabilities(output, self.loss, self.last)
        for index in range(len(output)):
            if shares is None:
                yield {"values": tuple(output[index].flatten().tolist())}
            else:
                yield {"classes": self._top(shares[index].flatten(), top)}

    def _top(self, shares: torch.Tensor, top: int) -> tuple[tuple[str, float], ...]:
        """The likeliest classes of probabilities [C]; one output is the share of the second of two classes."""
        if len(shares) == 1:
            shares = torch.cat([1 - shares, shares])
        values, indexes = shares.topk(min(top, len(shares)))
        known = len(self.classes) == len(shares)
        return tuple(
            (self.classes[index] if known else str(index), round(value, 6))
            for value, index in zip(values.tolist(), indexes.tolist(), strict=True)
        )


def make_predictor(run: LoadedRun, device: str | None = None, weights: str = "best") -> Predictor:
    """Load what is needed to predict with a run.

    Raises:
        SpecError: the run's spec, weights or the device cannot be used.
    """
    place = device_for(device)
    report = require(run.spec)
    input, _, last = network_ends(report)
    loss, info = read_settings(run.spec).loss.name, run.info
    source: Pictures | Rows
    if info.picture:
        pipeline = read_pipeline(run.spec)
        source = Pictures(_mode(info.sample, pipeline, input), info.sample, pipeline)
    else:
        source = Rows(info.columns, input.shape, _separator(run.spec))
    return Predictor(run.spec, info.classes, run.model(weights, place), place, source, input, loss, last)


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
