"""A nested value as one level: dotted paths to plain values, to compare and to list settings."""

from __future__ import annotations

Plain = str | int | float | bool | None


def flatten(value: object, path: str = "") -> dict[str, Plain]:
    """`{a: {b: 1}, c: [2, 3]}` → `{"a.b": 1, "c[0]": 2, "c[1]": 3}`; what is empty stands as its brackets."""
    if isinstance(value, dict) and value:
        parts = [(f"{path}.{key}" if path else str(key), inner) for key, inner in value.items()]
    elif isinstance(value, list | tuple) and value:
        parts = [(f"{path}[{index}]", inner) for index, inner in enumerate(value)]
    else:
        return {path: value if isinstance(value, Plain) else str(value)}
    return {name: found for key, inner in parts for name, found in flatten(inner, key).items()}
