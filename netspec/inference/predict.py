"""Pictures or table rows → what a run says of them: top classes with probabilities, or numbers, batch by batch.

The run's own folder is enough: its data are not needed. Samples go through the transforms that the run's went through.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import nn

from netspec.data.batches import batch_to_device
from netspec.inference.readers import Pictures, Sample
from netspec.inference.results import Fault, Prediction
from netspec.inference.run_reader import RunInputs, source_of
from netspec.inference.stored_run import StoredRun
from netspec.inference.table_reader import Rows
from netspec.objective.losses import Head, as_tuple, heads_of
from netspec.objective.targets import probabilities
from netspec.training.devices import channels_last, device_for
from netspec.training.settings import read_settings

BATCH = 256
BATCH_BYTES = 2**28


@dataclass(frozen=True)
class Predictor:
    """A run made ready to predict: its model, how samples are read, and what its outputs mean."""

    classes: tuple[str, ...]
    model: nn.Module
    device: torch.device
    source: Pictures | Rows
    entrance: RunInputs
    head: Head
    channels_last: bool

    def stream(self, paths: Iterable[str], top: int) -> Iterator[Prediction | Fault]:
        """What is said of files, of all files in folders and of standard input (`-`), in their order.

        Memory holds one batch, however many there are.

        Args:
            paths: as typed.
            top: how many classes to name.
        """
        numbers = sum(prod(input.shape) for input in self.entrance.inputs)
        size = max(1, min(BATCH, BATCH_BYTES // (4 * numbers)))
        for chunk in self.entrance.batches(self.source.samples(paths), size):
            whole = [item for item in chunk if isinstance(item, Sample)]
            said = self._say(whole, top) if whole else iter(())
            for item in chunk:
                yield item if isinstance(item, Fault) else Prediction(item.file, item.row, **next(said))

    @torch.inference_mode()
    def _say(self, samples: list[Sample], top: int) -> Iterator[dict[str, Any]]:
        """What the main output of the network says of samples, one by one."""
        inputs = self.entrance.stack(samples, self.device)
        outputs = as_tuple(self.model(*(batch_to_device(x, self.device, self.channels_last) for x in inputs)))
        output = outputs[self.head.index].float().cpu()  # [B, *output]
        shares = probabilities(output, self.head.loss.name, self.head.last)
        for index in range(len(output)):
            if shares is not None and shares.ndim > 2:  # a class for each place
                yield {"values": tuple(shares[index].argmax(0).flatten().tolist())}
            elif shares is None:
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


def make_predictor(run: StoredRun, device: str | None = None, weights: str = "best") -> Predictor:
    """Load what is needed to predict with a run.

    Raises:
        SpecError: the run's spec, weights or the device cannot be used.
    """
    place = device_for(device)
    report = run.report
    head = heads_of(report, read_settings(run.spec).loss)[0]
    entrance = RunInputs(report)
    model, source = run.model(weights, place), source_of(run, entrance)
    layout = channels_last(model, report, place)
    return Predictor(run.info.classes, model, place, source, entrance, head, layout)
