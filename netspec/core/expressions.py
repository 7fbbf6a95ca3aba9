"""Expressions over parameters → their values: `64*4*4`, `widths[i]`, `int(width*1.5)`, `mode == "same"`.

Values are numbers, true, false, texts, lists of values, and layers with arguments; results are bounded in size.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Collection, Mapping
from typing import Any

from netspec.core.dataclass import dataclass
from netspec.core.expression_syntax import KEYWORDS, ExpressionError, Node, parsed
from netspec.core.tree import Node as TreeNode
from netspec.core.tree import Scalar

__all__ = ["ExpressionError", "LayerValue", "Value", "evaluate", "is_name", "names_in", "reads"]


@dataclass(frozen=True, slots=True)
class LayerValue:
    """A parameter's value that is a layer or block with some of its arguments, as `{BatchNorm2d: {eps: 1e-3}}`.

    Args:
        type: the node of its type.
        argument: the node after the type, whose expressions are evaluated.
    """

    type: Scalar
    argument: TreeNode

    def __str__(self) -> str:
        return f"{self.type.text} with arguments"


Value = int | float | bool | str | None | LayerValue | tuple["Value", ...]
LARGEST = 2**62


def _divide(a: Any, b: Any) -> int | float:
    quotient: int | float = a / b
    return a // b if isinstance(a, int) and isinstance(b, int) and a % b == 0 else quotient


def _power(a: Any, b: Any) -> int | float:
    if isinstance(b, float) or not 0 <= b <= 64:
        raise ExpressionError("the exponent has to be an integer from 0 to 64")
    result = 1
    for _ in range(b):
        result = _bounded(result * a)
    return result


def _equal(a: Any, b: Any) -> bool:
    a, b = (each.type.text if isinstance(each, LayerValue) else each for each in (a, b))
    return bool(a == b)


_ARITHMETIC: dict[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": _power,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_OF_ONE_NUMBER: dict[str, Callable[[Any], Any]] = {
    "abs": abs,
    "ceil": math.ceil,
    "floor": math.floor,
    "int": int,
    "round": round,
}
_OF_NUMBERS: dict[str, Callable[[Any], Any]] = {"max": max, "min": min, "sum": sum}


def _bounded(value: Any) -> Any:
    if isinstance(value, int | float) and abs(value) > LARGEST:
        raise ExpressionError("the result is larger than 2^62")
    return value


def _number(value: Any, what: str) -> Any:
    if not isinstance(value, int | float):
        raise ExpressionError(f"{what} needs numbers, got {_shown(value)}")
    if what == "arithmetic" and not math.isfinite(value):
        raise ExpressionError(f"{what} needs finite numbers, got {value}")
    return value


def _shown(value: Value) -> str:
    if isinstance(value, tuple):
        items = len(value)
        return f"a list of {items}"
    return f"the text {value!r}" if isinstance(value, str) else str(value)


def _truth(value: Value) -> bool:
    if isinstance(value, str | tuple | LayerValue):
        raise ExpressionError(f'a condition is true or false, got {_shown(value)}; compare it, as in mode == "same"')
    return bool(value)


def _call(function: str, values: list[Any]) -> Any:
    if function == "len":
        if len(values) != 1 or not isinstance(values[0], tuple):
            raise ExpressionError("len takes one list")
        return len(values[0])
    if function in _OF_ONE_NUMBER:
        if len(values) != 1:
            raise ExpressionError(f"{function} takes one number, got {len(values)}")
        number = _number(values[0], function)
        if not math.isfinite(number):
            raise ExpressionError(f"{function} takes a finite number, got {number}")
        return _OF_ONE_NUMBER[function](number)
    numbers = values[0] if len(values) == 1 and isinstance(values[0], tuple) else values
    if not numbers and function != "sum":
        raise ExpressionError(f"{function} of an empty list")
    return _OF_NUMBERS[function]([_number(value, function) for value in numbers])


def _item(values: Any, index: Any) -> Value:
    if not isinstance(values, tuple):
        raise ExpressionError(f"only lists have values by number, got {_shown(values)}")
    if isinstance(index, bool) or not isinstance(index, int):
        raise ExpressionError(f"a value of a list has an integer for its number, got {_shown(index)}")
    if not -len(values) <= index < len(values):
        raise ExpressionError(f"the list has {len(values)} values, numbered from 0; got {index}")
    found: Value = values[index]
    return found


def _value(node: Node, names: Mapping[str, Value]) -> Any:
    match node:
        case ("value", value):
            return _bounded(value)
        case ("name", name, offset):
            if name not in names:
                raise ExpressionError(f"no parameter {name!r}", offset, name)
            return names[name]
        case ("operator", "==" | "!=" as symbol, left, right):
            return _equal(_value(left, names), _value(right, names)) == (symbol == "==")
        case ("operator", symbol, left, right):
            what = "arithmetic" if symbol[0] not in "<>" else symbol
            a, b = _number(_value(left, names), what), _number(_value(right, names), what)
            return _bounded(_ARITHMETIC[symbol](a, b))
        case ("negative", operand):
            return -_number(_value(operand, names), "arithmetic")
        case ("not", operand):
            return not _truth(_value(operand, names))
        case ("and", left, right):
            return _truth(_value(left, names)) and _truth(_value(right, names))
        case ("or", left, right):
            return _truth(_value(left, names)) or _truth(_value(right, names))
        case ("if", condition, then, otherwise):
            return _value(then if _truth(_value(condition, names)) else otherwise, names)
        case ("index", values, index):
            return _item(_value(values, names), _value(index, names))
    return _bounded(_call(node[1], [_value(operand, names) for operand in node[2:]]))


def evaluate(text: str, names: Mapping[str, Value]) -> Value:
    """The value of an expression.

    Args:
        text: the expression.
        names: the parameters in scope, with their values.

    Raises:
        ExpressionError: it does not parse, names an unknown parameter, divides by zero or exceeds the bounds.
    """
    try:
        value: Value = _value(parsed(text), names)
    except ZeroDivisionError:
        raise ExpressionError("division by zero") from None
    except OverflowError as error:
        raise ExpressionError(str(error)) from None
    return value


def names_in(text: str) -> set[str]:
    """The parameters that an expression reads; none where it does not parse."""

    def walk(node: Node) -> set[str]:
        if node[0] == "name":
            return {node[1]}
        return set().union(*(walk(child) for child in node[1:] if isinstance(child, tuple)))

    try:
        return walk(parsed(text))
    except ExpressionError:
        return set()


def reads(text: str, names: Collection[str]) -> bool:
    """Whether text in quotes is an expression: it reads parameters, all of them known, and is more than a name."""
    return not is_name(text) and bool(found := names_in(text)) and found.issubset(names)


def is_name(text: str) -> bool:
    """Whether the expression is a single name."""
    return text.isidentifier() and text not in KEYWORDS
