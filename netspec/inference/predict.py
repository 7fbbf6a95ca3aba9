"""Predictions of a run: top classes with probabilities, or numbers, batch by batch.

Input: a run's folder (its data are not needed), and pictures or tables. Output: Predictions, and a Fault for each file
or row that cannot be used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import torch
from torch import nn

from netspec.data.batches import batch_to_device
from netspec.data.transforms import read_pipeline
from netspec.inference.error_analysis import class_names
from netspec.inference.output_pictures import OutputPictures, is_mask, make_output_pictures
from netspec.inference.readers import Sample
from netspec.inference.results import Fault, Prediction
from netspec.inference.run_reader import InputBatcher, Reader, make_reader
from netspec.inference.stored_run import StoredRun
from netspec.language.sections.data_keys import reconstructs
from netspec.objective.losses import Head, as_tuple, heads_of
from netspec.objective.targets import probabilities
from netspec.objective.units import Unit
from netspec.training.devices import channels_last, device_for
from netspec.training.settings import read_settings

BATCH = 256  # samples, at most
BATCH_BYTES = 2**28  # of inputs, at most


@dataclass(frozen=True)
class Predictor:
    """What is needed to predict.

    Args:
        classes: their names, as far as the run has them.
        model: in evaluation mode, on the device.
        device: where it computes.
        reader: reads samples as the run's were read.
        batcher: makes batches as the network takes them.
        head: the main output.
        channels_last: whether batches [B, C, H, W] are laid out so.
        reconstruct: whether the output is trained to be the sample itself.
        pictures: writes outputs that are pictures; None: their numbers are given.
        unit: of the targets, where they were scaled for the loss.
        further: of the further outputs that the loss takes torch's name, their own name, and their index.
    """

    classes: tuple[str, ...]
    model: nn.Module
    device: torch.device
    reader: Reader
    batcher: InputBatcher
    head: Head
    channels_last: bool
    reconstruct: bool = False
    pictures: OutputPictures | None = None
    unit: Unit | None = None
    further: tuple[tuple[str, str, int], ...] = ()

    def stream(self, paths: Iterable[str], top: int) -> Iterator[Prediction | Fault]:
        """Predict files, all files in folders, and standard input (`-`), in their order, a batch at a time.

        Args:
            paths: as typed.
            top: how many classes to name.
        """
        numbers = sum(prod(input.shape) for input in self.batcher.inputs)
        size = max(1, min(BATCH, BATCH_BYTES // (4 * numbers)))
        for chunk in self.batcher.batches(self.reader.samples(paths), size):
            samples = [item for item in chunk if isinstance(item, Sample)]
            predicted = self._predict(samples, top) if samples else iter(())
            for item in chunk:
                yield item if isinstance(item, Fault) else Prediction(item.file, item.row, **next(predicted))

    @torch.inference_mode()
    def _predict(self, samples: list[Sample], top: int) -> Iterator[dict[str, Any]]:
        """The `classes`, `values` or `picture` that the network's main output has for each sample."""
        inputs = self.batcher.stack(samples, self.device)
        outputs = as_tuple(self.model(*(batch_to_device(x, self.device, self.channels_last) for x in inputs)))
        output = outputs[self.head.index].float().cpu()  # [B, *output]
        output = output if self.unit is None else self.unit.restored(output)
        kind = self.head.kind
        each = probabilities(output, self.head.loss.name, self.head.last)
        if each is not None and kind != "classes" and is_mask(kind, self.head.output.shape, self.reconstruct):
            each = (each.reshape(len(each), *each.shape[-2:]) > 0.5).long()  # [B, H, W], yes or no for each pixel
        elif each is not None and kind == "classes" and each.ndim > 2:
            each = each.argmax(1)  # [B, *size], a class for each pixel, or token
            if samples[0].words:
                yield from ({"labels": self._labels(*pair)} for pair in zip(samples, each, strict=True))
                return
        elif each is not None and not self.reconstruct:
            yield from ({"classes": self._top(one.flatten(), top)} for one in each)
            return
        others = [(name, self._further(key, outputs[index])) for key, name, index in self.further]
        for at, (sample, one) in enumerate(zip(samples, output if each is None else each, strict=True)):
            if self.pictures is None:
                further = tuple((name, tuple(values[at].flatten().tolist())) for name, values in others)
                yield {"values": tuple(one.flatten().tolist()), "further": further}
            else:
                yield {"picture": self.pictures.write(sample.file, sample.row, one)}

    def _further(self, key: str, output: torch.Tensor) -> torch.Tensor:
        """A further output [B, *output], of variances and others in the unit of the targets."""
        output = output.float().cpu()
        if self.unit is None:
            return output
        return self.unit.restored_variance(output) if key == "var" else self.unit.restored(output)

    def _labels(self, sample: Sample, classes: torch.Tensor) -> tuple[tuple[str, str], ...]:
        """The label of each word of a sentence, from the classes [length] of its tokens."""
        names = class_names(self.classes, int(classes.max()) + 1)
        return tuple((word, names[int(classes[place])]) for word, place in sample.words)

    def _top(self, each: torch.Tensor, top: int) -> tuple[tuple[str, float], ...]:
        """The likeliest classes of probabilities [C]; a single one is that of the second of two classes."""
        if len(each) == 1:
            each = torch.cat([1 - each, each])
        values, indexes = each.topk(min(top, len(each)))
        known = len(self.classes) == len(each)
        return tuple(
            (self.classes[index] if known else str(index), round(value, 6))
            for value, index in zip(values.tolist(), indexes.tolist(), strict=True)
        )


def make_predictor(
    run: StoredRun, device: str | None = None, weights: str = "best", pictures: Path | None = None
) -> Predictor:
    """Load what is needed to predict with a run.

    Args:
        run: whose network predicts.
        device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`; None: `auto`.
        weights: of the `best` or the `last` epoch.
        pictures: the folder for outputs that are pictures, as PNG files; None: their numbers are given.

    Raises:
        SpecError: the run's spec, weights or the device cannot be used; NS603, the outputs are no pictures.
    """
    target_device = device_for(device)
    report = run.report
    head = heads_of(report, read_settings(run.spec).loss)[0]
    batcher = InputBatcher(report)
    model, reader = run.model(weights, target_device), make_reader(run, batcher)
    layout = channels_last(model, report, target_device)
    own, writer = reconstructs(run.spec.data), None
    if pictures is not None:
        writer = make_output_pictures(pictures, read_pipeline(run.spec), head.kind, head.output.shape, own)
    scaled = run.info.unit
    unit = None if scaled is None else Unit(tuple(scaled["shift"]), tuple(scaled["scale"]))
    names = [*report.outputs]
    further = tuple((key, names[index], index) for key, index in head.further)
    return Predictor(run.info.classes, model, target_device, reader, batcher, head, layout, own, writer, unit, further)
