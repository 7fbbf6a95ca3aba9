"""Python expressions for tensor functions, as a person would write them."""

from __future__ import annotations

from math import isfinite


def literal(value: object) -> str:
    """`value` as Python source; infinities and nan have no literal of their own."""
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, float) and not isfinite(value):
        return f"float('{value}')"
    return repr(value)


def call(function: str, *positional: str, **keywords: object) -> str:
    """`function(x, y, dim=1)`; keywords that are None are left out."""
    given = (f"{name}={literal(value)}" for name, value in keywords.items() if value is not None)
    return f"{function}({', '.join((*positional, *given))})"
