"""Datasets of the library `datasets`, by name or from local files → LoadedData.

Columns of plain values are a table, with all that tables have; a column of pictures, of lists or of arrays of numbers
is an input by itself. Samples are taken by their index, so that order and resumption are those of any other dataset.
Nothing of a dataset is run: only files of data are read, and pictures only where they lie in them.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
import torch
from PIL import Image

from netspec.core.files import PathRefused, resolve
from netspec.core.tree import Mapping, Node, Scalar, Sequence
from netspec.data.class_names import OtherClasses, numbered_as
from netspec.data.csv_table import read_frame
from netspec.data.hub_stream import USUAL_BUFFER, load_stream
from netspec.data.picture_files import AT_ONCE, Problems, as_pictures, look_at_each
from netspec.data.picture_headers import HEAD, TAIL, Header, PictureError, decode, look, look_at_ends
from netspec.data.pictures import Pictures
from netspec.data.split import (
    LoadedData,
    LoadRequest,
    Split,
    Target,
    by_input,
    by_output,
    numbered,
    own_arguments,
)
from netspec.data.tables.bounded import TooLarge, limit, refuse_bytes, refuse_parquet, refuse_wide
from netspec.language.sections.hub_keys import HUB_KEYS
from netspec.runtime.diagnostics import spec_error, unknown_name

if TYPE_CHECKING:
    import datasets

NAME = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?")
_FORMATS = {".parquet": "parquet", ".arrow": "arrow", ".jsonl": "json", ".csv": "csv"}
_TEST_PARTS = ("validation", "valid", "val", "test")
_REASONS = (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError, StopIteration, MemoryError)
MOST_TIMES = 100  # the size of a Parquet file that it may unpack to on the disk, however little memory there is
INSTALL = "pip install 'netspec[datasets]'"


def load(request: LoadRequest) -> LoadedData:
    """`{HuggingFace: {path: rows.parquet, target: label}}`, `{HuggingFace: mnist}`.

    Raises:
        SpecError: NS601, the dataset cannot be had, or a column of it is nothing that a network takes.
    """
    given: dict[str, Any] = {}
    node = request.arguments
    if not (isinstance(node, Scalar) and node.value is not None):
        given, node = own_arguments(request, *(key.name for key in HUB_KEYS)), request.argument("path")
    if not isinstance(node, Scalar):
        wants = "HuggingFace needs path, a folder or file, or a name on the hub"
        raise spec_error("NS203", wants, node or request.name)
    try:
        import datasets  # noqa: F401
    except ImportError:
        what = f"HuggingFace reads with the library datasets, which is not installed: {INSTALL}"
        raise spec_error("NS601", what, request.name) from None
    streaming = given.get("streaming") is True
    parts = _parts(node, request, given.get("config"), streaming)
    part = str(given.get("split", "train" if "train" in parts else next(iter(parts))))
    if part not in parts:
        at = request.argument("split") or node
        raise unknown_name("NS601", f"it has no split {part!r}; it has {', '.join(parts)}", at, part, [*parts])
    if streaming:
        return _streamed(request, node, parts, part, given.get("buffer", USUAL_BUFFER))
    loaded = _Columns(request, node, parts[part]).load()
    other = next((name for name in _TEST_PARTS if name in parts and name != part), None)
    if not request.parts or other is None:
        return loaded
    test = _Columns(replace(request, encodings=loaded.encodings), node, parts[other]).load()
    return _with_test(loaded, test, node, other, part)


def _streamed(request: LoadRequest, node: Scalar, parts: dict[str, Any], part: str, buffer: int) -> LoadedData:
    """The pictures of a split that are read while the network trains, and those of the split that validates."""
    other = next((name for name in _TEST_PARTS if name in parts and name != part), None)
    try:
        loaded = load_stream(request, node, parts[part], buffer)
        if not request.parts or other is None:
            return loaded
        return _with_test(loaded, load_stream(request, node, parts[other], buffer), node, other, part)
    except _REASONS as error:
        raise spec_error("NS601", f"{node.text} cannot be read: {_reason(error)}", node) from None


def _with_test(loaded: LoadedData, test: LoadedData, node: Scalar, other: str, part: str) -> LoadedData:
    """The training split with the one that validates, unless this has no labels."""
    targets = [y for y in test.whole.targets if isinstance(y, torch.Tensor)]
    if any(len(y) and not y.is_floating_point() and int(y.min()) < 0 for y in targets):  # a part without labels
        return loaded
    try:
        return replace(loaded, test=numbered_as(loaded.targets, test.targets, test.whole))
    except OtherClasses as error:
        raise spec_error("NS601", f"the split {other} has {error}", node, ("fix", "val: 0.2")) from None


def _parts(node: Scalar, request: LoadRequest, config: str | None, streaming: bool = False) -> dict[str, Any]:
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
    except (*_REASONS, datasets.exceptions.DatasetsError) as error:
        reason = _reason(error)
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


def _reason(error: BaseException) -> str:
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
        parts.setdefault(word if word in ("train", *_TEST_PARTS) else "train", []).append(name)
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


class _PictureColumn:
    """The pictures of a column, from their bytes in the dataset."""

    def __init__(self, dataset: datasets.Dataset, column: str) -> None:
        self.dataset, self.column = dataset, column
        self.samples = [(f"row {index + 1}", 0) for index in range(len(dataset))]

    def __getitem__(self, index: int) -> tuple[Image.Image, int]:
        data = _bytes(self.dataset[index][self.column])
        look(data)
        return decode(data), 0

    def look_at_all(self, node: Node) -> None:
        """Look at the first and last bytes of each.

        Raises:
            SpecError: NS601, for each that is no picture, or cut short.
        """
        look_at_each(
            ((name, partial(_look, cell)) for (name, _), cell in zip(self.samples, self._cells(), strict=True)), node
        )

    def _cells(self) -> Iterator[Any]:
        for start in range(0, len(self.samples), AT_ONCE):
            yield from self.dataset[start : start + AT_ONCE][self.column]


def _bytes(cell: Any) -> bytes:
    """The bytes of a picture in a cell.

    Raises:
        PictureError: there are none.
    """
    data = cell.get("bytes") if isinstance(cell, dict) else None
    if not isinstance(data, bytes):
        raise PictureError("holds no picture, but at most a path, which is not followed")
    return data


def _look(cell: Any) -> Header:
    data = _bytes(cell)
    return look_at_ends(data[:HEAD], data[-TAIL:], lambda: data)


class _Columns:
    """One split of a dataset, read by the features of its columns."""

    def __init__(self, request: LoadRequest, node: Scalar, dataset: datasets.Dataset) -> None:
        self.request, self.node, self.dataset = request, node, dataset
        self.features = {str(name): feature for name, feature in dataset.features.items()}

    def load(self) -> LoadedData:
        """The samples."""
        names = [*self.features]
        wanted = [(output, self._chosen(part)) for output, part in by_output(self.request.argument("target"))]
        if not wanted and not self.request.own_targets:
            wanted = [(None, "label" if "label" in names else names[-1])]
        used = {name for _, one in wanted for name in ([one] if isinstance(one, str) else one)}
        node = self.request.argument("columns")
        parts = [(input, self._chosen(part)) for input, part in by_input(node, self.request)]
        if not parts:
            parts = [(next(iter(self.request.inputs)), [name for name in names if name not in used])]
        each = [(input, [one] if isinstance(one, str) else one) for input, one in parts]
        flat = [name for _, part in each for name in part]
        if not flat:
            raise spec_error("NS601", f"{self.node.value} has no column but the target", self.node)
        for name in flat:
            if name in used:
                raise spec_error("NS601", f"the target {name} stands among the columns too", node or self.node)
        if all(self._scalar(name) for name in flat) and all(self._scalar(name) for name in used):
            return self._table([*flat, *used], wanted)
        inputs = tuple(self._input(part, node or self.node) for _, part in each)
        targets = [self._target(output, one) for output, one in wanted]
        picture = isinstance(inputs[0], Pictures) or inputs[0].ndim == 4
        shaped = picture and self.request.shape is not None and self._is_picture(each[0][1])
        columns = [
            column
            for x, (_, part) in zip(inputs, each, strict=True)
            if isinstance(x, torch.Tensor) and x.ndim == 2
            for column in numbered(part[0], x.shape[1])
        ]
        whole = Split(inputs, tuple(values for values, _ in targets), torch.arange(len(self.dataset)))
        found = tuple(target for _, target in targets) or (Target(),)
        return LoadedData(whole, targets=found, picture=picture, shaped=shaped, columns=tuple(columns))

    def _chosen(self, node: Node) -> str | list[str]:
        """A column, or a list of them, by name."""
        if isinstance(node, Sequence):
            return [self._name(item) for item in node.items]
        return self._name(node)

    def _name(self, node: Node) -> str:
        wanted = self.request.evaluate(node) if not isinstance(node, Mapping) else None
        names = [*self.features]
        if isinstance(wanted, int) and not isinstance(wanted, bool) and -len(names) <= wanted < len(names):
            return names[wanted]
        if wanted not in names:
            what = f"there is no column {wanted!r}; there are {', '.join(names[:12])}"
            raise unknown_name("NS601", what, node, str(wanted), names)
        return str(wanted)

    def _scalar(self, name: str) -> bool:
        """Whether a column has a plain value in each row."""
        import datasets

        feature = self.features[name]
        return isinstance(feature, datasets.ClassLabel) or (
            isinstance(feature, datasets.Value) and "binary" not in feature.dtype
        )

    def _is_picture(self, names: list[str]) -> bool:
        import datasets

        return len(names) == 1 and isinstance(self.features[names[0]], datasets.Image)

    def _table(self, names: list[str], wanted: list[tuple[str | None, str | list[str]]]) -> LoadedData:
        """Columns of plain values, as those of any table; the names of classes are the dataset's own."""
        import datasets

        try:
            refuse_bytes(8 * len(self.dataset) * len(names), limit(self.request.memory))
        except TooLarge as error:
            raise spec_error("NS601", f"{self.node.value} {error}", self.node) from None
        frame = self.dataset.select_columns([*dict.fromkeys(names)]).to_pandas()
        classes = {name: tuple(map(str, feature.names)) for name, feature in self.features.items()
                   if isinstance(feature, datasets.ClassLabel)}  # fmt: skip
        targets = {one for _, one in wanted if isinstance(one, str)}
        for name in set(frame.columns) & (classes.keys() - targets):
            words = dict(enumerate(classes[name]))
            frame[name] = frame[name].map(words)
        for name in targets & classes.keys():
            self._refuse_unlabelled(name, torch.from_numpy(frame[name].to_numpy(dtype=np.int64, copy=True)))
        if self.request.argument("target") is None and wanted:  # read_frame takes the last column
            first = str(wanted[0][1])
            frame = frame[[*(name for name in frame.columns if name != first), first]]
        loaded = read_frame(self.request, self.node, frame, str(self.node.value))
        named = tuple(
            Target(each.output, classes[each.column], each.column) if each.column in classes else each
            for each in loaded.targets
        )
        return LoadedData(**{**vars(loaded), "targets": named})

    def _input(self, names: list[str], at: Node) -> torch.Tensor | Pictures:
        """What enters one of the network's inputs: a column of pictures or arrays, or columns of numbers."""
        import datasets

        if self._is_picture(names):
            column = self.dataset.cast_column(names[0], datasets.Image(decode=False)).select_columns(names)
            pictures = _PictureColumn(column, names[0])
            pictures.look_at_all(self.node)
            return as_pictures(self.request, pictures, self.node)
        arrays = [self._numbers(name, at) for name in names]
        if len(arrays) == 1:
            return arrays[0] if arrays[0].ndim > 1 else arrays[0][:, None]
        for name, array in zip(names, arrays, strict=True):
            if array.ndim > 1:
                what = f"{name} is an input by itself, a sample of it has {array.ndim - 1} axes"
                raise spec_error("NS601", what, at, ("fix", f"columns: {name}, or {{input: {name}, …}}"))
        return torch.stack(arrays, 1)

    def _numbers(self, name: str, at: Node) -> torch.Tensor:
        """A column of numbers, or of lists or arrays of them, [N, …] in int64, uint8 or float32."""
        import datasets

        feature = self.features[name]
        kind = type(feature).__name__
        if isinstance(feature, datasets.Audio | datasets.Video | datasets.Translation) or kind in ("Json", "dict"):
            raise spec_error("NS601", f"the column {name} is {kind}, which is none of numbers or pictures", at)
        cells = self.dataset.select_columns([name]).with_format("numpy")[:][name]
        try:
            array = np.stack([np.asarray(cell) for cell in cells])
        except ValueError:
            what = f"the lists of the column {name} differ in length, and a network takes samples of one shape"
            raise spec_error("NS601", what, at) from None
        if array.dtype.kind not in "buif":
            raise spec_error("NS601", f"the column {name} is {feature}, which is none of numbers or pictures", at)
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            row = int(np.argwhere(~np.isfinite(array.reshape(len(array), -1)).all(1))[0, 0]) + 1
            raise spec_error("NS601", f"row {row}, column {name!r} has no value, or no finite one", at)
        wanted = np.float32 if array.dtype.kind == "f" else np.uint8 if array.dtype == np.uint8 else np.int64
        return torch.from_numpy(array.astype(wanted, copy=True))

    def _target(self, output: str | None, names: str | list[str]) -> tuple[torch.Tensor, Target]:
        """The targets of an output."""
        import datasets

        at = self.request.argument("target") or self.node
        if not isinstance(names, str):
            return torch.stack([self._numbers(name, at).float() for name in names], 1), Target(output)
        feature = self.features[names]
        if isinstance(feature, datasets.Value) and "string" in feature.dtype:
            words = [str(word) for word in self.dataset[names]]
            classes = tuple(sorted(set(words)))
            index = {word: number for number, word in enumerate(classes)}
            return torch.tensor([index[word] for word in words]), Target(output, classes, names)
        values = self._numbers(names, at)
        if not isinstance(feature, datasets.ClassLabel):
            return values if values.dtype != torch.uint8 else values.long(), Target(output, (), names)
        self._refuse_unlabelled(names, values)
        return values, Target(output, tuple(map(str, feature.names)), names)

    def _refuse_unlabelled(self, name: str, values: torch.Tensor) -> None:
        if bool((values < 0).any()) and not self.request.own_targets and self.request.parts is not None:
            problems, row = Problems(self.node), int((values < 0).nonzero()[0, 0]) + 1
            problems.add(f"row {row} has no {name}: -1 stands for a sample without a label")
            problems.finish()
