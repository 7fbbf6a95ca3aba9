"""Numbers that differ → parameters: one for each that varies by itself, expressions for those that follow from it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from netspec.importer.structure import COUNT, Place, same

_SHORT = {
    "out_channels": "channels",
    "out_features": "features",
    "num_features": "features",
    "kernel_size": "kernel",
    "output_size": "size",
    "normalized_shape": "features",
    COUNT: "depth",
}
_WIDTHS = frozenset({"channels", "features", "groups", "shape", "hidden_size", "size", "value"})
MOST_TIMES = 8
LEAST_NUMBERS = 3  # different ones from which a formula is concluded
Vector = tuple[Any, ...]


def family(name: str) -> str:
    """What a parameter's number counts: numbers of one family may be said by each other."""
    root = re.sub(r"(^.*_(?=channels$|features$))|\d+$", "", name)
    if root in _WIDTHS or root.endswith(("channels", "features", "width", "groups")):
        return "width"
    return "reach" if root in ("padding", "dilation") else root


@dataclass
class Parameters:
    """The parameters found so far, each with its value in every copy."""

    taken: set[str] = field(default_factory=set)
    vectors: dict[str, Vector] = field(default_factory=dict)
    usual: dict[str, Any] = field(default_factory=dict)

    def said(self, vector: Vector, place: Place) -> str:
        """The expression for the numbers at a place, by a parameter that is there or a new one."""
        base = _SHORT.get(place.name, place.name)
        kind = family(base)
        for name, known in self.vectors.items():
            if family(name) == kind and _equal(known, vector):
                return name
        for name, known in self.vectors.items():
            if kind == "width" and family(name) == kind and (text := _multiple(name, known, vector)) is not None:
                return text
            if kind == "reach" and family(name) == "kernel" and _equal(tuple(_half(k) for k in known), vector):
                return f"({name}-1)//2"
        for name, known in self.vectors.items():
            if kind == "width" and family(name) == kind and (text := _formula(name, known, vector)) is not None:
                return text
        if base in self.taken and place.item.name is not None and place.item.name.isidentifier():
            base = f"{place.item.name}_{base}"
        name, count = base, 1
        while name in self.taken:
            count += 1
            name = f"{base}{count}"
        self.taken.add(name)
        self.vectors[name] = vector
        self.usual[name] = place.usual
        return name

    def default(self, name: str) -> Any:
        """The default of a parameter: torch's where a copy has it, else what most copies have."""
        vector, usual = self.vectors[name], self.usual[name]
        if usual is not None and any(same(value, usual) for value in vector):
            return usual
        if family(name) == "width":
            return None
        common = max(vector, key=vector.count)
        return common if 2 * vector.count(common) > len(vector) and len(vector) > 2 else None


def _half(kernel: Any) -> Any:
    return (kernel - 1) // 2 if isinstance(kernel, int) and kernel % 2 else None


def _equal(one: Vector, other: Vector) -> bool:
    return all(same(a, b) for a, b in zip(one, other, strict=True))


def _multiple(name: str, known: Vector, vector: Vector) -> str | None:
    """`4*channels` or `channels//4`, where every number is that of the parameter; None elsewhere."""
    if not all(type(value) is int and value > 0 for value in (*known, *vector)):
        return None
    for factor in range(2, MOST_TIMES + 1):
        if all(value == factor * base for base, value in zip(known, vector, strict=True)):
            return f"{factor}*{name}"
        if all(base == factor * value for base, value in zip(known, vector, strict=True)):
            return f"{name}//{factor}"
    return None


def _formula(name: str, known: Vector, vector: Vector) -> str | None:
    """`32*heads`, `side**2` or `7*side-3`, where three different numbers at least follow from the parameter so."""
    if not all(type(value) is int and value > 0 for value in (*known, *vector)) or len({*known}) < LEAST_NUMBERS:
        return None
    pairs = sorted({*zip(known, vector, strict=True)})
    if all(value == base**2 for base, value in pairs):
        return f"{name}**2"
    (first, one), (second, other) = pairs[0], pairs[1]
    factor = (other - one) // (second - first) if second > first else 0
    shift = one - factor * first
    if factor < 1 or abs(shift) > factor or any(value != factor * base + shift for base, value in pairs):
        return None
    return f"{factor}*{name}{f'{shift:+d}' if shift else ''}"


def parametrized(copies: Sequence[Sequence[Place]], parameters: Parameters) -> None:
    """Write the first of several copies so that it stands for all: where they differ stand parameters."""
    for places in zip(*copies, strict=True):
        vector = tuple(place.value for place in places)
        first = places[0]
        if all(same(value, vector[0]) for value in vector):
            continue
        first.write(parameters.said(vector, first))
