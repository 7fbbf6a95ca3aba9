"""Formulas over indices → Python source for torch: `(i0//7 - i1//7 + 6)*13`, `i0 >= i1`, `sin(i0 / 10000**(i1/64))`.

`i0`, `i1`, … are the index along each axis of the tensor that the formula fills; other names are parameters. The
grammar is that of expressions (netspec.core.expressions) with the functions of `FUNCTIONS`. What holds no index is
worked out here, so the source names nothing but indices and torch's functions.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from netspec.core.dataclass import dataclass
from netspec.core.expression_syntax import DEEPEST, LONGEST, ExpressionError
from netspec.core.expressions import LARGEST
from netspec.layers.arguments import Kind

INDEX = re.compile(r"\bi[0-9]\b")
FUNCTIONS: dict[str, Callable[[float], float]] = {
    "abs": abs,
    "cos": math.cos,
    "exp": math.exp,
    "floor": math.floor,
    "log": math.log,
    "log2": math.log2,
    "sign": lambda x: (x > 0) - (x < 0),
    "sin": math.sin,
    "sqrt": math.sqrt,
}
_KEEPS_INTEGERS = frozenset({"abs", "floor", "sign"})
_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?(?![\w.]))|([^\W\d]\w*)|(\*\*|//|[<>=!]=|[-+*/%()<>]))")
_WEAKEST, _OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _UNARY, _POWER, _ATOM = range(10)
_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")


@dataclass(frozen=True)
class Formula:
    """A formula as Python source.

    Args:
        source: over `i0`, `i1`, ….
        axes: the largest index that it names, and 1.
        dtype: what torch makes of it: int64, float32 or bool.
    """

    source: str
    axes: int
    dtype: str


@dataclass(frozen=True)
class _Part:
    """A part of a formula: its source and how tightly that binds; `number` is its value where it has no index."""

    source: str
    binds: int
    dtype: str
    number: Any = None

    def within(self, binds: int) -> str:
        return self.source if self.binds >= binds else f"({self.source})"


def _number(value: Any) -> _Part:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LARGEST:
        raise ExpressionError("arithmetic needs numbers up to 2^62")
    binds = _ATOM if value >= 0 else _UNARY
    return _Part(repr(value), binds, "int64" if isinstance(value, int) else "float32", value)


class _Parser:
    def __init__(self, text: str, names: Mapping[str, object]) -> None:
        self.names, self.tokens, position = names, list[tuple[str, int]](), 0
        while text[position:].strip():
            match = _TOKEN.match(text, position)
            if match is None:
                offset = len(text) - len(text[position:].lstrip())
                raise ExpressionError(f"unexpected {text[offset]!r}", offset)
            self.tokens.append((match[match.lastindex or 0], match.start(match.lastindex or 0)))
            position = match.end()
        self.tokens.append(("", len(text)))
        self.at = self.depth = self.axes = 0

    def take(self, *wanted: str) -> str | None:
        """The next token, if it is one of those."""
        token = self.tokens[self.at][0]
        if token not in wanted:
            return None
        self.at += 1
        return token

    def whole(self) -> _Part:
        part = self.part(_OR)
        token, offset = self.tokens[self.at]
        if token:
            raise ExpressionError(f"unexpected {token!r}", offset)
        return part

    def part(self, level: int) -> _Part:
        self.depth += 1
        if self.depth > 10 * DEEPEST:
            raise ExpressionError(f"nested more than {DEEPEST} deep", self.tokens[self.at][1])
        part = self.levels[level](self)
        self.depth -= 1
        return part

    def logic(self, level: int, word: str, sign: str) -> _Part:
        left = self.part(level + 1)
        while self.take(word):
            right = self.part(level + 1)
            if left.dtype != "bool" or right.dtype != "bool":
                raise ExpressionError(f"{word} joins comparisons")
            left = _Part(f"{left.within(_ATOM)} {sign} {right.within(_ATOM)}", level, "bool")
        return left

    def negation(self) -> _Part:
        if not self.take("not"):
            return self.part(_COMPARE)
        part = self.part(_NOT)
        if part.dtype != "bool":
            raise ExpressionError("not stands before a comparison")
        return _Part(f"~{part.within(_ATOM)}", _UNARY, "bool")

    def comparison(self) -> _Part:
        left = self.part(_SUM)
        sign = self.take(*_COMPARISONS)
        if sign is None:
            return left
        right = self.part(_SUM)
        _need_numbers(left, right)
        if left.number is not None and right.number is not None:
            raise ExpressionError("a comparison without an index is the same everywhere")
        return _Part(f"{left.within(_SUM)} {sign} {right.within(_SUM)}", _COMPARE, "bool")

    def binary(self, level: int, signs: tuple[str, ...]) -> _Part:
        left = self.part(level + 1)
        while sign := self.take(*signs):
            left = _combined(level, left, sign, self.part(level + 1))
        return left

    def unary(self) -> _Part:
        if self.take("+"):
            return self.part(_UNARY)
        if not self.take("-"):
            return self.power()
        part = self.part(_UNARY)
        _need_numbers(part)
        return (
            _number(-part.number) if part.number is not None else _Part(f"-{part.within(_UNARY)}", _UNARY, part.dtype)
        )

    def power(self) -> _Part:
        base = self.atom()
        if not self.take("**"):
            return base
        exponent = self.part(_UNARY)
        _need_numbers(base, exponent)
        if base.number is not None and exponent.number is not None:
            return _number(_worked_out(lambda: float(base.number) ** exponent.number, base, exponent))
        if exponent.number is not None and exponent.number < 0:
            raise ExpressionError("a power below 0 is written 1 / x ** n")
        if base.number is not None:  # torch has no integer to the power of a negative one
            return _Part(f"{float(base.number)!r} ** {exponent.within(_UNARY)}", _POWER, "float32")
        dtype = "int64" if base.dtype == exponent.dtype == "int64" and exponent.number is not None else "float32"
        if dtype == "float32" and exponent.number is None:
            raise ExpressionError("a power with an index in both places: write exp(b*log(a))")
        return _Part(f"{base.within(_ATOM)} ** {exponent.within(_UNARY)}", _POWER, dtype)

    def atom(self) -> _Part:
        token, offset = self.tokens[self.at]
        self.at += 1
        if token[:1].isdigit():
            return _number(float(token) if "." in token else int(token))
        if token in FUNCTIONS and self.take("("):
            part = self.enclosed()
            _need_numbers(part)
            if part.number is not None:
                return _number(_worked_out(lambda: FUNCTIONS[token](part.number), part))
            kept = token in _KEEPS_INTEGERS and part.dtype == "int64"
            return _Part(f"torch.{token}({part.source})", _ATOM, "int64" if kept else "float32")
        if INDEX.fullmatch(token):
            self.axes = max(self.axes, int(token[1:]) + 1)
            return _Part(token, _ATOM, "int64")
        if token == "(":
            return self.enclosed()
        if token.isidentifier():
            if token not in self.names:
                raise ExpressionError(f"no parameter or function {token!r}", offset, token)
            return _number(self.names[token])
        raise ExpressionError(f"unexpected {token!r}" if token else "it ends too early", offset)

    def enclosed(self) -> _Part:
        part = self.part(_OR)
        if not self.take(")"):
            raise ExpressionError("a closing parenthesis is missing", self.tokens[self.at][1])
        return part

    levels: ClassVar[dict[int, Callable[[_Parser], _Part]]] = {
        _OR: lambda self: self.logic(_OR, "or", "|"),
        _AND: lambda self: self.logic(_AND, "and", "&"),
        _NOT: lambda self: self.negation(),
        _COMPARE: lambda self: self.comparison(),
        _SUM: lambda self: self.binary(_SUM, ("+", "-")),
        _PRODUCT: lambda self: self.binary(_PRODUCT, ("*", "/", "//", "%")),
        _UNARY: lambda self: self.unary(),
    }


def _need_numbers(*parts: _Part) -> None:
    if any(part.dtype == "bool" for part in parts):
        raise ExpressionError("arithmetic needs numbers, this is true or false")


def _worked_out(value: Callable[[], Any], *parts: _Part) -> Any:
    try:
        found = value()
    except (ValueError, OverflowError, ZeroDivisionError) as error:
        raise ExpressionError(str(error)) from None
    whole = isinstance(found, float) and found.is_integer() and all(part.dtype == "int64" for part in parts)
    return int(found) if whole else found


_NUMERIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
}


def _combined(level: int, left: _Part, sign: str, right: _Part) -> _Part:
    _need_numbers(left, right)
    if left.number is not None and right.number is not None:
        return _number(_worked_out(lambda: _NUMERIC[sign](left.number, right.number), left, right))
    if sign in ("//", "%") and not right.number:
        raise ExpressionError(f"what is right of {sign} has to be a number, and not 0")
    whole = left.dtype == right.dtype == "int64" and sign != "/"
    source = f"{left.within(level)} {sign} {right.within(level + 1)}"
    return _Part(source, level, "int64" if whole else "float32")


def parse(text: str, names: Mapping[str, object]) -> Formula:
    """A formula as Python source.

    Args:
        text: the formula.
        names: the parameters in scope, with their values.

    Raises:
        ExpressionError: it does not parse, or names an unknown parameter.
    """
    if len(text) > LONGEST:
        raise ExpressionError(f"longer than {LONGEST} characters")
    parser = _Parser(text, names)
    part = parser.whole()
    return Formula(part.source, parser.axes, part.dtype)


@dataclass(frozen=True)
class IndexFormula(Kind):
    """A formula over the indices i0, i1, … of a tensor."""

    wants = "a formula such as i0 >= i1"

    def reader(self, text: str) -> Callable[[str, Mapping[str, Any]], Any] | None:
        return parse if INDEX.search(text) else None

    def accept(self, value: object) -> Formula:
        if not isinstance(value, Formula):
            raise ValueError
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": r"\bi[0-9]\b", "maxLength": LONGEST}
