"""The kinds of values that layer arguments take: what they accept, how they are described and their JSON Schema.

Input: values that are evaluated already (an expression is a number by then). Output: what torch's constructor gets.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

LARGEST = 2**31 - 1
EXPRESSION_SCHEMA: dict[str, Any] = {"$ref": "#/$defs/expression"}


class Kind(ABC):
    """A kind of argument value."""

    @property
    @abstractmethod
    def wants(self) -> str:
        """The kind in a person's words, to follow "expected"."""

    @abstractmethod
    def accept(self, value: object) -> object:
        """`value` as torch takes it; ValueError with a reason, or with none where `wants` explains it."""

    def literal(self, text: str) -> bool:
        """Whether `text` stands for itself, rather than being an expression."""
        return False

    @abstractmethod
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of what may be written."""


@dataclass(frozen=True)
class Int(Kind):
    """An integer of at least `least`."""

    least: int | None = None

    @property
    def wants(self) -> str:
        if self.least is None:
            return "an integer"
        return "a positive integer" if self.least == 1 else f"an integer ≥ {self.least}"

    def accept(self, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError
        if self.least is not None and value < self.least:
            raise ValueError
        if abs(value) > LARGEST:
            raise ValueError(f"at most {LARGEST}")
        return value

    def schema(self) -> dict[str, Any]:
        number: dict[str, Any] = {"type": "integer"}
        return {"anyOf": [number if self.least is None else {**number, "minimum": self.least}, EXPRESSION_SCHEMA]}


@dataclass(frozen=True)
class Float(Kind):
    """A number, with bounds that include their ends."""

    least: float | None = None
    most: float | None = None

    @property
    def wants(self) -> str:
        if self.least is not None and self.most is not None:
            return f"a number from {self.least:g} to {self.most:g}"
        return "a number" if self.least is None else f"a number ≥ {self.least:g}"

    def accept(self, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError
        if (self.least is not None and not value >= self.least) or (self.most is not None and not value <= self.most):
            raise ValueError
        return value

    def schema(self) -> dict[str, Any]:
        bounds = {"minimum": self.least, "maximum": self.most}
        number = {"type": "number", **{key: bound for key, bound in bounds.items() if bound is not None}}
        return {"anyOf": [number, EXPRESSION_SCHEMA]}


@dataclass(frozen=True)
class Bool(Kind):
    """true or false."""

    wants = "true or false"

    def accept(self, value: object) -> bool:
        if not isinstance(value, bool):
            raise ValueError
        return value

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [{"type": "boolean"}, EXPRESSION_SCHEMA]}


@dataclass(frozen=True)
class Word(Kind):
    """One of a few words."""

    words: tuple[str, ...]

    @property
    def wants(self) -> str:
        return self.words[0] if len(self.words) == 1 else ", ".join(self.words[:-1]) + " or " + self.words[-1]

    def accept(self, value: object) -> str:
        if value not in self.words:
            raise ValueError
        return str(value)

    def literal(self, text: str) -> bool:
        return text in self.words

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.words)}


def _items(value: object, length: int | None) -> list[Any] | tuple[Any, ...]:
    """The items of a list; ValueError for what is no list, or not of that length."""
    if not isinstance(value, list | tuple) or (length is not None and len(value) != length):
        raise ValueError
    return value


def _list_schema(items: Kind, length: int | None) -> dict[str, Any]:
    lengths = {} if length is None else {"minItems": length, "maxItems": length}
    return {"type": "array", "items": items.schema(), **lengths}


@dataclass(frozen=True)
class Ints(Kind):
    """A list of integers; of `length` ones where that is given."""

    length: int | None = None
    least: int | None = None

    @property
    def wants(self) -> str:
        count = "" if self.length is None else f"{self.length} "
        bound = "" if self.least is None else f" ≥ {self.least}"
        noun = "integer" if self.length == 1 else "integers"
        return f"a list of {count}{noun}{bound}"

    def accept(self, value: object) -> tuple[int, ...]:
        return tuple(Int(self.least).accept(item) for item in _items(value, self.length))

    def schema(self) -> dict[str, Any]:
        return _list_schema(Int(self.least), self.length)


@dataclass(frozen=True)
class Text(Kind):
    """Text that stands for itself, of the characters of `pattern`; `what` names it in messages."""

    what: str
    pattern: str
    longest: int = 200

    @property
    def wants(self) -> str:
        return self.what

    def accept(self, value: object) -> str:
        if not isinstance(value, str) or len(value) > self.longest or not re.fullmatch(self.pattern, value):
            raise ValueError
        return value

    def literal(self, text: str) -> bool:
        return True

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^({self.pattern})$", "maxLength": self.longest}


@dataclass(frozen=True)
class Null(Kind):
    """null, which is None in torch."""

    wants = "null"

    def accept(self, value: object) -> None:
        if value is not None:
            raise ValueError

    def schema(self) -> dict[str, Any]:
        return {"type": "null"}


@dataclass(frozen=True)
class Anything(Kind):
    """Every value of a spec except a mapping; text that is no expression over known parameters stands for itself."""

    wants = "a number, true, false, null, text or a list"

    def accept(self, value: object) -> object:
        if isinstance(value, list | tuple):
            return tuple(self.accept(item) for item in value)
        if isinstance(value, int) and not isinstance(value, bool):
            return Int().accept(value)
        if value is not None and not isinstance(value, bool | float | str):
            raise ValueError
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": ["number", "boolean", "null", "string", "array"]}


@dataclass(frozen=True)
class Several(Kind):
    """A list, each item of another `kind`; of `length` ones where that is given."""

    kind: Kind
    length: int | None = None

    @property
    def wants(self) -> str:
        return f"a list of {'' if self.length is None else f'{self.length} times '}{self.kind.wants}"

    def accept(self, value: object) -> tuple[object, ...]:
        return tuple(self.kind.accept(item) for item in _items(value, self.length))

    def literal(self, text: str) -> bool:
        return self.kind.literal(text)

    def schema(self) -> dict[str, Any]:
        return _list_schema(self.kind, self.length)


@dataclass(frozen=True, init=False)
class Either(Kind):
    """The first of several kinds that accepts."""

    kinds: tuple[Kind, ...]

    def __init__(self, *kinds: Kind) -> None:
        object.__setattr__(self, "kinds", kinds)

    @property
    def wants(self) -> str:
        return ", ".join(kind.wants for kind in self.kinds[:-1]) + " or " + self.kinds[-1].wants

    def accept(self, value: object) -> object:
        for kind in self.kinds:
            try:
                return kind.accept(value)
            except ValueError:
                continue
        raise ValueError

    def literal(self, text: str) -> bool:
        return any(kind.literal(text) for kind in self.kinds)

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [kind.schema() for kind in self.kinds]}


def size_nd(axes: int, least: int = 1) -> Kind:
    """torch's `_size_1_t`, `_size_2_t` and `_size_3_t`: one integer for all axes, or one for each."""
    return Either(Int(least), Ints(axes, least))


def optional(kind: Kind) -> Kind:
    """`kind` or null."""
    return Either(kind, Null())
