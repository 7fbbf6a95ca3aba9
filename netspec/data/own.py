"""A dataset of one's own → LoadedData: a function that gives arrays, or a Dataset of torch's.

Input: the arguments of `dataset`. Output: samples and targets as tensors, in memory: each sample is read once.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from PIL import Image

from netspec.core.tree import Mapping as MappingNode
from netspec.core.tree import Scalar
from netspec.data.arrays import as_tensor, channels_first, pictures_of
from netspec.data.pictures import picture_tensor
from netspec.data.saved_tensors import ArrayError
from netspec.data.split import LoadedData, LoadRequest, Split, Target, all_of, own_arguments
from netspec.language.sections.array_keys import OWN_DATASET_KEYS
from netspec.runtime.diagnostics import spec_error
from netspec.runtime.own import own_says


class OwnDataError(Exception):
    """Why what came of one's own code is no data; the message is one sentence."""


def load(request: LoadRequest) -> LoadedData:
    """`dataset: my_module:make`, `dataset: {make: my_module:Faces, arguments: {size: 64}}`.

    Raises:
        SpecError: NS701, NS702, it may not run or cannot be imported; NS601, it raises, or gives no samples.
    """
    node, arguments = request.arguments, dict[str, Any]()
    if isinstance(node, MappingNode):
        values = own_arguments(request, *(key.name for key in OWN_DATASET_KEYS))
        given = values.get("arguments")
        arguments = dict(given) if isinstance(given, dict) else {}
        node = node.get("make")
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        raise spec_error("NS203", "dataset needs make, as my_module:make", node or request.name)
    make: Any = request.evaluate.own(node)
    try:
        made = make(**arguments) if callable(make) else make
        parts = _parts(made, request)
    except OwnDataError as error:
        raise spec_error("NS601", f"{node.value} gives no data: {error}", node) from None
    except Exception as error:  # whatever the code of a person raises
        raise spec_error("NS601", f"{node.value} fails", node, own_says(error)) from error
    whole, test = parts
    if request.own_targets is False and not whole.targets:
        what = f"{node.value} gives no targets"
        fix = ("fix", "give pairs (x, y), or write target: input under data")
        raise spec_error("NS601", what, node, fix)
    picture = len(whole.inputs) == 1 and request.input.dtype.startswith("float") and pictures_of(whole.tables[0])
    splits = [whole, *([] if test is None else [test])]
    if picture:
        splits = [_replaced(split) for split in splits]
    return LoadedData(splits[0], splits[1] if test is not None else None, targets=(Target(),), picture=picture)


def _replaced(split: Split) -> Split:
    return Split((channels_first(split.tables[0]),), split.targets, split.rows)


def _parts(made: Any, request: LoadRequest) -> tuple[Split, Split | None]:
    """The training part and the validation part: of a mapping with `train`, else all and none."""
    if isinstance(made, Mapping) and "train" in made:
        unknown = set(made) - {"train", "val"}
        if unknown:
            raise OwnDataError(f"its parts are train and val, not {', '.join(map(str, unknown))}")
        val = made.get("val")
        return _split(made["train"], request), None if val is None else _split(val, request)
    return _split(made, request), None


def _split(made: Any, request: LoadRequest) -> Split:
    """Arrays (x, y) or x alone, or a Dataset, as a split."""
    if isinstance(made, torch.utils.data.Dataset) or inspect.isgenerator(made):
        made = _read(made, request)
    x, y = made if isinstance(made, tuple) and len(made) == 2 else (made, None)
    inputs = [_array(x[name], request) for name in request.inputs] if isinstance(x, Mapping) else [_array(x, request)]
    inputs = [one[:, None] if one.ndim == 1 else one for one in inputs]
    targets = () if y is None else (_array(y, request),)
    for one in (*inputs, *targets):
        if len(one) != len(inputs[0]):
            raise OwnDataError(f"there are {len(inputs[0])} samples, and {len(one)} of another input or of the targets")
        if one.is_floating_point() and not bool(one.isfinite().all()):
            row = int((~one.isfinite()).flatten(1).any(1).nonzero()[0, 0]) if one.ndim > 1 else 0
            raise OwnDataError(f"sample {row} holds something that is no finite number")
    return all_of(tuple(inputs), targets)


def _array(values: Any, request: LoadRequest) -> torch.Tensor:
    """Numbers [N, ...] as a tensor."""
    array = values if isinstance(values, torch.Tensor) else np.asarray(values)
    try:
        if isinstance(array, torch.Tensor):
            array = array.detach().cpu().numpy()
        return as_tensor(array, request.memory)
    except ArrayError as error:
        raise OwnDataError(str(error)) from None


def _read(dataset: Any, request: LoadRequest) -> tuple[Any, Any]:
    """The samples of a Dataset, each read once: x [N, ...], or one by name, and y [N, ...] or None."""
    xs: list[Any] = []
    ys: list[Any] = []
    used = 0
    for number, sample in enumerate(_samples(dataset)):
        x, y = sample if isinstance(sample, tuple | list) and len(sample) == 2 else (sample, None)
        x = {name: _one(value) for name, value in x.items()} if isinstance(x, Mapping) else _one(x)
        used += sum(each.nbytes for each in (x.values() if isinstance(x, dict) else (x,)))
        if used > request.memory:
            what = f"its first {number + 1:,} samples take more than `memory` allows"
            raise OwnDataError(f"{what}; a larger memory, or files that Arrays or Pictures read from the disk")
        xs.append(x)
        ys += [] if y is None else [_one(y)]
    if not xs:
        raise OwnDataError("it holds no samples")
    if ys and len(ys) != len(xs):
        raise OwnDataError("some samples have a target, and some have none")
    named = {name: _stacked([x[name] for x in xs]) for name in xs[0]} if isinstance(xs[0], dict) else _stacked(xs)
    return named, _stacked(ys) if ys else None


def _samples(dataset: Any) -> Iterator[Any]:
    """The samples of a map-style Dataset by their index; of others as they come."""
    sized = hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__")
    rows: Iterable[Any] = (dataset[index] for index in range(len(dataset))) if sized else dataset
    yield from rows


def _one(value: Any) -> np.ndarray[Any, Any]:
    if isinstance(value, Image.Image):
        return picture_tensor(value, "L" if value.mode in ("1", "L") else "RGB").numpy()
    return value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)


def _stacked(values: list[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    shapes = {value.shape for value in values}
    if len(shapes) > 1:
        first = next(index for index, value in enumerate(values) if value.shape != values[0].shape)
        what = f"sample {first} has the shape {list(values[first].shape)}, sample 0 {list(values[0].shape)}"
        raise OwnDataError(f"samples are of one shape; {what}")
    return np.stack(values)
