"""Datasets of the library `datasets`, by name or from local files → LoadedData.

Samples are taken by their index, so that order and resumption are those of any other dataset. Files are in
hub_files.py, the columns of a split in hub_columns.py, streams in hub_stream.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from netspec.core.tree import Scalar
from netspec.data.class_names import OtherClasses, numbered_as
from netspec.data.hub_columns import Columns
from netspec.data.hub_files import REASONS, TEST_PARTS, read_splits, reason_of
from netspec.data.hub_stream import USUAL_BUFFER, holds_pictures, in_memory, load_stream, with_features
from netspec.data.split import (
    LoadedData,
    LoadRequest,
    own_arguments,
)
from netspec.language.sections.hub_keys import HUB_KEYS
from netspec.runtime.diagnostics import spec_error, unknown_name

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
    parts = read_splits(node, request, given.get("config"), streaming)
    part = str(given.get("split", "train" if "train" in parts else next(iter(parts))))
    if part not in parts:
        at = request.argument("split") or node
        raise unknown_name("NS601", f"it has no split {part!r}; it has {', '.join(parts)}", at, part, [*parts])
    if streaming:
        return _streamed(request, node, parts, part, given.get("buffer", USUAL_BUFFER))
    loaded = Columns(request, node, parts[part]).load()
    other = next((name for name in TEST_PARTS if name in parts and name != part), None)
    if not request.parts or other is None:
        return loaded
    test = Columns(replace(request, encodings=loaded.encodings), node, parts[other]).load()
    return _with_test(loaded, test, node, other, part)


def _streamed(request: LoadRequest, node: Scalar, parts: dict[str, Any], part: str, buffer: int) -> LoadedData:
    """A split that is streamed, and the split that validates: pictures while the network trains, the rest at once."""
    other = next((name for name in TEST_PARTS if name in parts and name != part), None)

    def read(name: str, request: LoadRequest) -> LoadedData:
        stream = with_features(parts[name])
        if holds_pictures(request, node, stream):
            return load_stream(request, node, stream, buffer)
        return Columns(request, node, in_memory(request, node, stream)).load()

    try:
        loaded = read(part, request)
        if not request.parts or other is None:
            return loaded
        return _with_test(loaded, read(other, replace(request, encodings=loaded.encodings)), node, other, part)
    except REASONS as error:
        raise spec_error("NS601", f"{node.text} cannot be read: {reason_of(error)}", node) from None


def _with_test(loaded: LoadedData, test: LoadedData, node: Scalar, other: str, part: str) -> LoadedData:
    """The training split with the one that validates, unless this has no labels."""
    targets = [y for y in test.whole.targets if isinstance(y, torch.Tensor)]
    if any(len(y) and not y.is_floating_point() and int(y.min()) < 0 for y in targets):  # a part without labels
        return loaded
    try:
        return replace(loaded, test=numbered_as(loaded.targets, test.targets, test.whole))
    except OtherClasses as error:
        raise spec_error("NS601", f"the split {other} has {error}", node, ("fix", "val: 0.2")) from None
