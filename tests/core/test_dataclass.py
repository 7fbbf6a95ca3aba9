"""The dataclasses of netspec against those of the standard library, whose manners are expected."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from dataclasses import field
from typing import Any

import pytest

from netspec.core import dataclass as ours


@ours.dataclass(frozen=True, slots=True, order=True)
class Point:
    x: int
    y: int = 0
    label: str = field(default="", compare=False)


@ours.dataclass(frozen=True)
class Single:
    names: tuple[str, ...] = ()
    hidden: int = field(default=1, repr=False)


@ours.dataclass(frozen=True)
class Empty:
    pass


@ours.dataclass
class Written:
    items: list[int] = field(default_factory=list)

    def __repr__(self) -> str:
        return "written"


def standard(cls: Any) -> Any:
    """The same class, made by the standard library."""
    body = {"__annotations__": cls.__annotations__, "__qualname__": cls.__qualname__, "__module__": cls.__module__}
    body |= {each.name: default(each) for each in dataclasses.fields(cls)}
    if cls is Written:
        body["__repr__"] = cls.__repr__
    made = type(cls.__name__, (), {name: value for name, value in body.items() if value is not dataclasses.MISSING})
    return dataclasses.dataclass(frozen=cls is not Written, order=cls is Point)(made)


def default(each: Any) -> Any:
    if each.compare and each.repr and each.default_factory is dataclasses.MISSING:
        return each.default
    return field(default=each.default, default_factory=each.default_factory, compare=each.compare, repr=each.repr)


VALUES = [
    (Point, [(1,), (1, 0), (1, 2), (2, 1), (1, 2, "a")]),
    (Single, [(), (("a",),), (("a",), 2)]),
    (Empty, [()]),
    (Written, [(), ([1],)]),
]


@pytest.mark.parametrize(("cls", "values"), VALUES)
def test_as_in_the_standard_library(cls: Any, values: list[tuple[Any, ...]]) -> None:
    theirs = standard(cls)
    for first in values:
        assert repr(cls(*first)) == repr(theirs(*first))
        assert dataclasses.asdict(cls(*first)) == dataclasses.asdict(theirs(*first))
        assert copy.deepcopy(cls(*first)) == cls(*first) == pickle.loads(pickle.dumps(cls(*first)))
        for second in values:
            assert (cls(*first) == cls(*second)) == (theirs(*first) == theirs(*second))
            if cls is Point:
                assert (cls(*first) < cls(*second)) == (theirs(*first) < theirs(*second))
    if cls is Written:
        assert cls.__hash__ is theirs.__hash__ is None
    else:
        assert len({cls(*each) for each in values}) == len({theirs(*each) for each in values})


def test_one_field_is_replaced() -> None:
    assert dataclasses.replace(Point(1, 2), y=3) == Point(1, 3)
    assert Point(1) != Single()
    assert Point(1) != (1, 0)
