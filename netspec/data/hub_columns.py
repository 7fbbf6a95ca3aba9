"""A split of a dataset of the library `datasets` → LoadedData, by the features of its columns.

Columns of plain values are a table, with all that tables have; a column of pictures, of lists or of arrays of numbers
is an input by itself. Pictures are read only where they lie in the dataset.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image

from netspec.core.tree import Mapping, Node, Scalar, Sequence
from netspec.data.csv_table import read_frame
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
)
from netspec.data.tables.bounded import TooLarge, limit, refuse_bytes
from netspec.runtime.diagnostics import spec_error, unknown_name

if TYPE_CHECKING:
    import datasets


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


class Columns:
    """One split of a dataset, read by the features of its columns.

    Args:
        request: says the columns.
        node: the path, to point at.
        dataset: the split; of one that is streamed only the features are looked at, by `named`.
    """

    def __init__(self, request: LoadRequest, node: Scalar, dataset: Any) -> None:
        self.request, self.node, self.dataset = request, node, dataset
        self.features = {str(name): feature for name, feature in dataset.features.items()}

    def named(self) -> tuple[list[tuple[str, list[str]]], list[tuple[str | None, str | list[str]]]]:
        """The columns of each input, and those of each output.

        Raises:
            SpecError: NS601, there is no such column, or it is wanted twice.
        """
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
        return each, wanted

    def load(self) -> LoadedData:
        """The samples."""
        each, wanted = self.named()
        flat, node = [name for _, part in each for name in part], self.request.argument("columns")
        used = {name for _, one in wanted for name in ([one] if isinstance(one, str) else one)}
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
