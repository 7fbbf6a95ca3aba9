"""Samples from arrays in .npy, .npz, .safetensors and .pt files, beside what a run's reader reads otherwise.

Input: paths. Output: Samples, and a Fault for each file or row that cannot be used.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch

from netspec.core.diagnostics import SpecError
from netspec.core.names import closest, did_you_mean
from netspec.core.tree import Mapping, Scalar
from netspec.data.arrays import ArrayFile, as_tensor, channels_first, open_arrays
from netspec.data.saved_tensors import TORCH_SUFFIXES, ArrayError
from netspec.data.section import dataset_nodes
from netspec.data.storage import MOST_HELD
from netspec.data.transforms import Pipeline
from netspec.inference.readers import Labels, PictureReader, Sample
from netspec.inference.results import Fault
from netspec.inference.table_reader import TableReader
from netspec.inference.text_reader import TextReader
from netspec.language.spec import Spec

SUFFIXES = (".npy", ".npz", ".safetensors", *TORCH_SUFFIXES)
AT_ONCE = 256  # rows that are transformed together


@dataclass(frozen=True)
class ArrayNames:
    """What the arrays of a file are called.

    Args:
        inputs: of each of the network's inputs.
        target: to be scored.
    """

    inputs: tuple[str, ...]
    target: str = "y"


def array_names(spec: Spec, inputs: Iterable[str]) -> ArrayNames:
    """The names of the arrays of a run of `Arrays`; of other runs x, or the names of the inputs.

    Args:
        spec: of the run.
        inputs: the names of the network's inputs.
    """
    each = [*inputs]
    usual = ArrayNames(("x",) if len(each) == 1 else tuple(each))
    name, arguments = dataset_nodes(spec)
    if name.value != "Arrays" or not isinstance(arguments, Mapping):
        return usual
    x, y = arguments.get("x"), arguments.get("y")
    found = usual.inputs
    if isinstance(x, Mapping):
        written = {key.text: str(spec.evaluate(node)) for key, node in x}
        found = tuple(written.get(input, input) for input in each)
    elif isinstance(x, Scalar):
        found = (str(spec.evaluate(x)),)
    return ArrayNames(found, str(spec.evaluate(y)) if isinstance(y, Scalar) else "y")


@dataclass(frozen=True)
class ArrayReader:
    """Reads arrays, and all other files as the run's samples were read.

    Args:
        other: the reader of other files.
        names: of the arrays.
        shapes: of a sample, for each input.
        picture: whether samples are pictures, which go through `pipeline`.
        pipeline: the run's transforms.
        labels: for the targets; None: samples need none.
    """

    other: PictureReader | TableReader | TextReader
    names: ArrayNames
    shapes: tuple[tuple[int, ...], ...]
    picture: bool
    pipeline: Pipeline
    labels: Labels | None = None

    def samples(self, paths: Iterable[str]) -> Iterator[Sample | Fault]:
        """The samples of some paths, in their order."""
        for arrays, group in groupby(paths, lambda path: path.lower().endswith(SUFFIXES)):
            if not arrays:
                yield from self.other.samples(group)
                continue
            for path in group:
                yield from self._file(path)

    def _file(self, file: str) -> Iterator[Sample | Fault]:
        path = Path(file)
        if not path.is_file():
            yield Fault(file, None, "no such file", unreadable=True)
            return
        try:
            inputs, targets = self._arrays(path)
            if self.picture:
                inputs = (channels_first(inputs[0]),)
        except ArrayError as error:
            yield Fault(file, None, f": {error}")
            return
        for start in range(0, len(inputs[0]), AT_ONCE):
            try:
                parts = self._entering([x[start : start + AT_ONCE] for x in inputs])
            except SpecError as error:  # of a transform that the pictures are too small for, for example
                yield Fault(file, None, f": {error.diagnostics[0].message}")
                return
            for index, x in enumerate(zip(*parts, strict=True)):
                row = start + index
                target = None if targets is None else self._target(targets[row])
                if isinstance(target, str):
                    yield Fault(file, row + 1, f", the target {targets[row]!s:.40}{target}")
                elif not all(bool(each.isfinite().all()) for each in x):
                    yield Fault(file, row + 1, " holds something that is no finite number")
                else:
                    yield Sample(file, row + 1, x, target)

    def _entering(self, inputs: list[torch.Tensor]) -> list[torch.Tensor]:
        """Some rows as they enter the network."""
        if self.picture:
            return [self.pipeline.plain(inputs[0].contiguous())]
        return [
            x.float().reshape(-1, *shape) if math.prod(x.shape[1:]) == math.prod(shape) else x.float()
            for x, shape in zip(inputs, self.shapes, strict=True)
        ]

    def _arrays(self, path: Path) -> tuple[tuple[torch.Tensor, ...], Any]:
        """The arrays of the inputs, [N, …] each, and that of the targets."""
        if path.suffix.lower() == ".npy":
            if len(self.names.inputs) > 1 or self.labels is not None:
                wanted = ", ".join((*self.names.inputs, *([self.names.target] if self.labels else [])))
                raise ArrayError(
                    f"it is one array, and {wanted} are wanted: give a .npz file with arrays of these names"
                )
            file = ArrayFile(path, lambda name: np.load(path, mmap_mode="r", allow_pickle=False), self.names.inputs)
        else:
            file = open_arrays(path, MOST_HELD)
        names = self.names.inputs
        if len(names) == len(file.names) == 1:
            names = file.names
        inputs = tuple(as_tensor(self._named(file, name), MOST_HELD) for name in names)
        targets = None if self.labels is None else np.asarray(self._named(file, self.names.target))
        counts = {name: len(array) for name, array in zip(names, inputs, strict=True)}
        if targets is not None:
            counts[self.names.target] = len(targets)
        for name, count in counts.items():
            if count != len(inputs[0]):
                raise ArrayError(f"{names[0]} has {len(inputs[0])} samples, {name} has {count}")
        if targets is not None and targets.ndim != 1:
            raise ArrayError(f"{self.names.target} has {targets.ndim} axes, and files tell one target a sample")
        return inputs, targets

    @staticmethod
    def _named(file: ArrayFile, name: str) -> Any:
        if name not in file.names:
            there = ", ".join(file.names[:12]) or "none"
            raise ArrayError(f"it has no array {name!r}, but {there}{did_you_mean(closest(name, file.names))}")
        try:
            return file.read(name)
        except ArrayError:
            raise
        except Exception as error:  # NumPy, zipfile, zlib and safetensors raise many types for damaged files
            reason = "it holds Python objects, which are not read" if "pickle" in str(error) else str(error)
            raise ArrayError(f"{name} cannot be read: {reason.splitlines()[0] if reason else 'damaged'}") from None

    def _target(self, value: Any) -> float | str:
        """The number of a target, or why it has none."""
        assert self.labels is not None
        word = str(value)
        number = float(value) if isinstance(value, np.number | np.bool_) else math.nan
        if math.isfinite(number) and number.is_integer() and self.labels.classes and word not in self.labels.classes:
            in_range = 0 <= number < len(self.labels.classes)  # class numbers, of which the names are known
            return number if in_range else ", which is no class of the run"
        return self.labels.read(word, number)
