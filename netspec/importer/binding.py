"""What a traced call names: the record of a function, and its arguments by torch's names."""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any

from torch.overrides import get_testing_overrides

from netspec.importer.failure import NotSayable
from netspec.importer.trace import TracedCall, Value
from netspec.layers.record import Layer
from netspec.layers.table import TABLE

OPERATORS = frozenset({"add", "sub", "mul", "truediv", "div", "matmul", "pow", "floordiv", "mod", "and", "or", "xor"})
OTHER_NAMES = {
    "cat": "concat",
    "concatenate": "concat",
    "view": "reshape",
    "view_as": "reshape",
    "reshape_as": "reshape",
    "swapaxes": "transpose",
    "swapdims": "transpose",
    "movedim": "moveaxis",
    "absolute": "abs",
    "negative": "neg",
    "clip": "clamp",
    "bmm": "matmul",
    "special_erf": "erf",
    "invert": "logical_not",
    "expand_as": "expand",
    "upsample": "interpolate",
}


def short_name(function: str) -> str:
    """torch's name without what only says how it is called: `add` of `torch.Tensor.__iadd__` and `torch.add_`."""
    name = function.removesuffix(".__get__").rpartition(".")[2]
    if name.startswith("__") and name.endswith("__"):
        name = name.strip("_")
        name = name[1:] if name[:1] == "i" and name[1:] in OPERATORS else name
    return OTHER_NAMES.get(name.rstrip("_"), name.rstrip("_"))


@cache
def _by_small_letters() -> dict[str, Layer]:
    """The records of layers by their names in small letters."""
    return {name.lower(): record for name, record in TABLE.items() if not record.is_function and not record.tensor}


def record_of_function(name: str) -> Layer | None:
    """The record of a function by its short name, or of the layer that does the same: MaxPool2d for max_pool2d."""
    record = TABLE.get(name)
    if record is not None and record.is_function:
        return record
    return _by_small_letters().get(name.replace("_", ""))


def bound(call: TracedCall) -> dict[str, Any]:
    """The arguments of a call by torch's names, without those that were left out.

    Raises:
        NotSayable: they have no names.
    """
    signature = _signature(call.callee)
    names = [] if signature is None else [*signature.parameters]
    if signature is None and all(isinstance(each, Value) for each in call.args):
        names = [f"input{index}" for index in range(len(call.args))]
    if len(call.args) > len(names):
        raise NotSayable(f"it is called with {len(call.args)} arguments, whose names are unknown")
    return {**dict(zip(names, call.args, strict=False)), **call.kwargs}


@cache
def _signature(function: Any) -> inspect.Signature | None:
    overrides = get_testing_overrides()
    if function in overrides:
        return inspect.signature(overrides[function])
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return None
