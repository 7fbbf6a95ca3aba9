"""Files of pictures → Pictures: all are looked at before any is decoded, and each is decoded when it is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from PIL import Image

from netspec.core.tree import Node, Scalar
from netspec.data.picture_headers import Header, PictureError, decode, look_closely, suffixes
from netspec.data.pictures import Pictures, Reader
from netspec.data.split import LoadRequest
from netspec.runtime.diagnostics import Collector, counted, spec_error

MOST_PROBLEMS = 20  # files that are named
AT_ONCE = 64  # that are decoded in parallel
THREADS = 8
Read = TypeVar("Read")


def pictures_in(folder: Path) -> list[str]:
    """The pictures of a folder and the folders in it, sorted, as paths from it; hidden ones are left out."""
    endings, found = suffixes(), list[str]()
    for inner, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        own = Path(inner).relative_to(folder)
        found += [(own / n).as_posix() for n in sorted(files) if n.lower().endswith(endings) and n[0] != "."]
    return found


@dataclass
class PictureFiles:
    """Pictures as a dataset of torchvision's gives them.

    Args:
        root: the folder that the names start from.
        samples: the name of each, with its class, which is none.
    """

    root: Path
    samples: list[tuple[str, int]]

    def __getitem__(self, index: int) -> tuple[Image.Image, int]:
        return decode(self.root / self.samples[index][0]), 0


class Dataset(Protocol):
    """Pictures by index; `samples` names them."""

    samples: list[tuple[str, int]]

    def __getitem__(self, index: int) -> tuple[Image.Image, int]:
        """A picture, with a class that is none."""


class Problems:
    """Collects what is wrong with files, up to some of them, as located errors.

    Args:
        at: the node that they are about.
    """

    def __init__(self, at: Node) -> None:
        self._at, self._collector, self._count = at, Collector(), 0

    @property
    def few(self) -> bool:
        """Whether the next one is still named."""
        return self._count < MOST_PROBLEMS

    def add(self, message: str, *notes: tuple[str, str]) -> None:
        """Add one."""
        self._count += 1
        if self._count <= MOST_PROBLEMS:
            with self._collector.step():
                raise spec_error("NS601", message, self._at, *notes)

    def finish(self) -> None:
        """End.

        Raises:
            SpecError: NS601, of all.
        """
        if self._count > MOST_PROBLEMS:
            with self._collector.step():
                raise spec_error("NS601", f"{counted(self._count - MOST_PROBLEMS, 'more file')} are wrong", self._at)
        self._collector.finish()


def look_at(root: Path, names: Sequence[str], at: Node, what: str = "") -> list[Header]:
    """What all files say of themselves.

    Args:
        root: from which the names start.
        names: of the files.
        at: the node to point at.
        what: stands before the names in messages.

    Raises:
        SpecError: NS601, for each that is no picture, or cut short.
    """
    return look_at_each(((what + name, partial(look_closely, root / name)) for name in names), at)


def look_at_each(pictures: Iterable[tuple[str, Callable[[], Header]]], at: Node) -> list[Header]:
    """What all pictures say of themselves.

    Args:
        pictures: their names, and what looks at each and raises PictureError.
        at: the node to point at.

    Raises:
        SpecError: NS601, for each of which a PictureError was raised.
    """
    problems, found = Problems(at), list[Header]()
    for name, header in pictures:
        try:
            found.append(header())
        except PictureError as error:
            problems.add(f"{name} {error}")
    problems.finish()
    return found


def refuse_other_sizes(names: Sequence[str], headers: Sequence[Header], at: Node) -> None:
    """Refuse pictures that no transform brings to one size.

    Raises:
        SpecError: NS601, one has another size than the first.
    """
    for name, header in zip(names, headers, strict=True):
        if header[:2] != headers[0][:2]:
            what = f"{name} is {header.size}, {names[0]} is {headers[0].size}"
            raise spec_error("NS601", what, at, ("fix", "transforms: [{Resize: [H, W]}] makes them alike"))


def read_pictures(
    request: LoadRequest, root: Path, names: Sequence[str], headers: Sequence[Header], at: Scalar
) -> Pictures:
    """The pictures of files.

    Args:
        request: says the network's input, and the transforms that set the size.
        root: from which the names start.
        names: of the files.
        headers: of the files, as `look_at` gives them.
        at: the node to point at.

    Raises:
        SpecError: NS601, one has another size than the first, which no transform changes.
    """
    if request.shape is None:
        refuse_other_sizes(names, headers, at)
    return as_pictures(request, PictureFiles(root, [(name, 0) for name in names]), at)


def as_pictures(request: LoadRequest, dataset: Dataset, at: Scalar) -> Pictures:
    """The pictures of a dataset that was looked at, of which the first is decoded.

    Args:
        request, at: as of `read_pictures`.
        dataset: with a picture for each of its `samples`.

    Raises:
        SpecError: NS601, the first is damaged.
    """
    files = [(str(dataset.root / name), label) for name, label in dataset.samples if isinstance(dataset, PictureFiles)]
    reader = Reader(dataset, at, request.input.shape[:1] != (3,), request.shape, files)
    first, _, mode = reader(0)
    return Pictures(reader, mode, tuple(first.shape), first.dtype, torch.arange(len(dataset.samples)))


def in_parallel(function: Callable[[Any], Read], items: Iterable[Any]) -> Iterator[Read]:
    """The results of a function in order, some of them worked out at a time."""
    rest = iter(items)
    with ThreadPoolExecutor(min(THREADS, os.cpu_count() or 1)) as pool:
        while chunk := list(islice(rest, AT_ONCE)):
            yield from pool.map(function, chunk)
