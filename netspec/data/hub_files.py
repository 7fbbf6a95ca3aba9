"""Datasets of the library `datasets` by name, from its folders or from files → their splits, by name.

Nothing of a dataset is run: only files of data are read.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from netspec.core.files import PathRefused, resolve
from netspec.core.tree import Scalar
from netspec.data.picture_headers import PictureError
from netspec.data.split import (
    LoadRequest,
)
from netspec.data.tables.bounded import TooLarge, limit, refuse_parquet, refuse_wide
from netspec.runtime.diagnostics import spec_error

NAME = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?")
_FORMATS = {".parquet": "parquet", ".arrow": "arrow", ".jsonl": "json", ".csv": "csv"}
TEST_PARTS = ("validation", "valid", "val", "test")
REASONS = (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError, StopIteration, MemoryError)
MOST_TIMES = 100  # the size of a Parquet file that it may unpack to on the disk, however little memory there is


def read_splits(node: Scalar, request: LoadRequest, config: str | None, streaming: bool = False) -> dict[str, Any]:
    """The splits of a dataset, by name, as Dataset, or where they are streamed as IterableDataset."""
    import datasets

    text = str(node.value)
    try:
        path = resolve(node, request.folder)
        there = path.exists()
    except PathRefused as refused:
        raise spec_error("NS601", str(refused), node) from None
    try:
        with _quiet():
            if there:
                found = _local(path, request.memory, streaming)
            elif text.lower().endswith(tuple(_FORMATS)):
                raise spec_error("NS601", f"there is no file {path}", node)
            elif not NAME.fullmatch(text) or text in ("parquet", "arrow", "json", "csv", "text", "imagefolder"):
                raise spec_error("NS601", f"there is no file {path}, and {text!r} is no name on the hub", node)
            else:
                with _offline_where_there_is_no_hub():
                    found = datasets.load_dataset(text, config, streaming=streaming)
    except (PictureError, TooLarge) as error:
        raise spec_error("NS601", f"{text} {error}", node) from None
    except (*REASONS, datasets.exceptions.DatasetsError) as error:
        reason = reason_of(error)
        if there:
            raise spec_error("NS601", f"{path} cannot be read: {reason}", node) from None
        what = f"there is no file {path}, and the dataset {text} cannot be had from the hub: is there a connection?"
        advice = ("fix", "download it elsewhere, save_to_disk, and give its folder")
        raise spec_error("NS601", what, node, advice, ("datasets", reason)) from None
    parts = dict(found) if isinstance(found, dict) else {"train": found}
    if streaming:
        return {
            name: part.to_iterable_dataset() if isinstance(part, datasets.Dataset) else part
            for name, part in parts.items()
        }
    if not parts or not all(len(part) for part in parts.values()):
        parts = {name: part for name, part in parts.items() if len(part)}
    if not parts:
        raise spec_error("NS601", f"{text} holds no samples", node)
    return parts


def reason_of(error: BaseException) -> str:
    """The first line of what went wrong; `datasets` keeps the cause of some."""
    while error.__cause__ is not None:
        error = error.__cause__
    return (str(error).strip() or f"it holds nothing ({type(error).__name__})").splitlines()[0][:200]


def _local(path: Path, memory: int, streaming: bool) -> Any:
    import datasets

    for name in ("dataset_dict.json", "dataset_info.json", "state.json"):
        if (path / name).is_file():
            _require_json(path / name)
    if (path / "dataset_info.json").is_file() or (path / "dataset_dict.json").is_file():
        for file in (*path.glob("*.arrow"), *path.glob("*/*.arrow")):
            refuse_wide(file)
        return datasets.load_from_disk(str(path))
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    by_kind = {kind: [str(file) for file in files if file.suffix == suffix] for suffix, kind in _FORMATS.items()}
    having = {kind: names for kind, names in by_kind.items() if names}
    if len(having) != 1:
        what = "holds files of several kinds" if having else "holds no .parquet, .arrow, .jsonl or .csv file"
        raise PictureError(what)
    ((kind, names),) = having.items()
    for name in names:
        refuse_wide(Path(name))
    for name in names if kind == "parquet" and not streaming else ():
        with contextlib.suppress(OSError, ValueError):  # which reading it says
            refuse_parquet(Path(name), max(limit(memory), MOST_TIMES * Path(name).stat().st_size))
    parts: dict[str, list[str]] = {}
    for name in names:
        word = re.split(r"[-_.]", Path(name).name)[0].lower()
        parts.setdefault(word if word in ("train", *TEST_PARTS) else "train", []).append(name)
    return datasets.load_dataset(kind, data_files=parts, streaming=streaming)


def _require_json(path: Path) -> None:
    """Refuse a description that is damaged.

    Raises:
        PictureError: it is no JSON.
    """
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        raise PictureError(f"cannot be read: {path.name} is damaged") from None


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without bars of progress."""
    import datasets

    shown = datasets.is_progress_bar_enabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if shown:
            datasets.enable_progress_bars()


@contextlib.contextmanager
def _offline_where_there_is_no_hub() -> Iterator[None]:
    """What was downloaded earlier is taken, and nothing waited for, where the hub's address cannot be found."""
    import datasets
    from huggingface_hub import constants

    try:
        socket.getaddrinfo(urlsplit(constants.ENDPOINT).hostname, 443)
        offline = False
    except OSError:
        offline = True
    before = constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE
    try:
        if offline:
            constants.HF_HUB_OFFLINE = datasets.config.HF_HUB_OFFLINE = True
        yield
    finally:
        constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE = before
