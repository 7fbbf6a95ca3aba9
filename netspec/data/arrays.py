"""Arrays in files → LoadedData: .npz, .safetensors, .pt, and folders of .npy; no object of a class is unpickled.

What lies in .npy, .safetensors and .pt files is mapped into memory, so that it may exceed it: pages are read as samples
are taken. Input: the arguments of `Arrays`. Output: samples and targets as tensors.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from netspec.core.files import PathRefused, resolve
from netspec.core.tree import Node, Scalar
from netspec.data.saved_tensors import TORCH_SUFFIXES, ArrayError, plain, saved_tensors
from netspec.data.split import LoadedData, LoadRequest, Target, all_of, by_input, by_output, numbered, own_arguments
from netspec.data.tables.bounded import ALWAYS, MOST_TIMES
from netspec.language.sections.array_keys import ARRAYS_KEYS
from netspec.runtime.diagnostics import spec_error, unknown_name

MOST_COLUMNS = 10_000  # of a table, that get names
Array = np.ndarray[Any, Any] | torch.Tensor


@dataclass(frozen=True)
class ArrayFile:
    """The arrays of a file or folder.

    Args:
        path: as messages name it.
        read: gives an array by its name.
        names: of all arrays.
    """

    path: Path
    read: Callable[[str], Array]
    names: tuple[str, ...]


def load(request: LoadRequest) -> LoadedData:
    """`{Arrays: {path: data.npz, x: images, y: labels}}`; the words of an array of text are class names.

    An array of uint8 with three or four axes holds pictures, as one of floats with four does: [N, H, W],
    [N, C, H, W] or [N, H, W, C].

    Raises:
        SpecError: NS601, a file or array is missing or damaged, or arrays have different lengths.
    """
    node, names = request.arguments, {"x": "x", "y": "y"}
    if not isinstance(node, Scalar):
        names |= {key: str(value) for key, value in own_arguments(request, *(key.name for key in ARRAYS_KEYS)).items()}
        node = request.argument("path")
    if not isinstance(node, Scalar):
        raise spec_error("NS203", "Arrays needs path, the file", node or request.name)
    try:
        file = open_arrays(resolve(node, request.folder), request.memory)
    except (PathRefused, ArrayError) as refused:
        raise spec_error("NS601", str(refused), node) from None
    x = by_input(request.argument("x"), request) or [(next(iter(request.inputs)), node)]
    y = by_output(request.argument("y")) or ([] if request.own_targets and "y" not in file.names else [(None, node)])
    inputs = [_named(file, part, names["x"] if part is node else part, request) for _, part in x]
    labels = [_named(file, part, names["y"] if part is node else part, request, words=True) for _, part in y]
    for (part, tensor, _), (_, at) in zip((*inputs, *labels), (*x, *y), strict=True):
        if len(tensor) != len(inputs[0][1]):
            first, count = inputs[0][:2]
            raise spec_error("NS601", f"{first} has {len(count)} samples, {part} has {len(tensor)}", at)
    groups, _ = _beside(file, request.groups, request, len(inputs[0][1]))
    strata, words = _beside(file, request.strata, request, len(inputs[0][1]))
    samples = tuple(tensor[:, None] if tensor.ndim == 1 else tensor for _, tensor, _ in inputs)
    picture = len(samples) == 1 and request.input.dtype.startswith("float") and pictures_of(samples[0])
    columns = [each for name, x, _ in inputs for each in numbered(name, x.shape[1] if x.ndim == 2 else 1)]
    flat = all(one.ndim == 2 for one in samples) and len(columns) <= MOST_COLUMNS
    return LoadedData(
        all_of((channels_first(samples[0]),) if picture else samples, tuple(tensor for _, tensor, _ in labels)),
        targets=tuple(Target(name, classes, part) for (name, _), (part, _, classes) in zip(y, labels, strict=True))
        or (Target(),),
        picture=picture,
        columns=tuple(columns) if flat else (),
        mapped=sum(one.nbytes for one in samples) > request.memory,
        groups=groups,
        strata=strata,
        strata_names=words,
    )


def _beside(
    file: ArrayFile, node: Node | None, request: LoadRequest, count: int
) -> tuple[torch.Tensor | None, tuple[str, ...]]:
    """Which value each sample has in the array that a node names, int64 [N], and the values as text."""
    if node is None:
        return None, ()
    name, values, words = _named(file, node, node, request, words=True)
    if values.ndim != 1 or len(values) != count:
        what = f"{name} has one value for each of {count} samples to divide them by, not {list(values.shape)}"
        raise spec_error("NS601", what, node)
    found, codes = torch.unique(values, return_inverse=True)
    return codes, words or tuple(f"{value:g}" for value in found.tolist())


def open_arrays(path: Path, memory: int) -> ArrayFile:
    """The arrays of a .npz, .safetensors or .pt file, or of the .npy files of a folder.

    Args:
        path: of the file or folder.
        memory: bytes that an array may take that is read as a whole, as those of a .npz file are.

    Raises:
        ArrayError: there is no such file, it is damaged, or of another kind.
    """
    suffix = path.suffix.lower()
    if path.is_dir():
        names = tuple(sorted(found.stem for found in path.glob("*.npy")))
        return ArrayFile(path, lambda name: _mapped(path / f"{name}.npy"), names)
    if not path.exists():
        raise ArrayError(f"there is no file {path}")
    if suffix == ".npy":
        raise ArrayError(f"{path.name} is one array: path is the folder it lies in, x: {path.stem} is its name")
    if suffix not in (".npz", ".safetensors", *TORCH_SUFFIXES):
        raise ArrayError(f"{path.name} is no .npz, .safetensors or .pt file, and no folder of .npy files")
    try:
        if suffix in TORCH_SUFFIXES:
            tensors = saved_tensors(path)
            return ArrayFile(path, lambda name: plain(tensors[name], memory), tuple(tensors))
        if suffix == ".npz":
            with zipfile.ZipFile(path) as archive:
                sizes = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
            return ArrayFile(path, lambda name: _unpacked(path, name, sizes[name], memory), tuple(sizes))
        from safetensors import safe_open

        with safe_open(path, "pt") as file:
            return ArrayFile(path, lambda name: _tensor_of(path, name), tuple(file.keys()))
    except ArrayError:
        raise
    except Exception as error:  # zipfile, safetensors and torch have exceptions of their own
        raise ArrayError(f"{path} cannot be read as {suffix}: {_line(error)}") from None


def _mapped(path: Path) -> Array:
    return np.load(path, mmap_mode="c", allow_pickle=False)  # type: ignore[no-any-return]  # "c": private to us


def _unpacked(path: Path, name: str, entry: zipfile.ZipInfo, memory: int) -> Array:
    size = entry.file_size
    if size > max(ALWAYS, MOST_TIMES * entry.compress_size):
        what = f"it has {entry.compress_size:,} bytes and unpacks to {size:,}, more than {MOST_TIMES} times its size"
        raise ArrayError(f"{what}; where it is right, np.savez stores it uncompressed")
    if size > memory:
        raise ArrayError(f"it takes {size:,} bytes, more than `memory` allows; in .npy files arrays stay on the disk")
    with np.load(path, allow_pickle=False) as arrays:
        return arrays[name]  # type: ignore[no-any-return]


def _tensor_of(path: Path, name: str) -> Array:
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        return file.get_tensor(name)  # type: ignore[no-any-return]


def _named(
    file: ArrayFile, at: Node, name: Node | str, request: LoadRequest, words: bool = False
) -> tuple[str, torch.Tensor, tuple[str, ...]]:
    """An array's name, the array as a tensor [N, ...], and the classes that it names.

    `at` is the node to point at; an array of `words` may hold some, which are classes.
    """
    word = name if isinstance(name, str) else str(request.evaluate(name) if isinstance(name, Scalar) else name)
    if word not in file.names:
        what = f"{file.path.name} has no array {word!r}; it has {', '.join(file.names[:12]) or 'none'}"
        raise unknown_name("NS601", what, at, word, list(file.names))
    classes: tuple[str, ...] = ()
    try:
        array = file.read(word)
        if words and isinstance(array, np.ndarray) and array.dtype.kind == "U" and array.ndim == 1:
            found, array = np.unique(array, return_inverse=True)
            classes = tuple(map(str, found))
        tensor = as_tensor(array, request.memory)
    except Exception as error:  # NumPy, zipfile, zlib and safetensors raise many types for damaged files
        reason = _reason(file, word, error)
        raise spec_error("NS601", f"the array {word} of {file.path.name} cannot be read: {reason}", at) from None
    if tensor.is_floating_point() and tensor.nbytes <= request.memory:
        bad = ~tensor.isfinite().flatten(1).all(1) if tensor.ndim > 1 else ~tensor.isfinite()
        if bool(bad.any()):
            row = int(bad.nonzero()[0, 0]) + 1
            raise spec_error("NS601", f"row {row} of {word} holds something that is no finite number", at)
    return word, tensor, classes


def _reason(file: ArrayFile, name: str, error: Exception) -> str:
    """Why an array cannot be read; NumPy takes for Python objects whatever is none of its files."""
    if "pickle" not in str(error) and "Python objects" not in str(error):
        return _line(error)
    path = file.path / f"{name}.npy"
    if path.is_file():
        with path.open("rb") as opened:
            if opened.read(6) != b"\x93NUMPY":
                return "it is no .npy file"
    return "it holds Python objects, which are not read"


def as_tensor(array: Array, memory: int) -> torch.Tensor:
    """An array as uint8, int64 or float32, without a copy where it is one of these."""
    kind = array.dtype.kind if isinstance(array, np.ndarray) else "c" if array.is_complex() else "f"
    if kind not in "buif":
        raise ArrayError(f"it holds {array.dtype}, no numbers")
    if array.ndim == 0 or not len(array):
        raise ArrayError("it holds no samples")
    if isinstance(array, np.ndarray):
        native = array.dtype.newbyteorder("=")
        native = np.dtype(np.int64) if native.kind == "u" and native.itemsize > 1 else native  # torch lacks them
        array = torch.from_numpy(array if array.dtype == native else array.astype(native))
    floats = array.is_floating_point()
    dtype = torch.float32 if floats else torch.uint8 if array.dtype == torch.uint8 else torch.int64
    if array.dtype != dtype and array.numel() * dtype.itemsize > memory:
        wanted = str(dtype).removeprefix("torch.")
        raise ArrayError(f"it would be copied as {wanted}, which takes more than `memory` allows; store it so")
    return array.to(dtype)


def pictures_of(samples: torch.Tensor) -> bool:
    return samples.ndim == 4 or (samples.ndim == 3 and samples.dtype == torch.uint8)


def channels_first(samples: torch.Tensor) -> torch.Tensor:
    """[N, H, W], [N, C, H, W] or [N, H, W, C] as [N, C, H, W]."""
    if samples.ndim == 3:
        return samples[:, None]
    last = samples.shape[1] not in (1, 3) and samples.shape[3] in (1, 3)
    return samples.permute(0, 3, 1, 2) if last else samples


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
