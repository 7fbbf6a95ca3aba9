"""A folder of pictures and one of masks → LoadedData: uint8 or float [N, C, H, W], and masks uint8 [N, H, W].

The numbers of a mask become the indexes of classes, and IGNORED where a pixel does not count. All masks are read
before training, as only their pixels tell whether they are right; where they take more memory than allowed they lie
in a temporary file, which is gone when the process ends.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torchvision import tv_tensors

from netspec.core.files import PathRefused, ReadError, read_text, resolve
from netspec.core.names import closest, did_you_mean
from netspec.core.tree import Node, Scalar
from netspec.data.picture_files import Problems, in_parallel, look_at, pictures_in, read_pictures
from netspec.data.picture_headers import Header, PictureError, decode
from netspec.data.split import LoadedData, LoadRequest, Target, all_of, own_arguments
from netspec.language.sections.picture_keys import IGNORED, SEGMENTATION_KEYS, mask_classes
from netspec.runtime.diagnostics import spec_error

MOST_NAMES = 8_000_000  # bytes of a file with names
Array = np.ndarray[Any, Any]


def load(request: LoadRequest) -> LoadedData:
    """`{Segmentation: {pictures: photos, masks: masks, classes: [ground, road]}}`.

    Raises:
        SpecError: NS601, a picture has no mask, or one of another size, or a file cannot be used.
    """
    given = own_arguments(request, *(key.name for key in SEGMENTATION_KEYS))
    (pictures, root), (masks, mask_root) = (_folder(request, name) for name in ("pictures", "masks"))
    names, mask_names = _pairs(request, root, mask_root, str(given.get("suffix", "")), pictures, masks)
    headers, mask_headers = look_at(root, names, pictures), look_at(mask_root, mask_names, masks, "the mask ")
    problems = Problems(masks)
    for name, mask, one, other in zip(names, mask_names, headers, mask_headers, strict=True):
        if one[:2] != other[:2]:
            problems.add(f"the mask {mask} is {other.size}, its picture {name} is {one.size}")
    problems.finish()
    written, ignore = mask_classes(given.get("classes")), given.get("ignore", IGNORED)
    classes = _Classes(written, ignore if isinstance(ignore, int) else IGNORED)
    samples = read_pictures(request, root, names, headers, pictures)
    targets = _read_masks(request, mask_root, mask_names, mask_headers, classes, masks)
    target = Target(classes=tuple((written or {}).values()), ignore=IGNORED)
    split = all_of(samples, targets, names)
    return LoadedData(split, targets=(target,), picture=True, shaped=request.shape is not None)


def _folder(request: LoadRequest, key: str) -> tuple[Scalar, Path]:
    node = request.argument(key)
    if not isinstance(node, Scalar):
        raise spec_error("NS203", f"Segmentation needs {key}, a folder", node or request.name)
    path = _path(node, request)
    if not path.is_dir():
        what = f"{node.text} is a file, not a folder" if path.exists() else f"there is no folder {path}"
        raise spec_error("NS601", what, node)
    return node, path


def _path(node: Scalar, request: LoadRequest) -> Path:
    try:
        return resolve(node, request.folder)
    except PathRefused as refused:
        raise spec_error("NS601", str(refused), node) from None


def _pairs(
    request: LoadRequest, root: Path, mask_root: Path, suffix: str, pictures: Node, masks: Node
) -> tuple[list[str], list[str]]:
    """The names of pictures, and those of their masks."""
    by_stem, mask_by_stem = _by_stem(root, pictures), _by_stem(mask_root, masks)
    wanted, at = [*by_stem], pictures
    node = request.argument("names")
    if isinstance(node, Scalar):
        wanted, at = _listed(_path(node, request), node), node
    if not wanted:
        raise spec_error("NS601", f"{root} holds no pictures" if at is pictures else "it names no picture", at)
    problems = Problems(at)
    for stem in wanted:
        if stem not in by_stem:
            problems.add(f"there is no picture {stem} in {root}{did_you_mean(closest(stem, by_stem))}")
        elif stem + suffix not in mask_by_stem:
            near = closest(stem, mask_by_stem) if problems.few else []
            common = suffix or _suffix(by_stem, mask_by_stem)
            notes = [("fix", f"suffix: {common}")] if common != suffix else []
            if not notes and node is None:
                notes = [("fix", "names: FILE, with the names of those that have one, one a line")]
            what = f"the picture {by_stem[stem]} has no mask {stem}{suffix} in {mask_root}{did_you_mean(near)}"
            problems.add(what, *notes)
    problems.finish()
    return [by_stem[stem] for stem in wanted], [mask_by_stem[stem + suffix] for stem in wanted]


def _by_stem(root: Path, at: Node) -> dict[str, str]:
    """The files of a folder by their paths in it, without suffix."""
    found: dict[str, str] = {}
    for name in pictures_in(root):
        stem = name.rpartition(".")[0]
        if stem in found:
            raise spec_error("NS601", f"{found[stem]} and {name} have one name", at)
        found[stem] = name
    return found


def _suffix(pictures: dict[str, str], masks: dict[str, str]) -> str:
    """What the masks' names have behind those of their pictures, where it is one text for most of them."""
    stems = sorted(pictures)[:200]
    found = Counter(mask.removeprefix(stem) for stem in stems for mask in masks if mask.startswith(stem))
    common = found.most_common(1)
    return common[0][0] if common and common[0][1] > len(stems) / 2 else ""


def _listed(path: Path, node: Scalar) -> list[str]:
    try:
        lines = read_text(path, "list of names", MOST_NAMES).splitlines()
    except ReadError as error:
        raise spec_error("NS601", str(error), node) from None
    return [*dict.fromkeys(line.strip() for line in lines if line.strip())]


class _Classes:
    """The numbers of masks → the indexes of classes.

    Args:
        written: the classes by their numbers; None: each number is its own index.
        ignore: the number of pixels that do not count.
    """

    def __init__(self, written: dict[int, str] | None, ignore: int) -> None:
        numbers = {n: n for n in range(IGNORED) if n != ignore}
        if written:
            numbers = {number: index for index, number in enumerate(written)}
        self.known = {ignore: IGNORED, **numbers}
        self.table = np.full(65536, -1, np.int16)
        self.table[[*self.known]] = [*self.known.values()]
        self.listed = ", ".join(map(str, [*numbers][:12])) + (", …" if len(numbers) > 12 else "") if written else ""

    def indexes(self, mask: Array) -> Array:
        """The classes [H, W] of a mask.

        Raises:
            PictureError: it has a number of no class.
        """
        outside = (mask < 0) | (mask >= len(self.table))
        found = np.where(outside, -1, self.table[np.where(outside, 0, mask)])
        if (found < 0).any():
            row, column = np.argwhere(found < 0)[0]
            classes = f"the numbers of the classes are {self.listed}" if self.listed else "classes are 0 to 254"
            raise PictureError(f"holds {mask[row, column]} in row {row + 1}, column {column + 1}; {classes}")
        return found.astype(np.uint8)


def mask_numbers(picture: Image.Image) -> Array:
    """The numbers [H, W] of a mask: grey values, indexes of a palette, or grey in three channels.

    Raises:
        PictureError: it is in colour.
    """
    numbers = np.array(picture)
    if picture.mode in ("RGB", "RGBA") and (numbers[..., :1] == numbers[..., 1:3]).all():
        return np.ascontiguousarray(numbers[..., 0])
    if numbers.ndim != 2 or numbers.dtype.kind not in "bui":
        raise PictureError(f"is no mask but a picture in {picture.mode}: a mask has one whole number a pixel")
    return numbers.astype(np.int64) if numbers.dtype.kind == "b" else numbers


def _read_masks(
    request: LoadRequest, root: Path, names: list[str], headers: list[Header], classes: _Classes, at: Scalar
) -> torch.Tensor:
    """The masks, uint8 [N, H, W], after the transforms that set the size."""

    def one(name: str) -> torch.Tensor | PictureError:
        try:
            mask = torch.from_numpy(classes.indexes(mask_numbers(decode(root / name))))
        except PictureError as error:
            return error
        if request.shape is None:
            return mask
        shaped = request.shape(tv_tensors.Mask(mask))
        return shaped.as_subclass(torch.Tensor)

    problems, found = Problems(at), torch.empty(0)
    for index, mask in enumerate(in_parallel(one, names)):
        if isinstance(mask, PictureError):
            problems.add(f"the mask {names[index]} {mask}", *_advice(mask, classes))
            continue
        if not found.ndim or found.shape[1:] != mask.shape:
            if found.ndim > 1:
                raise spec_error("NS601", f"the mask {names[index]} has another size than the first, transformed", at)
            found = _room((len(names), *mask.shape), request.memory)
        found[index] = mask
    problems.finish()
    return found


def _advice(error: PictureError, classes: _Classes) -> list[tuple[str, str]]:
    if classes.listed == "0, 1" and "holds 255" in str(error):
        return [("fix", "classes: {0: …, 255: …}")]
    return []


def _room(shape: tuple[int, ...], memory: int) -> torch.Tensor:
    """Room for masks: in memory, or in a temporary file that has no name."""
    if int(np.prod(shape)) <= memory:
        return torch.empty(shape, dtype=torch.uint8)
    with tempfile.TemporaryFile() as file:
        return torch.from_numpy(np.memmap(file, np.uint8, "w+", shape=shape))
