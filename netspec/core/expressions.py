"""Expressions over parameters → their values: `64*4*4`, `width*2`, `channels//2`, `stride > 1`.

A recursive-descent parser with bounds on length, depth and size. Python's `ast` does not serve: what it says of a
wrong expression, and where, differs between versions. Grammar, loosest first: `or`, `and`, `not`, comparisons, `+ -`,
`* / // %`, unary `-`, `**`, then numbers, names, parentheses, and `min(…)`, `max(…)`.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

Value = int | float | bool | str | None
LONGEST, DEEPEST, LARGEST = 200, 30, 2**62

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:0|[1-9]\d*)(?:\.\d+)?(?![\w.]))|(?P<name>[^\W\d]\w*)|(?P<op>\*\*|//|[<>=!]=|[-+*/%()<>,]))"
)
_COMPARE = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_KEYWORDS = {"and", "or", "not", "min", "max", "true", "false"}
Node = tuple[Any, ...]  # ("value", v), ("name", text, offset), ("call", f, *nodes), ("and" | "or" | "not", *nodes)


class ExpressionError(ValueError):
    """An expression that cannot be parsed or evaluated.

    Args:
        message: what is wrong.
        offset: the index of the wrong character in the text.
        name: the parameter that is unknown, where that is what is wrong.
    """

    def __init__(self, message: str, offset: int = 0, name: str | None = None) -> None:
        super().__init__(message)
        self.offset = offset
        self.name = name


def _divide(a: Any, b: Any) -> int | float:
    quotient = a / b
    return a // b if isinstance(a, int) and isinstance(b, int) and a % b == 0 else quotient


def _power(a: Any, b: Any) -> int | float:
    if isinstance(b, float) or not 0 <= b <= 64:
        raise ExpressionError("the exponent has to be an integer from 0 to 64")
    result = 1
    for _ in range(b):
        result = _bounded(result * a)
    return result


def _bounded(value: Any) -> Any:
    if isinstance(value, int | float) and abs(value) > LARGEST:
        raise ExpressionError("the result is larger than 2^62")
    return value


_SUMS: dict[str, Callable[..., Any]] = {"+": operator.add, "-": operator.sub}
_PRODUCTS: dict[str, Callable[..., Any]] = {
    "*": operator.mul,
    "/": _divide,
    "//": operator.floordiv,
    "%": operator.mod,
}


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str, int]] = []
        position = 0
        while text[position:].strip():
            match = _TOKEN.match(text, position)
            if match is None:
                offset = len(text) - len(text[position:].lstrip())
                raise ExpressionError(f"unexpected {text[offset]!r}", offset)
            kind = str(match.lastgroup)
            self.tokens.append((kind, match[kind], match.start(kind)))
            position = match.end()
        self.tokens.append(("end", "", len(text)))
        self.at = self.depth = 0

    def peek(self, *texts: str) -> bool:
        return self.tokens[self.at][1] in texts

    def take(self) -> tuple[str, str, int]:
        self.at += 1
        return self.tokens[self.at - 1]

    def parse(self) -> Node:
        tree = self.nested(self.either)
        kind, text, offset = self.tokens[self.at]
        if kind != "end":
            raise ExpressionError(f"unexpected {text!r}", offset)
        return tree

    def nested(self, operand: Callable[[], Node]) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise ExpressionError(f"nested more than {DEEPEST} deep", self.tokens[self.at][2])
        tree = operand()
        self.depth -= 1
        return tree

    def either(self) -> Node:
        return self.joined("or", lambda: self.joined("and", self.negation))

    def joined(self, word: str, operand: Callable[[], Node]) -> Node:
        tree = operand()
        while self.peek(word):
            self.take()
            tree = (word, tree, operand())
        return tree

    def negation(self) -> Node:
        count = 0
        while self.peek("not"):
            self.take()
            count += 1
        tree = self.comparison()
        return ("not", tree) if count % 2 else tree

    def comparison(self) -> Node:
        tree = self.sum()
        if self.peek(*_COMPARE):
            function = _COMPARE[self.take()[1]]
            tree = ("call", function, tree, self.sum())
        return tree

    def sum(self) -> Node:
        return self.binary(_SUMS, lambda: self.binary(_PRODUCTS, self.unary))

    def binary(self, table: dict[str, Callable[..., Any]], operand: Callable[[], Node]) -> Node:
        tree = operand()
        while self.peek(*table):
            function = table[self.take()[1]]
            tree = ("call", function, tree, operand())
        return tree

    def unary(self) -> Node:
        sign = 1
        while self.peek("-", "+"):
            sign *= -1 if self.take()[1] == "-" else 1
        tree = self.atom()
        if self.peek("**"):
            self.take()
            tree = ("call", _power, tree, self.nested(self.unary))
        return tree if sign == 1 else ("call", operator.neg, tree)

    def atom(self) -> Node:
        kind, text, offset = self.take()
        if kind == "number":
            return ("value", float(text) if "." in text else int(text))
        if text in ("true", "false"):
            return ("value", text == "true")
        if text in ("min", "max") and self.peek("("):
            self.take()
            arguments = [self.nested(self.either)]
            while self.peek(","):
                self.take()
                arguments.append(self.nested(self.either))
            self.close()
            return ("call", (lambda *v: min(v)) if text == "min" else (lambda *v: max(v)), *arguments)
        if kind == "name" and text not in _KEYWORDS:
            return ("name", text, offset)
        if text == "(":
            tree = self.nested(self.either)
            self.close()
            return tree
        raise ExpressionError(f"unexpected {text!r}" if text else "it ends too early", offset)

    def close(self) -> None:
        _, text, offset = self.take()
        if text != ")":
            raise ExpressionError("a closing parenthesis is missing (a comma in {…} or […] needs quotes)", offset)


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Node:
    if len(text) > LONGEST:
        raise ExpressionError(f"longer than {LONGEST} characters")
    return _Parser(text).parse()


def _value(node: Node, names: Mapping[str, Value]) -> Any:
    match node:
        case ("value", value):
            return _bounded(value)
        case ("name", name, offset):
            if name not in names:
                raise ExpressionError(f"no parameter {name!r}", offset, name)
            return names[name]
        case ("not", operand):
            return not _value(operand, names)
        case ("and", left, right):
            return bool(_value(left, names)) and bool(_value(right, names))
        case ("or", left, right):
            return bool(_value(left, names)) or bool(_value(right, names))
    function, operands = node[1], [_value(operand, names) for operand in node[2:]]
    if any(isinstance(operand, str) or operand is None for operand in operands) and function not in _COMPARE.values():
        raise ExpressionError("arithmetic needs numbers")
    return _bounded(function(*operands))


def evaluate(text: str, names: Mapping[str, Value]) -> Value:
    """The value of an expression.

    Args:
        text: the expression.
        names: the parameters in scope, with their values.

    Raises:
        ExpressionError: it does not parse, names an unknown parameter, divides by zero or exceeds the bounds.
    """
    try:
        value: Value = _value(_parsed(text), names)
    except ZeroDivisionError:
        raise ExpressionError("division by zero") from None
    except (TypeError, OverflowError) as error:
        raise ExpressionError(str(error)) from None
    return value


def names_in(text: str) -> set[str]:
    """The parameters that an expression reads; none where it does not parse."""

    def walk(node: Node) -> set[str]:
        if node[0] == "name":
            return {node[1]}
        return set().union(*(walk(child) for child in node[1:] if isinstance(child, tuple)))

    try:
        return walk(_parsed(text))
    except ExpressionError:
        return set()


def is_name(text: str) -> bool:
    """Whether the expression is a single name."""
    return text.isidentifier() and text not in _KEYWORDS
