"""Pictures or table rows → what a run says of them: top classes with probabilities, or numbers.

The run's own folder is enough: its data are not needed. Samples go through the transforms that the run's went through.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import nn

from netspec.ground.reading import ReadError
from netspec.ground.shapes import Tensor, show
from netspec.ground.tree import Mapping
from netspec.runner.contract import network_ends
from netspec.runner.data import dataset_nodes
from netspec.runner.data_table import TableError, numbers, read_table
from netspec.runner.evaluate import LoadedRun, device_for
from netspec.runner.pictures import picture_tensor
from netspec.runner.pipeline import Pipeline, read_pipeline, to_float
from netspec.runner.problems import count
from netspec.runner.settings import read_settings
from netspec.runner.targets import probabilities
from netspec.stages.check import require

BATCH = 256


@dataclass(frozen=True)
class Prediction:
    """What is said of one sample: `classes` (name, probability), the likeliest first, or `values`.

    `row` is counted from 1; None for a picture.
    """

    file: str
    row: int | None = None
    classes: tuple[tuple[str, float], ...] = ()
    values: tuple[float, ...] = ()

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        content: dict[str, Any] = {"file": self.file, **({"row": self.row} if self.row is not None else {})}
        if self.classes:
            return {**content, "classes": [{"class": name, "probability": value} for name, value in self.classes]}
        return {**content, "values": list(self.values)}


@dataclass(frozen=True)
class Predictor:
    """A run made ready to predict: its model, transforms and meaning of the outputs."""

    run: LoadedRun
    model: nn.Module
    device: torch.device
    pipeline: Pipeline
    input: Tensor
    loss: str
    last: str
    separator: str = ","

    def file(self, path: str, top: int) -> list[Prediction]:
        """The predictions for one picture, or for each row of a table.

        Raises:
            ReadError: the file is missing, corrupt or does not fit the network.
        """
        if self.run.info.picture:
            samples = self._picture(path)[None]  # [1, C, H, W]
            return [Prediction(path, None, **said) for said in self._say(samples, top)]
        rows = self._rows(path)  # [N, columns]
        return [Prediction(path, index + 1, **said) for index, said in enumerate(self._say(rows, top))]

    def _picture(self, path: str) -> torch.Tensor:
        sample = self.run.info.sample
        channels = sample[0] if sample else 3
        try:
            with Image.open(path) as picture:
                stored = picture_tensor(picture, "L" if channels == 1 else "RGB")
        except FileNotFoundError:
            raise ReadError(f"{path}: no such file") from None
        except IsADirectoryError:
            raise ReadError(f"{path}: is a directory, not a picture") from None
        except Exception as error:  # PIL raises many kinds for damaged files, and one for huge ones
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ReadError(f"{path}: cannot be read as a picture: {reason}") from None
        x = to_float(stored)
        if sample and tuple(x.shape) != sample:  # the run's samples were all of one size
            size = [int(side) for side in sample[1:]]
            x = nn.functional.interpolate(x[None], size=size, mode="bilinear", antialias=True)[0]
        return self.pipeline.plain(x[None])[0]

    def _rows(self, path: str) -> torch.Tensor:
        columns = list(self.run.info.columns)
        try:
            frame = read_table(Path(path), separator=self.separator, known=columns)
            if set(columns) <= set(frame.columns):
                frame = frame[columns]  # in the run's order; what else stands in the file, the target say, is not used
            elif len(frame.columns) != len(columns):
                got = count(len(frame.columns), "column")
                names = ", ".join(columns[:12]) + (", …" if len(columns) > 12 else "")
                raise TableError(
                    f"it has {got}, the run was trained on {len(columns)}: {names}; give the file those columns, "
                    "in that order or named in its first row"
                )
            return numbers(frame, "write a number there, or name the columns in row 1 as the run does")
        except TableError as error:
            raise ReadError(f"{path}: {str(error).removeprefix(f'{path} ')}") from None

    @torch.inference_mode()
    def _say(self, samples: torch.Tensor, top: int) -> Iterator[dict[str, Any]]:
        """What the network gives for [N, *input], sample by sample."""
        if tuple(samples.shape[1:]) != self.input.shape:
            got, want = show(tuple(samples.shape[1:])), show(self.input.shape)
            raise ReadError(f"a sample is {got}, the network's input is {want}")
        x = samples.to(getattr(torch, self.input.dtype))
        for start in range(0, len(x), BATCH):
            output = self.model(x[start : start + BATCH].to(self.device)).float().cpu()  # [B, *output]
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
        names = self.run.info.classes
        values, indexes = shares.topk(min(top, len(shares)))
        known = len(names) == len(shares)
        return tuple(
            (names[index] if known else str(index), round(value, 6))
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
    loss = read_settings(run.spec).loss.name
    _, arguments = dataset_nodes(run.spec)
    separator = arguments.get("separator") if isinstance(arguments, Mapping) else None
    between = str(run.spec.evaluate(separator)) if separator is not None else ","
    return Predictor(run, run.model(weights, place), place, read_pipeline(run.spec), input, loss, last, between)


def as_text(predictions: Sequence[Prediction]) -> str:
    """One line a sample: `five.png  5 99.2 %  3 0.5 %`."""
    lines = []
    for said in predictions:
        place = said.file if said.row is None else f"{said.file}:{said.row}"
        classes = "  ".join(f"{name} {share:.1%}" for name, share in said.classes)
        lines.append(f"{place}  {classes or '  '.join(f'{value:.6g}' for value in said.values)}")
    return "\n".join(lines)
