"""Kinds of lists that arguments of optimizers and transforms take: of numbers, and of an item of each of some kinds."""

from __future__ import annotations

from typing import Any

from netspec.core.dataclass import dataclass
from netspec.layers.arguments import Float, Kind, items_of, list_schema

NUMBER = Float()


@dataclass(frozen=True)
class Floats(Kind):
    """A list of numbers, each one a `number`; of `length` ones where that is given."""

    length: int | None = None
    number: Float = NUMBER

    @property
    def wants(self) -> str:
        bounds = self.number.bounds
        if self.length is None:
            return f"a list of numbers{bounds}"
        return f"a list of {self.length} {'number' if self.length == 1 else 'numbers'}{bounds}"

    def accept(self, value: object) -> tuple[float, ...]:
        return tuple(self.number.accept(item) for item in items_of(value, self.length))

    def schema(self) -> dict[str, Any]:
        return list_schema(self.number, self.length)


@dataclass(frozen=True, init=False)
class Each(Kind):
    """A list with one item of each of several kinds."""

    kinds: tuple[Kind, ...]

    def __init__(self, *kinds: Kind) -> None:
        object.__setattr__(self, "kinds", kinds)

    @property
    def wants(self) -> str:
        return f"a list of {' and '.join(kind.wants for kind in self.kinds)}"

    def accept(self, value: object) -> tuple[object, ...]:
        items = items_of(value, len(self.kinds))
        return tuple(kind.accept(item) for kind, item in zip(self.kinds, items, strict=True))

    def schema(self) -> dict[str, Any]:
        items = [kind.schema() for kind in self.kinds]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
