"""`dataclass`, as in the standard library, for the classes that a check imports: made in a third of the time.

`dataclasses.dataclass` writes up to six functions for a class as text and compiles each; for the hundred classes of a
check this is half of the time in which it starts on Python 3.11 and 3.12. Here `__init__` alone is written so, and the
others are the functions of this file. Two things differ: `frozen=True` is held by the type checker and not while the
program runs, and `repr` is not guarded against values that contain themselves.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(cls=None, /, *, repr=True, eq=True, order=False, frozen=False, **others):
        """The same as `dataclasses.dataclass`."""

        def wrap(cls: type) -> type:
            written = set(vars(cls))
            made = dataclasses.dataclass(repr=False, eq=False, **others)(cls)
            values = _values([field.name for field in dataclasses.fields(made) if field.compare])
            added: dict[str, Any] = {}
            if repr:
                added["__repr__"] = _represented
            if eq:
                added["__eq__"] = _compared(values)
                added["__hash__"] = _hashed(values) if frozen else None
            if order:
                added["__lt__"] = _before(values)
            for name, function in added.items():
                if name not in written:
                    setattr(made, name, function)
            return made

        return wrap if cls is None else wrap(cls)


Values = Callable[[Any], Any]


def _values(names: list[str]) -> Values:
    """What two objects of a class are compared by: the values of these fields."""
    return attrgetter(*names) if names else lambda made: ()


def _compared(values: Values) -> Callable[[Any, Any], Any]:
    def equal(self: Any, other: Any) -> Any:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    return equal


def _hashed(values: Values) -> Callable[[Any], int]:
    return lambda self: hash(values(self))


def _before(values: Values) -> Callable[[Any, Any], Any]:
    def less(self: Any, other: Any) -> Any:
        return values(self) < values(other) if other.__class__ is self.__class__ else NotImplemented

    return less


def _represented(self: Any) -> str:
    shown = (f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self) if field.repr)
    return f"{self.__class__.__qualname__}({', '.join(shown)})"
