"""Samples for a run's network from files, folders and standard input.

Input: paths. Output: Samples, with targets from folder names or table cells, and a Fault for what cannot be used.
"""

from __future__ import annotations

import io
import math
import os
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import torch
from PIL import Image
from torch import nn

from netspec.core.diagnostics import SpecError
from netspec.core.names import closest, did_you_mean
from netspec.core.shapes import Shape
from netspec.data.pictures import picture_tensor
from netspec.data.transforms import Pipeline, to_float
from netspec.inference.results import Fault
from netspec.language.sections.losses import kind_of
from netspec.objective.targets import TargetError, prepare_targets
from netspec.runtime.diagnostics import counted

MOST_NAMED = 12  # classes that a message lists
MOST_CACHED = 4096  # words whose targets are cached: classes are few, measured numbers are not
STDIN = "-"
AT_ONCE = 64  # pictures that are decoded in parallel
THREADS = 8


@dataclass(frozen=True)
class Labels:
    """How words become a run's targets: the names of classes, else their numbers where no class is named by a number.

    Args:
        classes: their names; empty where the run's data have numbers alone.
        column: the target's name in a table.
        loss: its name.
        output: the output's sample shape.
    """

    classes: tuple[str, ...]
    column: str
    loss: str
    output: Shape
    _cache: dict[str, float | str] = field(default_factory=dict, repr=False)

    def read(self, word: str, number: float) -> float | str:
        """The target of a word, or the end of a sentence that begins with the word and says why it has none.

        Args:
            word: as written, without blanks around it.
            number: the word as a number; NaN where it is none.
        """
        found = self._cache.get(word)
        if found is None:
            found = self._read(word, number)
            if len(self._cache) < MOST_CACHED:
                self._cache[word] = found
        return found

    def batch(self, targets: list[float]) -> torch.Tensor:
        """Targets as the loss takes them: [B] or [B, *output].

        Raises:
            TargetError: the loss takes no single number for a sample.
        """
        return prepare_targets(torch.tensor(targets), self.loss, self.output)

    def _read(self, word: str, number: float) -> float | str:
        if word in self.classes:
            return float(self.classes.index(word))
        if self.classes:
            numbered = any(name.isdecimal() for name in self.classes)
            if numbered or not number.is_integer() or not 0 <= number < len(self.classes):
                names = ", ".join(self.classes[:MOST_NAMED]) + (", …" if len(self.classes) > MOST_NAMED else "")
                return f", which is no class of the run ({names}){did_you_mean(closest(word, list(self.classes)))}"
        if not math.isfinite(number):
            return ", which is no number" + (" of a class" if kind_of(self.loss) == "classes" else "")
        try:
            self.batch([number])
        except TargetError as error:
            return f": {error}"
        return number


@dataclass(frozen=True)
class Sample:
    """One sample.

    Args:
        file: from which it was read.
        row: of the table, counted from 1.
        x: the tensors [*input], one for each input.
        target: where it is to be scored.
        words: of a sentence that gets labels, with the place of each in its tokens.
    """

    file: str
    row: int | None
    x: tuple[torch.Tensor, ...]
    target: float | None = None
    words: tuple[tuple[str, int], ...] = ()


def expand(paths: Iterable[str], suffixes: Iterable[str], what: str) -> Iterator[str | Fault]:
    """The files at some paths; of a folder all below it with one of the suffixes, sorted, without hidden ones."""
    endings = tuple(suffixes)
    for path in paths:
        if path == STDIN or not os.path.isdir(path):  # noqa: PTH112 - a name too long is no folder, and no error here
            yield path
            continue
        empty = True
        for folder, folders, files in os.walk(path):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(files):
                if name.lower().endswith(endings) and not name.startswith("."):
                    empty = False
                    yield str(Path(folder, name))
        if empty:
            yield Fault(path, None, f"the folder holds no {what}")


def expand_classes(paths: Iterable[str], labels: Labels) -> Iterator[tuple[str | Fault, float | None]]:
    """The pictures of folders that hold a folder for each class, as torchvision's ImageFolder wants them.

    Yields:
        Each picture, sorted, with its target; a Fault for what has no class.
    """
    suffixes = picture_suffixes()
    for path in paths:
        root = Path(path)
        if path == STDIN:
            yield Fault(path, None, "a picture from standard input has no class; give a folder of classes"), None
        elif not os.path.exists(path):  # noqa: PTH110 - as in `expand`
            yield Fault(path, None, "no such file", unreadable=True), None
        elif not root.is_dir():
            yield Fault(path, None, "has no class; give the folder that holds a folder for each class"), None
        else:
            entries = sorted(entry for entry in root.iterdir() if not entry.name.startswith("."))
            folders = [entry for entry in entries if entry.is_dir()]
            loose = sum(entry.name.lower().endswith(tuple(suffixes)) for entry in entries if not entry.is_dir())
            if loose:
                yield Fault(path, None, f"{counted(loose, 'picture')} in it, not in the folder of a class"), None
            elif not folders:
                yield Fault(path, None, "the folder holds no folder of a class"), None
            for folder in folders:
                target = labels.read(folder.name, float(folder.name) if folder.name.isdecimal() else math.nan)
                if isinstance(target, str):
                    yield Fault(str(folder), None, f"{folder.name!r}{target}"), None
                    continue
                yield from ((file, target) for file in expand([str(folder)], suffixes, "picture"))


def picture_suffixes() -> list[str]:
    """The endings of the files that PIL opens."""
    Image.init()
    return [suffix for suffix, kind in Image.registered_extensions().items() if kind in Image.OPEN]


@dataclass(frozen=True)
class PictureReader:
    """Reads pictures as the run's samples were read.

    Args:
        mode: `L` or `RGB`.
        stored: the shape [C, H, W] of the run's samples before its transforms, to which pictures are resized; None
            where they had none in common.
        pipeline: the run's transforms.
        labels: for the names of the folders that the pictures lie in; None: they need no targets.
    """

    mode: str
    stored: tuple[int, ...] | None
    pipeline: Pipeline
    labels: Labels | None = None

    def samples(self, paths: Iterable[str]) -> Iterator[Sample | Fault]:
        """The pictures, some of them decoded in parallel."""
        files: Iterator[tuple[str | Fault, float | None]]
        if self.labels is None:
            files = ((file, None) for file in expand(paths, picture_suffixes(), "picture"))
        else:
            files = expand_classes(paths, self.labels)
        with ThreadPoolExecutor(min(THREADS, os.cpu_count() or 1)) as pool:
            while chunk := list(islice(files, AT_ONCE)):
                yield from pool.map(self.read, *zip(*chunk, strict=True))

    def read(self, file: str | Fault, target: float | None = None) -> Sample | Fault:
        """One picture, ready for the network."""
        if isinstance(file, Fault):
            return file
        source: str | BinaryIO = io.BytesIO(sys.stdin.buffer.read()) if file == STDIN else file
        try:
            with Image.open(source) as picture:
                stored = picture_tensor(picture, self.mode)
        except FileNotFoundError:
            return Fault(file, None, "no such file", unreadable=True)
        except Exception as error:  # PIL raises many kinds for damaged files, and one for huge ones
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            without_name = reason.replace(f" {source!r}", "")  # which stands before it already
            return Fault(file, None, f"cannot be read as a picture: {without_name}")
        x = stored
        if self.stored and tuple(x.shape) != self.stored:
            size = [int(side) for side in self.stored[1:]]
            x = nn.functional.interpolate(to_float(x)[None], size=size, mode="bilinear", antialias=True)[0]
        try:
            return Sample(file, None, (self.pipeline.plain(x[None])[0],), target)
        except SpecError as error:  # of a transform that the picture is too small for, for example
            return Fault(file, None, error.diagnostics[0].message)
