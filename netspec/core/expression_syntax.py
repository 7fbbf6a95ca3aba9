"""The text of an expression → its tree: a recursive-descent parser with bounds on length and depth.

Python's `ast` does not serve: what it says of a wrong expression, and where, differs between versions. Grammar, loosest
first: `… if … else …`, `or`, `and`, `not`, comparisons, `+ -`, `* / // %`, unary `-`, `**`, `list[index]`, then
numbers, texts in quotes, names, parentheses, and the functions of `FUNCTIONS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

LONGEST, DEEPEST = 200, 30
FUNCTIONS = ("abs", "ceil", "floor", "int", "len", "max", "min", "round", "sum")
KEYWORDS = {"and", "or", "not", "if", "else", "min", "max", "true", "false"}

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>(?:0|[1-9]\d*)(?:\.\d+)?(?![\w.]))|(?P<name>[^\W\d]\w*)"""
    r"""|(?P<text>"[^"\\\n]*"|'[^'\\\n]*')|(?P<op>\*\*|//|[<>=!]=|[-+*/%()<>,\[\]]))"""
)
_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
# ("value", v), ("name", text, offset), ("operator", symbol, left, right), ("negative", node), ("index", list, index),
# ("call", function, *nodes), ("and" | "or", left, right), ("not", node), ("if", condition, then, otherwise)
Node = tuple[Any, ...]


class ExpressionError(ValueError):
    """An expression that cannot be parsed or evaluated.

    Args:
        message: what is wrong.
        offset: the index of the wrong character in the text.
        name: the parameter that is unknown, where that is what is wrong.
        instead: the expression that is probably meant.
    """

    def __init__(self, message: str, offset: int = 0, name: str | None = None, instead: str | None = None) -> None:
        super().__init__(message)
        self.offset = offset
        self.name = name
        self.instead = instead


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
        kind, text, _ = self.tokens[self.at]
        return kind != "text" and text in texts

    def take(self) -> tuple[str, str, int]:
        self.at += 1
        return self.tokens[self.at - 1]

    def parse(self) -> Node:
        tree = self.nested(self.choice)
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

    def choice(self) -> Node:
        tree = self.either()
        if not self.peek("if"):
            return tree
        self.take()
        condition = self.either()
        if not self.peek("else"):
            raise ExpressionError("`if` needs an `else`: a if condition else b", self.tokens[self.at][2])
        self.take()
        return ("if", condition, tree, self.nested(self.choice))

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
        if self.peek(*_COMPARISONS):
            tree = ("operator", self.take()[1], tree, self.sum())
        return tree

    def sum(self) -> Node:
        return self.binary(("+", "-"), lambda: self.binary(("*", "/", "//", "%"), self.unary))

    def binary(self, symbols: tuple[str, ...], operand: Callable[[], Node]) -> Node:
        tree = operand()
        while self.peek(*symbols):
            tree = ("operator", self.take()[1], tree, operand())
        return tree

    def unary(self) -> Node:
        sign = 1
        while self.peek("-", "+"):
            sign *= -1 if self.take()[1] == "-" else 1
        tree = self.indexed()
        if self.peek("**"):
            self.take()
            tree = ("operator", "**", tree, self.nested(self.unary))
        return tree if sign == 1 else ("negative", tree)

    def indexed(self) -> Node:
        tree = self.atom()
        while self.peek("["):
            self.take()
            tree = ("index", tree, self.nested(self.choice))
            self.close("]", "a closing bracket is missing")
        return tree

    def atom(self) -> Node:
        kind, text, offset = self.take()
        if kind == "number":
            return ("value", float(text) if "." in text else int(text))
        if kind == "text":
            return ("value", text[1:-1])
        if text in ("true", "false"):
            return ("value", text == "true")
        if kind == "name" and self.peek("(") and (text in FUNCTIONS or text not in KEYWORDS):
            if text not in FUNCTIONS:
                raise ExpressionError(f"no function {text!r}; there are {', '.join(FUNCTIONS)}", offset)
            return self.call(text)
        if kind == "name" and text not in KEYWORDS:
            return ("name", text, offset)
        if text == "(":
            tree = self.nested(self.choice)
            self.close(")", "a closing parenthesis is missing")
            return tree
        raise ExpressionError(f"unexpected {text!r}" if text else "it ends too early", offset)

    def call(self, function: str) -> Node:
        self.take()
        arguments = [self.nested(self.choice)]
        while self.peek(","):
            self.take()
            arguments.append(self.nested(self.choice))
        self.close(")", "a closing parenthesis is missing")
        return ("call", function, *arguments)

    def close(self, symbol: str, message: str) -> None:
        _, text, offset = self.take()
        if text != symbol:
            raise ExpressionError(f"{message} (a comma in {{…}} or […] needs quotes)", offset)


@lru_cache(maxsize=4096)
def parsed(text: str) -> Node:
    """The tree of an expression.

    Args:
        text: the expression.

    Raises:
        ExpressionError: it does not parse, or exceeds the bounds.
    """
    if len(text) > LONGEST:
        raise ExpressionError(f"longer than {LONGEST} characters")
    return _Parser(text).parse()
