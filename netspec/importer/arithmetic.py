"""Arithmetic with numbers and between tensors, whose axes are broadcast."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from netspec.importer.aligning import together
from netspec.importer.binding import bound, short_name
from netspec.importer.constants import filled_like
from netspec.importer.failure import NotSayable
from netspec.importer.held import Held
from netspec.importer.traced import TracedCall, Value

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
    **{f"{how}{name}": (f"logical_{name}", False) for name in ("and", "or", "xor") for how in ("", "bitwise_")},
    **{f"r{name}": (f"logical_{name}", True) for name in ("and", "or", "xor")},
}
_LOGICAL = frozenset({"logical_and", "logical_or", "logical_xor"})
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
    if name in _LOGICAL and call.result.dtype != "bool":
        raise NotSayable("it works on the bits of whole numbers")
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
    if name == "div":  # torch itself computes it so
        (one,) = lowering.emit("reciprocal", [x], {}, [x.shape])
        return _one_of_each(lowering, "mul", one, first)
    raise NotSayable(f"the number {first} comes first")


def power(lowering: Lowering, call: TracedCall) -> list[Held]:
    """A tensor or a number to the power of a number or a tensor."""
    base, exponent = (*call.args, *call.kwargs.values())[:2]
    if short_name(call.function) == "rpow":
        base, exponent = exponent, base
    if isinstance(base, Value) and isinstance(exponent, int | float):
        x = lowering.held(base)
        return lowering.emit("pow", [x], {"exponent": exponent}, [x.shape])
    pair = [lowering.held(each) if isinstance(each, Value) else None for each in (base, exponent)]
    if pair[0] is None:
        assert pair[1] is not None
        pair[0] = filled_like(lowering, pair[1], base)
    return lowering.emit(
        "pow", together(lowering, [x for x in pair if x is not None], call.result.shape), {}, [call.result.shape]
    )


def fused(lowering: Lowering, call: TracedCall) -> list[Held]:
    """`addcmul` and `addcdiv`: a tensor, and the product or quotient of two others, times a number."""
    given = bound(call)
    name = "div" if short_name(call.function) == "addcdiv" else "mul"
    shape = call.result.shape
    pair = together(lowering, [lowering.held(given[key]) for key in ("tensor1", "tensor2")], shape)
    (out,) = lowering.emit(name, pair, {}, [shape])
    (out,) = _one_of_each(lowering, "mul", out, given.get("value", 1))
    pair = together(lowering, [lowering.held(given["input"]), out], shape)
    return lowering.emit("add", pair, {}, [shape])


HANDLERS: dict[str, Callable[[Lowering, TracedCall], list[Held]]] = {
    **dict.fromkeys(_BINARY, binary),
    **dict.fromkeys(("addcmul", "addcdiv"), fused),
    "pow": power,
    "rpow": power,
}
