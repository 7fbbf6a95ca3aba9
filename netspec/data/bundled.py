"""Small data: the tables of scikit-learn, and samples in the spec itself → LoadedData."""

from __future__ import annotations

import torch

from netspec.core.tree import Node, Scalar, describe
from netspec.data.split import (
    LoadedData,
    LoadRequest,
    Target,
    all_of,
    by_input,
    by_output,
    items,
    numbered,
    own_arguments,
)
from netspec.language.sections.array_keys import SKLEARN_TABLES
from netspec.runtime.diagnostics import spec_error, unknown_name


def sklearn(request: LoadRequest) -> LoadedData:
    """`{sklearn: digits}`: digits are pictures [1, 8, 8] in [0, 1], or [64] where the network's input has one axis."""
    arguments, at = request.arguments, request.argument("name") or request.name
    if isinstance(arguments, Scalar):
        name, at = request.evaluate(arguments), arguments
    else:
        name = own_arguments(request, "name").get("name")
    if name not in SKLEARN_TABLES:
        raise unknown_name("NS604", f"scikit-learn brings no table {name!r}", at, str(name), list(SKLEARN_TABLES))
    from sklearn import datasets

    table = getattr(datasets, f"load_{name}")()
    inputs = torch.as_tensor(table.data, dtype=torch.float32)  # [N, features]
    targets = torch.as_tensor(table.target)
    targets = targets.float() if targets.is_floating_point() else targets.long()
    named = hasattr(table, "target_names") and name != "linnerud"  # whose targets are numbers with names
    classes = tuple(str(word) for word in table.target_names) if named else ()
    if name == "digits":
        inputs = inputs / 16  # [N, 64], gray levels are 0 to 16
    if name != "digits" or len(request.input.shape) == 1:
        columns = tuple(str(word) for word in table.feature_names)
        return LoadedData(all_of(inputs, targets), targets=(Target(None, classes, "target"),), columns=columns)
    return LoadedData(all_of(inputs.reshape(-1, 1, 8, 8), targets), targets=(Target(classes=classes),), picture=True)


def inline(request: LoadRequest) -> LoadedData:
    """`{inline: {x: [[1.0], [2.0]], y: [[0], [1]]}}`: an entry for each sample; a number is a sample with one feature.

    For several inputs, or outputs, `x` and `y` hold such a list for each, by its name.
    """
    values = own_arguments(request, "x", "y")
    for key in ("x", "y"):
        if key not in values and not (key == "y" and request.own_targets):
            raise spec_error("NS203", f"inline needs {key}", request.name)
    x, y = by_input(request.argument("x"), request), by_output(request.argument("y"))
    named = [*(("x" if len(x) == 1 else f"x → {name}", node) for name, node in x)]
    named += [("y" if name is None else f"y → {name}", node) for name, node in y]
    tensors = [_tensor(name, node, request) for name, node in named]
    for tensor, (name, node) in zip(tensors, named, strict=True):
        if len(tensor) != len(tensors[0]):
            what = f"{named[0][0]} has {len(tensors[0])} samples, {name} has {len(tensor)}"
            raise spec_error("NS601", what, node)
    inputs, targets = tensors[: len(x)], tensors[len(x) :]
    inputs = [tensor[:, None] if tensor.ndim == 1 else tensor for tensor in inputs]
    flat = all(tensor.ndim == 2 for tensor in inputs)
    names = ["x" if len(x) == 1 else name for name, _ in x]
    features = [each for name, x in zip(names, inputs, strict=True) for each in numbered(name, x.shape[1])]
    return LoadedData(
        all_of(tuple(tensor.float() for tensor in inputs), tuple(targets)),
        targets=tuple(Target(name, column=name or "y") for name, _ in y),
        columns=tuple(features) if flat else (),
    )


def _tensor(name: str, node: Node, request: LoadRequest) -> torch.Tensor:
    """A nested list of numbers as int64 or float32; errors point to the first item that does not fit."""
    rows = items(node)
    if not rows:
        raise spec_error("NS202", f"{name} is a list with one entry a sample, not {describe(node)}", node)
    width = len(items(rows[0]))
    for row in rows:
        if len(items(row)) != width:
            raise spec_error("NS601", f"a sample of {name} has {len(items(row))} numbers, the first has {width}", row)
    try:
        tensor = torch.tensor(request.evaluate(node))
    except (TypeError, ValueError, RuntimeError, OverflowError):
        raise spec_error("NS601", f"{name} holds something that is no number, or rows of different length",
                      _first_non_number(node) or node) from None  # fmt: skip
    return tensor.float() if tensor.is_floating_point() else tensor.long()


def _first_non_number(node: Node) -> Node | None:
    """The first leaf of a nested list that is no number."""
    if isinstance(node, Scalar):
        return node if isinstance(node.value, str | None) else None
    return next((found for item in items(node) if (found := _first_non_number(item)) is not None), None)
