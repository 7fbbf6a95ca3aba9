"""The kinds of values that layer arguments take: what they accept, how they are described and their JSON Schema.

Input: values that are evaluated already (an expression is a number by then). Output: what torch's constructor gets.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from netspec.core.dataclass import dataclass

LARGEST = 2**31 - 1
LARGEST_INT64 = 2**63 - 1
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

    def reader(self, text: str) -> Callable[[str, Mapping[str, Any]], Any] | None:
        """What reads `text`, given the parameters; None where it is an expression, as all text of most kinds."""
        return None

    @abstractmethod
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of what may be written."""


@dataclass(frozen=True)
class Int(Kind):
    """An integer of at least `least`, at most `most`; an odd one with `odd`."""

    least: int | None = None
    most: int | None = None
    odd: bool = False

    @property
    def bounds(self) -> str:
        """What follows "an integer" in `wants`."""
        if self.least is not None and self.most is not None:
            return f" from {self.least} to {self.most}"
        return f" ≥ {self.least}" if self.least is not None else f" ≤ {self.most}" if self.most is not None else ""

    @property
    def wants(self) -> str:
        noun = "odd integer" if self.odd else "integer"
        return f"a positive {noun}" if (self.least, self.most) == (1, None) else f"an {noun}{self.bounds}"

    def accept(self, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError
        if (self.least is not None and value < self.least) or (self.most is not None and value > self.most):
            raise ValueError
        if self.odd and value % 2 == 0:
            raise ValueError
        if abs(value) > LARGEST:
            raise ValueError(f"at most {LARGEST}")
        return value

    def schema(self) -> dict[str, Any]:
        bounds = {"minimum": self.least, "maximum": self.most, "not": {"multipleOf": 2} if self.odd else None}
        number = {"type": "integer", **{key: bound for key, bound in bounds.items() if bound is not None}}
        return {"anyOf": [number, EXPRESSION_SCHEMA]}


@dataclass(frozen=True)
class Float(Kind):
    """A number; the bounds `least` and `most` include their ends, `above` and `below` do not."""

    least: float | None = None
    most: float | None = None
    above: float | None = None
    below: float | None = None

    @property
    def bounds(self) -> str:
        """What follows "a number" in `wants`."""
        if self.least is not None and self.most is not None:
            return f" from {self.least:g} to {self.most:g}"
        signs = {"≥": self.least, ">": self.above, "≤": self.most, "<": self.below}
        said = [f"{sign} {bound:g}" for sign, bound in signs.items() if bound is not None]
        return f" {' and '.join(said)}" if said else ""

    @property
    def wants(self) -> str:
        return f"a number{self.bounds}"

    def accept(self, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError
        if (self.least is not None and not value >= self.least) or (self.most is not None and not value <= self.most):
            raise ValueError
        if (self.above is not None and not value > self.above) or (self.below is not None and not value < self.below):
            raise ValueError
        if isinstance(value, float) or abs(value) < LARGEST_INT64:
            return value
        if abs(value) > sys.float_info.max:
            raise ValueError(f"at most {sys.float_info.max:.2g}")
        return float(value)  # torch refuses an int that 64 bits do not hold

    def schema(self) -> dict[str, Any]:
        bounds = {"minimum": self.least, "maximum": self.most}
        bounds |= {"exclusiveMinimum": self.above, "exclusiveMaximum": self.below}
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
    """One of a few words; with `any_case` their letter case does not count."""

    words: tuple[str, ...]
    any_case: bool = False

    @property
    def wants(self) -> str:
        return self.words[0] if len(self.words) == 1 else ", ".join(self.words[:-1]) + " or " + self.words[-1]

    def accept(self, value: object) -> str:
        word = value.lower() if self.any_case and isinstance(value, str) else value
        if word not in self.words:
            raise ValueError
        return str(word)

    def literal(self, text: str) -> bool:
        return (text.lower() if self.any_case else text) in self.words

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.words)}


def items_of(value: object, length: int | None) -> list[Any] | tuple[Any, ...]:
    """The items of a list; ValueError for what is no list, or not of that length."""
    if not isinstance(value, list | tuple) or (length is not None and len(value) != length):
        raise ValueError
    return value


def list_schema(items: Kind, length: int | None) -> dict[str, Any]:
    """The JSON Schema of a list of a kind; of `length` items where that is given."""
    lengths = {} if length is None else {"minItems": length, "maxItems": length}
    return {"type": "array", "items": items.schema(), **lengths}


@dataclass(frozen=True)
class Ints(Kind):
    """A list of integers; of `length` ones where that is given."""

    length: int | None = None
    least: int | None = None

    @property
    def wants(self) -> str:
        bound = "" if self.least is None else f" ≥ {self.least}"
        if self.length is None:
            return f"a list of integers{bound}"
        return f"a list of {self.length} {'integer' if self.length == 1 else 'integers'}{bound}"

    def accept(self, value: object) -> tuple[int, ...]:
        return tuple(Int(self.least).accept(item) for item in items_of(value, self.length))

    def schema(self) -> dict[str, Any]:
        return list_schema(Int(self.least), self.length)


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
        wants = self.kind.wants
        return f"a list of {wants}" if self.length is None else f"a list of {self.length} times {wants}"

    def accept(self, value: object) -> tuple[object, ...]:
        return tuple(self.kind.accept(item) for item in items_of(value, self.length))

    def literal(self, text: str) -> bool:
        return self.kind.literal(text)

    def schema(self) -> dict[str, Any]:
        return list_schema(self.kind, self.length)


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

    def reader(self, text: str) -> Callable[[str, Mapping[str, Any]], Any] | None:
        return next((reader for kind in self.kinds if (reader := kind.reader(text)) is not None), None)

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [kind.schema() for kind in self.kinds]}


def size_nd(axes: int, least: int = 1) -> Kind:
    """torch's `_size_1_t`, `_size_2_t` and `_size_3_t`: one integer for all axes, or one for each."""
    return Either(Int(least), Ints(axes, least))


def optional(kind: Kind) -> Kind:
    """`kind` or null."""
    return Either(kind, Null())
