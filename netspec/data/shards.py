"""Shards in the form of WebDataset, .tar files of samples → LoadedData.

The headers of the shards are read once (shard_files.py): where each file lies is known from then on, so that samples
are taken in any order, and a run goes on in mid-epoch as with any other dataset. Pictures that take more memory than
allowed stay in their shards. Files are decoded by their ending, and none of them is unpickled.
"""

from __future__ import annotations

import io
import json
import re
from math import prod
from typing import Any

import numpy as np
import torch
from PIL import Image

from netspec.core.names import closest, did_you_mean
from netspec.core.tree import Node, Scalar
from netspec.data.picture_files import Problems, as_pictures, in_parallel, look_at_each
from netspec.data.picture_headers import decode, look, suffixes
from netspec.data.pictures import Pictures
from netspec.data.shard_files import Member, Sample, samples_of, shard_paths
from netspec.data.split import LoadedData, LoadRequest, Split, Target, by_input, by_output, numbered, own_arguments
from netspec.language.sections.hub_keys import SHARD_KEYS
from netspec.lint.array_headers import DAMAGED, npy_header
from netspec.runtime.diagnostics import spec_error

MOST_SAMPLES = 50_000_000
LARGEST_TARGET = 64 * 2**20  # bytes of a file with a target


def load(request: LoadRequest) -> LoadedData:
    """`{WebDataset: {path: "train-{000..019}.tar", input: jpg, target: cls}}`.

    Raises:
        SpecError: NS601, a shard is missing or damaged, or a sample in it lacks a file.
    """
    given: dict[str, Any] = {}
    node = request.arguments
    if not (isinstance(node, Scalar) and node.value is not None):
        given, node = own_arguments(request, *(key.name for key in SHARD_KEYS)), request.argument("path")
    if not isinstance(node, Scalar):
        raise spec_error("NS203", "WebDataset needs path, a .tar file or a pattern", node or request.name)
    samples = [sample for shard in shard_paths(node, request) for sample in samples_of(shard, node)]
    if not samples:
        raise spec_error("NS601", f"{node.text} holds no samples", node)
    inputs = [(input, str(request.evaluate(part))) for input, part in by_input(request.argument("input"), request)]
    inputs = inputs or [(next(iter(request.inputs)), "jpg")]
    wanted = [(output, str(request.evaluate(part))) for output, part in by_output(request.argument("target"))]
    wanted = wanted or ([] if request.own_targets else [(None, "cls")])
    _refuse_incomplete(samples, [ending for _, ending in (*inputs, *wanted)], node)
    listed = tuple(map(str, given.get("classes", ())))
    at = request.argument("target") or node
    targets = [_targets(samples, output, ending, listed, at) for output, ending in wanted]
    xs = tuple(_input(request, samples, ending, node) for _, ending in inputs)
    picture = f".{inputs[0][1]}" in suffixes()
    columns = [
        column
        for x, (_, ending) in zip(xs, inputs, strict=True)
        if isinstance(x, torch.Tensor) and x.ndim == 2
        for column in numbered(ending, x.shape[1])
    ]
    names = [sample.name for sample in samples]
    whole = Split(xs, tuple(values for values, _ in targets), torch.arange(len(samples)), names)
    found = tuple(target for _, target in targets) or (Target(),)
    shaped = picture and request.shape is not None
    return LoadedData(whole, targets=found, picture=picture, shaped=shaped, columns=tuple(columns))


def _file(ending: str) -> str:
    """The ending of the file that holds a target: `json` of `json.area`."""
    return "json" if ending.startswith("json.") else ending


def _refuse_incomplete(samples: list[Sample], endings: list[str], node: Node) -> None:
    problems, there = Problems(node), sorted({ending for sample in samples[:100] for ending in sample.files})
    for ending in map(_file, endings):
        if not any(ending in sample.files for sample in samples):
            what = f"no sample has a .{ending} file; there are {', '.join(f'.{each}' for each in there)}"
            raise spec_error("NS601", what + did_you_mean(closest(ending, there)), node)
    for sample in samples:
        for ending in map(_file, endings):
            if ending not in sample.files:
                what = f"the sample {sample.name} has no .{ending} file; it has {', '.join(sample.files)}"
                problems.add(what + did_you_mean(closest(ending, there)))
    problems.finish()


class _ShardPictures:
    """The pictures of samples, from their shards."""

    def __init__(self, samples: list[Sample], ending: str) -> None:
        self.found = [sample.files[ending] for sample in samples]
        self.samples = [(f"{sample.name}.{ending}", 0) for sample in samples]

    def __getitem__(self, index: int) -> tuple[Image.Image, int]:
        data = self.found[index].read()
        look(data)
        return decode(data), 0

    def look_at_all(self, node: Node) -> None:
        """Look at the first and last bytes of each.

        Raises:
            SpecError: NS601, for each that is no picture, or cut short.
        """
        look_at_each(((name, member.look) for member, (name, _) in zip(self.found, self.samples, strict=True)), node)


def _input(request: LoadRequest, samples: list[Sample], ending: str, node: Scalar) -> torch.Tensor | Pictures:
    if f".{ending}" in suffixes():
        pictures = _ShardPictures(samples, ending)
        pictures.look_at_all(node)
        return as_pictures(request, pictures, node)
    if ending != "npy":
        raise spec_error("NS601", f".{ending} is neither a picture nor npy, which enter a network", node)
    array = _arrays(samples, ending, node, request.memory)
    return array if array.ndim > 1 else array[:, None]


def _arrays(samples: list[Sample], ending: str, node: Node, memory: int) -> torch.Tensor:
    """The arrays of .npy files, all of one shape, [N, …]."""

    def one(sample: Sample) -> np.ndarray[Any, Any] | str:
        content = sample.files[ending].read()
        try:
            header = npy_header(io.BytesIO(content))
            if prod(header.shape) * np.dtype(header.dtype).itemsize > len(content):
                return "is cut short"
            array = np.load(io.BytesIO(content), allow_pickle=False)
        except DAMAGED as error:
            return f"cannot be read: {(str(error).strip() or 'it is damaged').splitlines()[0]}"
        if array.dtype.kind not in "buif":
            return f"holds {array.dtype}, no numbers"
        return array if np.isfinite(array).all() else "holds something that is no finite number"

    total = sum(sample.files[ending].size for sample in samples)
    if total > memory:
        what = f"the .{ending} files take {total:,} bytes, more than `memory` allows"
        raise spec_error("NS601", what, node, ("fix", "Arrays: a folder of .npy files, which stay on the disk"))
    problems, found = Problems(node), list[torch.Tensor]()
    for sample, array in zip(samples, in_parallel(one, samples), strict=True):
        if isinstance(array, str):
            problems.add(f"{sample.name}.{ending} {array}")
        elif found and found[0].shape != array.shape:
            problems.add(f"{sample.name}.{ending} is {_size(array.shape)}, the first is {_size(found[0].shape)}")
        else:
            wanted = np.float32 if array.dtype.kind == "f" else np.int64
            found.append(torch.from_numpy(np.ascontiguousarray(array, dtype=wanted)))
    problems.finish()
    return torch.stack(found)


def _size(shape: Any) -> str:
    return "×".join(map(str, shape)) or "a number"


def _targets(
    samples: list[Sample], output: str | None, ending: str, listed: tuple[str, ...], node: Node
) -> tuple[torch.Tensor, Target]:
    """The targets of an output: class numbers, words, or numbers."""
    if ending == "npy":
        return _arrays(samples, ending, node, LARGEST_TARGET * 16), Target(output)
    problems, values = Problems(node), list[Any]()
    for sample in samples:
        member = sample.files[_file(ending)]
        try:
            values.append(_value(member, ending))
        except ValueError as error:
            problems.add(f"{sample.name}.{_file(ending)} {error}")
    problems.finish()
    if any(isinstance(value, str) for value in values):
        classes = listed or tuple(sorted(set(map(str, values))))
        index = {word: at for at, word in enumerate(classes)}
        for sample, value in zip(samples, values, strict=True):
            if str(value) not in index:
                what = f"{sample.name} is of the class {value!r}, which `classes` has not"
                problems.add(what + did_you_mean(closest(str(value), classes)))
        problems.finish()
        return torch.tensor([index[str(value)] for value in values]), Target(output, classes, ending)
    try:
        tensor = torch.tensor(values)
    except (ValueError, TypeError, RuntimeError):
        raise spec_error("NS601", f"the .{ending} files hold lists of different lengths", node) from None
    if not tensor.is_floating_point():
        tensor = tensor.long()
        wrong = ((tensor < 0) | (tensor >= len(listed))).flatten() if listed else None
        if wrong is not None and bool(wrong.any()):
            what = f"a target is {int(tensor.flatten()[wrong][0])}, and `classes` has {len(listed)}"
            raise spec_error("NS601", what, node)
    return tensor, Target(output, listed if tensor.ndim == 1 and not tensor.is_floating_point() else (), ending)


def _value(member: Member, ending: str) -> Any:
    """What a small file says: a class number, a word, or JSON.

    Raises:
        ValueError: it says something else; the message is the end of a sentence.
    """
    if member.size > LARGEST_TARGET:
        raise ValueError(f"has {member.size:,} bytes, more than a target has")
    try:
        text = member.read().decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise ValueError("is no text") from None
    if not text:
        raise ValueError("is empty")
    if _file(ending) != "json":
        if re.fullmatch(r"[+-]?\d{1,18}", text) and ending != "txt":
            return int(text)
        if ending == "cls":
            raise ValueError(f"holds {text[:40]!r}, no class number; words are in .txt files")
        return text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("is no JSON") from None
    _, _, key = ending.partition(".")
    if key:
        if not isinstance(value, dict) or key not in value:
            raise ValueError(f"has no entry {key!r}")
        value = value[key]
    numbers = value if isinstance(value, list) else [value]
    if isinstance(value, str) or (numbers and all(_is_finite(number) for number in numbers)):
        return value
    raise ValueError(f"holds {str(value)[:40]}, neither a number, a list of numbers nor a word")


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300
