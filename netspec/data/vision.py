"""torchvision's classification datasets by name → LoadedData: uint8 pictures [N, C, H, W] and class indexes [N]."""

from __future__ import annotations

import contextlib
import os
import pickle
import re
import sys
import urllib.error
from collections import Counter
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torchvision.datasets import DatasetFolder
from torchvision.datasets.folder import default_loader

from netspec.core.diagnostics import SpecError
from netspec.core.files import PathRefused, resolve
from netspec.core.tree import Mapping, Node, Scalar
from netspec.data.picture_files import look_at, refuse_other_sizes
from netspec.data.pictures import Pictures, Reader, labels
from netspec.data.split import LoadedData, LoadRequest, Split, Target, all_of
from netspec.language.sections.class_families import DATASET
from netspec.runtime.diagnostics import spec_error, torch_says
from netspec.runtime.registry import Choice, choose, parameters

_TEST_PARTS = ("val", "valid", "test")
_FOLDERS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "val"}


def default_root() -> Path:
    """The folder of datasets without `root`: $NETSPEC_DATA, else `netspec/data` in the user's cache folder."""
    if chosen := os.environ.get("NETSPEC_DATA"):
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "netspec" / "data"


def load(request: LoadRequest) -> LoadedData:
    """A dataset of torchvision: its training part, and its validation or test part, if `request.parts`.

    Raises:
        SpecError: NS601, it is missing or cannot be read; NS605 for arguments.
    """
    choice = _choose(request)
    known = parameters(choice.cls)
    if choice.name == "ImageFolder":
        _refuse_other_folders(choice)
        parts = _folders(Path(choice.kwargs["root"]))
        if parts:
            return _two_parts(request, choice, {"root": parts["train"]}, [{"root": parts["val"]}])
    elif "train" in known and "train" not in choice.kwargs:
        return _two_parts(request, choice, {"train": True}, [{"train": False}])
    elif "background" in known and "background" not in choice.kwargs:
        return _two_parts(request, choice, {"background": True}, [])  # Omniglot's other alphabets are other classes
    elif "split" in known and "split" not in choice.kwargs and known["split"].default is not known["split"].empty:
        return _two_parts(request, choice, {}, [{"split": part} for part in _TEST_PARTS])
    return _read(request, choice, _open(choice))


def preview(request: LoadRequest) -> None:
    """Check a dataset's arguments and files, without a download and without a picture.

    Raises:
        SpecError: as `load`.
    """
    choice = _choose(request)
    if not choice.kwargs.get("download"):
        _open(choice)


def _choose(request: LoadRequest) -> Choice:
    def convert(name: str, value: object, node: Node) -> object:
        if name != "root":
            return tuple(value) if isinstance(value, list) else value
        try:
            return str(resolve(node, request.folder)) if isinstance(node, Scalar) else value
        except PathRefused as refused:
            raise spec_error("NS601", str(refused), node) from None

    arguments = request.arguments
    node = request.name if arguments is None else Mapping(((request.name, arguments),), request.name.span)
    choice = choose(node, DATASET, request.evaluate, convert)
    if "root" not in parameters(choice.cls) or "root" in choice.kwargs or choice.name == "FakeData":
        return choice
    return replace(choice, kwargs={**choice.kwargs, "root": str(default_root())})


def _folders(root: Path) -> dict[str, str] | None:
    """The folders `train` and `val` (or `valid`, `test`) of a root that has no other folders."""
    if not root.is_dir():
        return None
    found = {_FOLDERS.get(entry.name.lower()): str(entry) for entry in sorted(root.iterdir()) if entry.is_dir()}
    return {str(key): path for key, path in found.items()} if set(found) == {"train", "val"} else None


_SOUND = frozenset([".wav", ".mp3", ".flac", ".ogg", ".m4a", ".aac", ".aiff", ".opus"])
_MASKS = re.compile(r"mask|label|annot|segm|ground_?truth|^gt", re.IGNORECASE)
MOST_LOOKED_AT = 10_000  # files


def _refuse_other_folders(choice: Choice) -> None:
    """Refuse folders that are none of classes, and say what to write for them.

    Raises:
        SpecError: NS601, there are files of sound, or pictures beside their masks.
    """
    root, at = Path(choice.kwargs["root"]), choice.argument_nodes.get("root", choice.node)
    if not root.is_dir():
        return
    files = [path for path in islice(root.rglob("*"), MOST_LOOKED_AT) if path.suffix]
    kinds = Counter(path.suffix.lower() for path in files)
    sound = sum(kinds[suffix] for suffix in _SOUND)
    if sound and sound == sum(kinds.values()):
        suffix = next(suffix for suffix, _ in kinds.most_common() if suffix in _SOUND)
        advice = "Arrays: FILE.npz with samples [N, time] or spectrograms [N, 1, bands, time], made of them"
        what = f"{root} holds {suffix} files: sound, and ImageFolder reads pictures"
        raise spec_error("NS601", what, at, ("fix", advice))
    folders = sorted(path.name for path in root.iterdir() if path.is_dir())
    masks = [name for name in folders if _MASKS.search(name)]
    if len(folders) != 2 or len(masks) != 1:
        return
    pictures = next(name for name in folders if name not in masks)
    stems = [{path.stem for path in files if path.parent == root / name} for name in (pictures, masks[0])]
    if stems[0] and len(stems[0] & stems[1]) > len(stems[0]) / 2:
        what = f"{root} holds pictures and their masks, and ImageFolder takes each of its folders for a class"
        base = str(at.value) if isinstance(at, Scalar) and at is not choice.node else root.name
        advice = f"Segmentation: {{pictures: {base}/{pictures}, masks: {base}/{masks[0]}}}"
        raise spec_error("NS601", what, at, ("fix", advice))


def _two_parts(request: LoadRequest, choice: Choice, train: dict[str, Any], tests: list[dict[str, Any]]) -> LoadedData:
    """The training part, with the first of `tests` that the dataset has."""
    loaded = _read(request, choice, _open(choice, **train))
    for part in tests if request.parts else []:
        try:
            dataset = _open(choice, **part)
        except SpecError as error:
            if "split" in part and error.diagnostics[0].code == "NS605":
                continue  # this dataset has another name for it
            raise
        return replace(loaded, test=_read(request, choice, dataset).whole)
    return loaded


def _open(choice: Choice, **more: Any) -> Any:
    """The dataset, constructed.

    Raises:
        SpecError: NS601 or NS605, for whatever the constructor raises, with a fix.
    """
    root = choice.kwargs.get("root")
    try:
        with contextlib.redirect_stdout(sys.stderr):  # some print while they download
            return choice.cls(**{**choice.kwargs, **more})
    except (TypeError, ValueError) as error:
        raise choice.refuse(error) from error
    except Exception as error:
        text = str(error)
        wants_download = bool(choice.kwargs.get("download"))
        if wants_download and (
            "download" in text.lower() or isinstance(error, urllib.error.URLError | ConnectionError | TimeoutError)
        ):
            what = f"{choice.name} cannot be downloaded to {root}: is there a connection?"
            advice = f"put the files there yourself, or --set data.{choice.name}.root=FOLDER where they are"
        elif isinstance(error, OSError | RuntimeError | pickle.UnpicklingError):
            what = f"{choice.name} is not in {root}"
            advice = f"--set data.{choice.name}.root=FOLDER where it is"
            if "download" in parameters(choice.cls) and not wants_download:
                advice = f"download: true fetches it, or {advice}"
        else:
            what, advice = f"{choice.name} cannot be read", f"look at the files in {root}"
        at = choice.argument_nodes.get("root", choice.node)
        raise spec_error("NS601", what, at, ("fix", advice), torch_says(error)) from error


def _read(request: LoadRequest, choice: Choice, dataset: Any) -> LoadedData:
    """All samples of a dataset: from its arrays where it has them, else one by one."""
    arrays = _arrays(dataset)
    split, shaped = (arrays, False) if arrays else _one_by_one(request, choice, dataset)
    classes = getattr(dataset, "classes", None) or getattr(dataset, "categories", None) or ()
    if choice.name == "FakeData":
        classes = range(dataset.num_classes)
    names = tuple(", ".join(name) if isinstance(name, tuple | list) else str(name) for name in classes)
    files = _files(dataset, choice.kwargs.get("root"), len(split))
    return LoadedData(replace(split, files=files), targets=(Target(classes=names),), picture=True, shaped=shaped)


def _files(dataset: Any, root: object, count: int) -> tuple[str, ...]:
    """The files of a dataset that lists them, from its folder."""
    listed = getattr(dataset, "samples", None)
    if not isinstance(listed, list) or len(listed) != count:
        return ()
    base = os.path.join(str(root), "")  # noqa: PTH118 - pathlib takes seconds for many files
    return tuple(str(entry[0] if isinstance(entry, tuple | list) else entry).removeprefix(base) for entry in listed)


def _arrays(dataset: Any) -> Split | None:
    """The arrays of a dataset that has them, as uint8 [N, C, H, W] and int64 [N]."""
    data, labels = getattr(dataset, "data", None), getattr(dataset, "targets", getattr(dataset, "labels", None))
    if not isinstance(data, np.ndarray | torch.Tensor) or labels is None:
        return None
    pictures, targets = torch.as_tensor(data), torch.as_tensor(np.asarray(labels))
    if pictures.dtype != torch.uint8 or pictures.ndim not in (3, 4) or targets.ndim != 1:
        return None
    if pictures.ndim == 3:
        pictures = pictures[:, None]  # [N, H, W] → [N, 1, H, W]
    elif pictures.shape[1] not in (1, 3):
        pictures = pictures.permute(0, 3, 1, 2).contiguous()  # [N, H, W, C] → [N, C, H, W]
    return all_of(pictures, targets.long())


def _one_by_one(request: LoadRequest, choice: Choice, dataset: Any) -> tuple[Split, bool]:
    """The samples of a dataset without arrays; transforms that set the size are applied to each.

    Files are looked at, and decoded when they are asked for. Of other datasets every sample is decoded, if memory
    holds them.
    """
    try:
        count = len(dataset)
    except TypeError as error:  # FakeData accepts any size
        raise choice.refuse(error) from error
    if not count:
        raise spec_error("NS601", f"{choice.name} holds no samples", choice.node)
    folders = isinstance(dataset, DatasetFolder) and dataset.loader is default_loader
    files = dataset.samples if folders and dataset.transform is None and dataset.target_transform is None else ()
    read = Reader(dataset, choice.node, request.input.shape[:1] != (3,), request.shape, files)
    shaped = bool(request.shape)
    if files:
        names = _files(dataset, dataset.root, count)
        headers = look_at(Path(dataset.root), names, choice.node)
        if not shaped:
            refuse_other_sizes(names, headers, choice.node)
    first, label, mode = read(0)
    like = tuple(first.shape)
    if files or first.nbytes * count > request.memory:
        pictures = Pictures(read, mode, like, first.dtype, torch.arange(count))
        return all_of(pictures, torch.tensor([y for _, y in files]) if files else labels(read, count)), shaped
    inputs, targets = first.new_empty((count, *like)), torch.empty(count, dtype=torch.int64)
    inputs[0], targets[0] = first, label
    for index in range(1, count):
        inputs[index], targets[index], _ = read(index, mode, like)
    return all_of(inputs, targets), shaped
