"""Arithmetic with numbers and between tensors, whose axes are broadcast."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from netspec.importer.aligning import together
from netspec.importer.binding import short_name
from netspec.importer.failure import NotSayable
from netspec.importer.held import Held
from netspec.importer.trace import TracedCall, Value
from netspec.layers.table import TABLE

if TYPE_CHECKING:
    from netspec.importer.lowering import Lowering

# torch's name → the record's, and whether the operands are exchanged.
_BINARY = {
    **{name: (name, False) for name in ("add", "sub", "mul", "div", "eq", "ne", "lt", "le", "gt", "ge")},
    **{name: (name, False) for name in ("maximum", "minimum")},
    "radd": ("add", True),
    "rsub": ("sub", True),
    "rmul": ("mul", True),
    "rdiv": ("div", True),
    "truediv": ("div", False),
    "rtruediv": ("div", True),
    "true_divide": ("div", False),
    "divide": ("div", False),
    "multiply": ("mul", False),
    "subtract": ("sub", False),
    "greater": ("gt", False),
    "less": ("lt", False),
    "not_equal": ("ne", False),
}
_NEUTRAL = {("add", 0), ("sub", 0), ("mul", 1), ("div", 1)}


def _one_of_each(lowering: Lowering, name: str, x: Held, other: float) -> list[Held]:
    if (name, other) in _NEUTRAL:
        return [x]
    if name in ("maximum", "minimum"):
        raise NotSayable("one of the two is a number")
    return lowering.emit(name, [x], {"other": other}, [x.shape])


def binary(lowering: Lowering, call: TracedCall) -> list[Held]:
    """An operation of two tensors, or of a tensor and a number on either side."""
    name, exchanged = _BINARY[short_name(call.function)]
    operands = [*call.args, *(call.kwargs[key] for key in ("input", "other") if key in call.kwargs)]
    rest = {key: value for key, value in call.kwargs.items() if key not in ("input", "other", "out")}
    if {key: value for key, value in rest.items() if (key, value) != ("alpha", 1) and value is not None}:
        raise NotSayable(f"it is called with {rest}")
    if len(operands) != 2:
        raise NotSayable(f"it is called with {len(operands)} operands")
    first, second = reversed(operands) if exchanged else operands
    if isinstance(first, Value) and isinstance(second, Value):
        pair = [lowering.held(first), lowering.held(second)]
        pair = together(lowering, pair, call.result.shape)
        return lowering.emit(name, pair, {}, [call.result.shape])
    if isinstance(first, Value) and isinstance(second, int | float) and not isinstance(second, bool):
        return _one_of_each(lowering, name, lowering.held(first), second)
    if not isinstance(second, Value) or not isinstance(first, int | float):
        raise NotSayable(f"an operand is {first if not isinstance(first, Value) else second!r}")
    x = lowering.held(second)
    if name in ("add", "mul"):
        return _one_of_each(lowering, name, x, first)
    if name == "sub":
        (negative,) = lowering.emit("neg", [x], {}, [x.shape])
        return _one_of_each(lowering, "add", negative, first)
    if name == "div" and first == 1:
        type_, args = ("reciprocal", {}) if "reciprocal" in TABLE else ("pow", {"exponent": -1})
        return lowering.emit(type_, [x], args, [x.shape])
    raise NotSayable(f"the number {first} comes first")


def power(lowering: Lowering, call: TracedCall) -> list[Held]:
    """A tensor to the power of a number."""
    base, exponent = (*call.args, *call.kwargs.values())[:2]
    if not isinstance(base, Value) or not isinstance(exponent, int | float):
        raise NotSayable("the exponent is no number")
    x = lowering.held(base)
    return lowering.emit("pow", [x], {"exponent": exponent}, [x.shape])


def matmul(lowering: Lowering, call: TracedCall) -> list[Held]:
    """The product of the last two axes; the batch is before them."""
    operands = [*call.args, *call.kwargs.values()]
    if call.function.endswith("__rmatmul__"):
        operands.reverse()
    pair = [lowering.held(each) for each in operands[:2]]
    shape = call.result.shape
    if min(x.rank for x in pair) < 2:
        raise NotSayable("one of the two has a single axis")
    first, second = together(lowering, pair, shape)
    for x in (first, second):
        if x.at is not None and x.at >= x.rank - 2:
            raise NotSayable("the product runs along the batch")
    return lowering.emit("matmul", [first, second], {}, [shape])


def einsum(lowering: Lowering, call: TracedCall) -> list[Held]:
    """Sums of products by letters."""
    equation, *operands = call.args
    if len(operands) == 1 and isinstance(operands[0], list | tuple):
        operands = [*operands[0]]
    inputs = [lowering.held(each) for each in operands]
    if not all(x.usual for x in inputs):
        raise NotSayable("the batch does not come first in all inputs")
    return lowering.emit("einsum", inputs, {"equation": equation}, [call.result.shape])


HANDLERS: dict[str, Callable[[Lowering, TracedCall], list[Held]]] = {
    **dict.fromkeys(_BINARY, binary),
    "pow": power,
    "matmul": matmul,
    "rmatmul": matmul,
    "einsum": einsum,
}
