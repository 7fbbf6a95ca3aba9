"""A dataset of the library `datasets` that is streamed: pictures → LoadedData, other columns → a split in memory.

Of pictures the targets are read first, and they themselves while the network trains. Numbers, words and lists are read
once, as far as `memory` allows, and are then as those of any other dataset.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch

from netspec.core.tree import Node, Scalar
from netspec.data.hub_columns import Columns
from netspec.data.pictures import Reader
from netspec.data.split import LoadedData, LoadRequest, Split, Target
from netspec.data.streaming import HeldPictures, StreamedPictures
from netspec.data.tables.bounded import CELL, TooLarge, limit, refuse_bytes
from netspec.runtime.diagnostics import spec_error, unknown_name

if TYPE_CHECKING:
    import datasets

USUAL_BUFFER = 1000
READ_AT_ONCE = 10_000  # rows


def with_features(dataset: datasets.IterableDataset) -> datasets.IterableDataset:
    """A stream that knows its columns, if only by its first rows."""
    return dataset if dataset.features else dataset._resolve_features()


def holds_pictures(request: LoadRequest, node: Scalar, dataset: datasets.IterableDataset) -> bool:
    """Whether a picture is among the columns that are wanted of a stream, or the first of all.

    Args:
        request, node, dataset: as of `load_stream`.

    Raises:
        SpecError: NS601, there is no such column.
    """
    import datasets

    inputs, _ = Columns(request, node, dataset).named()
    names = [name for _, part in inputs for name in part]
    looked_at = names if request.argument("columns") is not None else names[:1]
    return any(isinstance((dataset.features or {})[name], datasets.Image) for name in looked_at)


def in_memory(request: LoadRequest, node: Scalar, dataset: datasets.IterableDataset) -> datasets.Dataset:
    """The columns of a stream that are wanted, read once into memory, in their order.

    Args:
        request, node, dataset: as of `load_stream`.

    Raises:
        SpecError: NS601, they take more than `memory` allows, or there are no rows.
    """
    import datasets
    import pyarrow as arrow

    inputs, targets = Columns(request, node, dataset).named()
    wanted = [name for _, part in inputs for name in part]
    wanted += [name for _, part in targets for name in ([part] if isinstance(part, str) else part)]
    names = [*dict.fromkeys(wanted)]
    parts, rows, held = list[Any](), 0, 0
    for part in dataset.select_columns(names).with_format("arrow").iter(READ_AT_ONCE):
        parts.append(part)
        rows, held = rows + len(part), held + part.nbytes
        try:
            refuse_bytes(max(held, CELL * rows * len(names)), limit(request.memory))
        except TooLarge as error:
            fix = ("fix", "leave streaming out: the library copies it to the disk, once")
            raise spec_error("NS601", f"{node.value} {error}", node, fix) from None
    if not rows:
        raise spec_error("NS601", f"{node.text} holds no samples", node)
    features = datasets.Features({name: (dataset.features or {})[name] for name in names})
    return datasets.Dataset(
        arrow.concat_tables(parts).cast(features.arrow_schema), datasets.DatasetInfo(features=features)
    )


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

    features = dataset.features
    assert features is not None  # as `with_features` gives it
    names = [*features]
    wanted = "label" if "label" in names else names[-1]
    target, at = _named(request, "target", names, wanted), request.argument("target") or node
    column = _named(request, "columns", names, next((name for name in names if name != target), names[0]))
    if not isinstance(features[column], datasets.Image) or len(request.inputs) > 1:
        what = f"streaming: true is for one column of pictures, and {column} is {type(features[column]).__name__}"
        fix = ("fix", "columns: COLUMN, the one of pictures; without streaming there may be several inputs")
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
