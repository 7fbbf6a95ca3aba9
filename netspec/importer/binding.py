"""What a traced call names: the record of a function, and its arguments by torch's names."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from inspect import Parameter
from typing import Any

from netspec.importer.failure import NotSayable
from netspec.importer.signatures import arguments_of, signature_of
from netspec.importer.traced import TracedCall, Value
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
    "mm": "matmul",
    "spmm": "matmul",  # as torch.overrides names torch.mm
    "special_erf": "erf",
    "invert": "logical_not",
    "bitwise_not": "logical_not",
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


def records_of_function(name: str) -> list[Layer]:
    """The records for a function's short name: the function's, and the layer's that does the same (MaxPool2d for
    max_pool2d).
    """
    own = TABLE.get(name)
    layer = _by_small_letters().get(name.replace("_", ""))
    return [each for each in (own if own is not None and own.is_function else None, layer) if each is not None]


@dataclass(frozen=True)
class Given:
    """The arguments of a call by torch's names, and torch's defaults of those that have one."""

    args: dict[str, Any]
    defaults: dict[str, Any]

    def says(self, name: str) -> bool:
        """Whether an argument says more than torch's default."""
        value = self.args[name]
        return value is not None and not (name in self.defaults and _same(value, self.defaults[name]))


def _same(value: Any, default: Any) -> bool:
    return type(value) is type(default) and value == default


def given(call: TracedCall) -> Given:
    """The arguments of a call by torch's names, without those that were left out.

    Raises:
        NotSayable: they have no names.
    """
    signature = signature_of(call)
    try:
        if signature is not None:
            args = arguments_of(call, signature)
            defaults = {name: each.default for name, each in signature.parameters.items()}
            return Given(args, {name: each for name, each in defaults.items() if each is not Parameter.empty})
    except TypeError:
        pass
    if not all(isinstance(each, Value) for each in call.args):
        raise NotSayable(f"it is called with {len(call.args)} arguments, whose names are unknown")
    return Given({**{f"input{index}": each for index, each in enumerate(call.args)}, **call.kwargs}, {})


def bound(call: TracedCall) -> dict[str, Any]:
    """The arguments of a call by torch's names, without those that were left out.

    Raises:
        NotSayable: they have no names.
    """
    return given(call).args
