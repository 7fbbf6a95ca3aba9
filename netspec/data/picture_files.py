"""Files of pictures → pictures: looked at before any is decoded, then in memory, or on the disk where they are many.

A file is refused, by its name, where it is missing, no picture, cut short, or of more pixels than a picture has. Only
formats that PIL decodes by itself are opened: others start programs, as EPS does.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

import torch
from PIL import Image, UnidentifiedImageError

from netspec.core.diagnostics import SpecError
from netspec.core.tree import Node, Scalar
from netspec.data.pictures import Pictures, Reader
from netspec.data.split import LoadRequest
from netspec.runtime.diagnostics import Collector, counted, spec_error

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM", "JPEG2000", "TGA")
MOST_PIXELS = Image.MAX_IMAGE_PIXELS or 89_478_485
MOST_PROBLEMS = 20  # files that are named
AT_ONCE = 64  # that are decoded in parallel
THREADS = 8
_ENDS = {"JPEG": b"\xff\xd9", "MPO": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82", "GIF": b"\x3b"}
Read = TypeVar("Read")


class PictureError(Exception):
    """Why a file cannot be used; the message is the end of a sentence that begins with its name."""


class Header(NamedTuple):
    """What the first bytes of a picture say."""

    width: int
    height: int
    mode: str
    format: str

    @property
    def size(self) -> str:
        """`640×480`."""
        return f"{self.width}×{self.height}"


def look(source: Path | bytes) -> Header:
    """What a file, or its bytes, say of the picture in it, which is not decoded.

    Raises:
        PictureError: it is missing or no picture that could be decoded.
    """
    if isinstance(source, Path) and not source.is_file():
        raise PictureError("is no file" if source.exists() else "is not there")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(_readable(source), formats=FORMATS) as picture:
                found = Header(*picture.size, picture.mode, picture.format or "")
    except Image.DecompressionBombError:
        raise PictureError(f"has more than {MOST_PIXELS:,} pixels") from None
    except UnidentifiedImageError:
        size = source.stat().st_size if isinstance(source, Path) else len(source)
        raise PictureError("is no picture" if size else "is empty") from None
    except Exception as error:  # PIL raises many types for damaged files
        raise PictureError(f"cannot be read: {_line(error)}") from None
    if found.width * found.height > MOST_PIXELS:
        raise PictureError(f"is {found.size}, which is more than {MOST_PIXELS:,} pixels")
    return found


def _readable(source: Path | bytes) -> Path | BytesIO:
    return BytesIO(source) if isinstance(source, bytes) else source


def decode(source: Path | bytes) -> Image.Image:
    """A picture, once `look` has found nothing wrong with it.

    Raises:
        PictureError: it is damaged.
    """
    try:
        with Image.open(_readable(source), formats=FORMATS) as picture:
            picture.load()
            return picture
    except Exception as error:  # PIL raises many types for damaged files
        raise PictureError(f"cannot be read: {_line(error)}") from None


def whole(path: Path, header: Header) -> None:
    """Look whether a file has the end that its format has; one without it is decoded, to see whether it can be.

    Raises:
        PictureError: it is damaged.
    """
    end = _ENDS.get(header.format)
    with path.open("rb") as file:
        file.seek(-min(path.stat().st_size, 32), os.SEEK_END)
        if end is not None and file.read().rstrip(b"\0").endswith(end):
            return
    decode(path)


def suffixes() -> tuple[str, ...]:
    """The endings of the files that are opened."""
    Image.init()
    return tuple(suffix for suffix, kind in Image.registered_extensions().items() if kind in FORMATS)


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


def look_at(root: Path, names: Sequence[str], at: Node) -> list[Header]:
    """What all files say of themselves.

    Raises:
        SpecError: NS601, for each that is no picture.
    """
    problems, found = Problems(at), list[Header]()
    for name in names:
        try:
            found.append(look(root / name))
        except PictureError as error:
            problems.add(f"{name} {error}")
    problems.finish()
    return found


def read_pictures(
    request: LoadRequest, root: Path, names: Sequence[str], headers: Sequence[Header], at: Scalar
) -> torch.Tensor | Pictures:
    """The pictures of files: in memory, [N, C, H, W], or on the disk where they take more than is allowed.

    Args:
        request: says the network's input, the transforms that set the size, and the memory.
        root: from which the names start.
        names: of the files.
        headers: of the files, as `look_at` gives them.
        at: the node to point at.

    Raises:
        SpecError: NS601, one is damaged, or has another size than the first, which no transform changes.
    """
    for name, header in zip(names, headers, strict=True):
        if request.shape is None and header[:2] != headers[0][:2]:
            what = f"{name} is {header.size}, {names[0]} is {headers[0].size}"
            raise spec_error("NS601", what, at, ("fix", "transforms: [{Resize: [H, W]}] makes them alike"))

    def finish() -> None:
        problems = Problems(at)
        for name, header in zip(names, headers, strict=True):
            try:
                whole(root / name, header)
            except PictureError as error:
                problems.add(f"{name} {error}")
        problems.finish()

    return collect(request, PictureFiles(root, [(name, 0) for name in names]), at, finish)


def collect(
    request: LoadRequest, dataset: Dataset, at: Scalar, look_again: Callable[[], None] = lambda: None
) -> torch.Tensor | Pictures:
    """The pictures of a dataset: in memory, [N, C, H, W], or where they are, if they take more than is allowed.

    Args:
        request, at: as of `read_pictures`.
        dataset: with a picture for each of its `samples`.
        look_again: what is checked of pictures that are not decoded yet.

    Raises:
        SpecError: as `read_pictures`.
    """
    count = len(dataset.samples)
    reader = Reader(dataset, at, request.input.shape[:1] != (3,), request.shape)
    first, _, mode = reader(0)
    like = tuple(first.shape)
    if first.nbytes * count > request.memory:
        look_again()
        return Pictures(reader, mode, like, first.dtype, torch.arange(count))
    found = first.new_empty((count, *like))

    def one(index: int) -> torch.Tensor | SpecError:
        try:
            return reader(index, mode, like)[0]
        except SpecError as error:
            return error

    collector = Collector()
    for index, picture in enumerate(in_parallel(one, range(count))):
        if isinstance(picture, SpecError):
            collector.found.extend(picture.diagnostics if len(collector.found) < MOST_PROBLEMS else ())
        else:
            found[index] = picture
    collector.finish()
    return found


def in_parallel(function: Callable[[Any], Read], items: Iterable[Any]) -> Iterator[Read]:
    """The results of a function in order, some of them worked out at a time."""
    rest = iter(items)
    with ThreadPoolExecutor(min(THREADS, os.cpu_count() or 1)) as pool:
        while chunk := list(islice(rest, AT_ONCE)):
            yield from pool.map(function, chunk)


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
