"""A column of pictures of a dataset of the library `datasets`, streamed → LoadedData; the targets are read first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch

from netspec.core.tree import Node, Scalar
from netspec.data.pictures import Reader
from netspec.data.split import LoadedData, LoadRequest, Split, Target
from netspec.data.streaming import HeldPictures, StreamedPictures
from netspec.runtime.diagnostics import spec_error, unknown_name

if TYPE_CHECKING:
    import datasets

USUAL_BUFFER = 1000


def load_stream(request: LoadRequest, node: Scalar, dataset: datasets.IterableDataset, buffer: int) -> LoadedData:
    """The pictures of a column, which stay where they are, and the target of each.

    Args:
        request: says the columns.
        node: the path, to point at.
        dataset: begins anew whenever it is iterated over.
        buffer: how many pictures are held while they are shuffled.

    Raises:
        SpecError: NS601, the columns are none that can be streamed, or a row has no picture or target.
    """
    import datasets

    features = dataset.features or dataset._resolve_features().features
    names = [*features]
    wanted = "label" if "label" in names else names[-1]
    target, at = _named(request, "target", names, wanted), request.argument("target") or node
    column = _named(request, "columns", names, next((name for name in names if name != target), names[0]))
    if not isinstance(features[column], datasets.Image) or len(request.inputs) > 1:
        what = f"streaming: true is for one column of pictures, and {column} is {type(features[column]).__name__}"
        fix = ("fix", "leave streaming out: numbers are read into memory")
        raise spec_error("NS601", what, request.argument("columns") or node, fix)
    targets, classes = (torch.empty(0), ()) if request.own_targets else _targets(dataset, features, target, at)
    plain = dataset.select_columns([column]).cast_column(column, datasets.Image(decode=False))

    def cells() -> Iterator[bytes]:
        for row, example in enumerate(plain, 1):
            cell: Any = example[column]
            data = cell.get("bytes") if isinstance(cell, dict) else None
            if not isinstance(data, bytes):
                raise spec_error("NS601", f"row {row} holds no picture, or a path alone, which is not followed", node)
            yield data

    count = len(targets) if not request.own_targets else sum(1 for _ in cells())
    if not count:
        raise spec_error("NS601", f"{node.text} holds no samples", node)
    held = HeldPictures({0: next(cells())})
    reader = Reader(held, node, request.input.shape[:1] != (3,), request.shape)
    first, _, mode = reader(0)
    pictures = StreamedPictures(reader, mode, tuple(first.shape), first.dtype, torch.arange(count), cells, buffer)
    split = Split((pictures,), () if request.own_targets else (targets,), torch.arange(count))
    own = Target() if request.own_targets else Target(None, classes, target)
    return LoadedData(split, targets=(own,), picture=True, shaped=request.shape is not None)


def _named(request: LoadRequest, key: str, names: list[str], usual: str) -> str:
    """The column that a key names."""
    node = request.argument(key)
    if node is None:
        return usual
    found = request.evaluate(node) if isinstance(node, Scalar) else None
    if isinstance(found, int) and not isinstance(found, bool) and -len(names) <= found < len(names):
        return names[found]
    if found not in names:
        what = f"with streaming: true {key} is one column; there are {', '.join(names[:12])}"
        raise unknown_name("NS601", what, node, str(found), names)
    return str(found)


def _targets(
    dataset: datasets.IterableDataset, features: Any, name: str, at: Node
) -> tuple[torch.Tensor, tuple[str, ...]]:
    """The targets of all rows, of which nothing else is read, and their classes."""
    import datasets

    values = [example[name] for example in dataset.select_columns([name])]
    feature = features[name]
    if isinstance(feature, datasets.ClassLabel):
        missing = next((row for row, value in enumerate(values, 1) if value is None or value < 0), None)
        if missing is not None:
            raise spec_error("NS601", f"row {missing} has no {name}: -1 stands for a sample without a label", at)
        return torch.tensor(values), tuple(map(str, feature.names))
    if values and all(isinstance(value, str) for value in values):
        classes = tuple(sorted(set(values)))
        index = {word: number for number, word in enumerate(classes)}
        return torch.tensor([index[word] for word in values]), classes
    try:
        found = torch.tensor(values)
    except (TypeError, ValueError, RuntimeError):
        what = f"the column {name} holds something else than numbers, or words, or lists of one length"
        raise spec_error("NS601", what, at) from None
    bad = ~found.isfinite() if found.ndim == 1 else ~found.isfinite().flatten(1).all(1)
    if bool(bad.any()):
        raise spec_error("NS601", f"row {int(bad.nonzero()[0, 0]) + 1}, column {name!r} has no finite number", at)
    return (found.float() if found.is_floating_point() else found.long()), ()
