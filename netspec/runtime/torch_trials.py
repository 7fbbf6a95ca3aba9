"""What torch's constructors accept, found by trying: a class and arguments → whether it takes them; bounds of numbers.

Used by torch_tables.py, which writes what is found into the table that `netspec check` reads, and by the test that
holds that table against the installed torch.
"""

from __future__ import annotations

import itertools
import math
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import Any

import torch

from netspec.language.sections.class_families import DATASET, HOLDERS, LOSS, MIXER, OPTIMIZER, SCHEDULER, ClassFamily
from netspec.language.sections.losses import FURTHER, kind_of

Accepts = Callable[[Any], bool]
INTEGERS = (-1001, -1000, *range(-3, 13), 31, 64, 99, 100, 101, 1000, 1001)
NUMBERS = (-1000.0, -2.0, -1.0, -0.5, -0.25, -1e-3, 0.0, 1e-3, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 10.0, 1000.0)
LENGTHS = range(1, 7)


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def accepts(family: ClassFamily, name: str, arguments: dict[str, Any]) -> bool:
    """Whether a class of the installed torch takes these arguments.

    A loss is also computed once, an optimizer and a scheduler take steps: some look at their arguments only then. Of a
    dataset only errors of its arguments count, as its files are not there.

    Args:
        family: of the class.
        name: of the class.
        arguments: all of them; lists stand for tuples.
    """
    cls = getattr(import_module(family.module), name)
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in arguments.items()}
    with _quiet():
        try:
            _try(family, name, cls, given)
        except (ValueError, TypeError):
            return False
        except Exception:  # torch raises many types; a dataset's files are missing
            return family is DATASET
    return True


def _try(family: ClassFamily, name: str, cls: Any, given: dict[str, Any]) -> None:
    if family is LOSS:
        cls(**given)(*_tensors(name))
    elif family is OPTIMIZER:
        weight = torch.zeros(2, 2, requires_grad=True)
        optimizer = cls([weight], **given)
        weight.grad = torch.ones(2, 2)
        optimizer.step(lambda: weight.sum().detach())
    elif family is SCHEDULER:
        weight = torch.zeros(1, requires_grad=True)
        optimizer = torch.optim.SGD([weight], lr=0.1, momentum=0.9)
        if name == "OneCycleLR" and "total_steps" not in given and "epochs" not in given:
            given = {**given, "total_steps": 10}
        scheduler = cls(optimizer, **given)
        for _ in range(0 if name == "OneCycleLR" else 3):
            optimizer.step()
            scheduler.step(1.0) if name == "ReduceLROnPlateau" else scheduler.step()
    elif family is MIXER:
        cls(num_classes=3, **given)
    elif family is DATASET:
        try_dataset(cls, given)
    else:
        if (held := HOLDERS.get(name)) in given:
            given = {**given, held: [getattr(import_module(family.module), each)() for each in given[held]]}
        cls(**given)


def try_dataset(cls: Any, given: dict[str, Any]) -> None:
    """Construct a dataset in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        known = cls.__init__.__code__.co_varnames
        more = {key: value for key, value in (("root", folder), ("download", False)) if key in known}
        cls(**{**more, **given})


def _tensors(loss: str) -> tuple[torch.Tensor, ...]:
    """Outputs and a target that fit a loss of torch's: [2, 3], and [2] classes or [2, 3]."""
    outputs = torch.full((2, 3), 0.5)
    if FURTHER.get(loss) == ("var",):
        return outputs, torch.ones(2, 3), outputs
    of_pairs = {
        "distances": (outputs, outputs, outputs),
        "angles": (outputs, outputs, torch.ones(2)),
        "ranks": (outputs[:, 0], outputs[:, 1], torch.ones(2)),
    }
    if kind_of(loss) in of_pairs:
        return of_pairs[kind_of(loss)]
    targets = {
        "classes": torch.tensor([0, 2]),
        "signs": torch.ones(2, 3),
        "labels": torch.tensor([[0, -1, -1], [2, 1, -1]]),
    }
    return outputs, targets.get(kind_of(loss), torch.ones(2, 3))


def bounds(takes: Accepts, integer: bool) -> str:
    """The numbers that are taken, as the table writes them: `number [0, 1)`; `number` where all are.

    What is refused between two that are taken is told only where all even numbers are.

    Args:
        takes: whether a number is taken.
        integer: whether only integers are asked for.
    """
    what, values = ("integer", INTEGERS) if integer else ("number", NUMBERS)
    taken = [value for value in values if takes(value)]
    if not taken:
        return what
    least, low = _edge(takes, values[: values.index(taken[0])][-1:], taken[0], integer)
    most, high = _edge(takes, values[values.index(taken[-1]) + 1 :][:1], taken[-1], integer)
    if integer and len(taken) > 2 and all(value % 2 for value in taken):
        what = "odd integer"
    if least is None and most is None:
        return what
    left = "(-inf" if least is None else f"{'[' if low else '('}{least:g}"
    right = "inf)" if most is None else f"{most:g}{']' if high else ')'}"
    return f"{what} {left}, {right}"


def _edge(takes: Accepts, outside: Iterable[float], inside: float, integer: bool) -> tuple[float | None, bool]:
    """The bound between a number that is refused and one that is taken, and whether it is taken itself."""
    for refused in outside:
        if integer:
            while abs(refused - inside) > 1:
                half = int(refused + inside) // 2
                refused, inside = (refused, half) if takes(half) else (half, inside)
            return inside, True
        for _ in range(60):
            middle = (refused + inside) / 2
            refused, inside = (refused, middle) if takes(middle) else (middle, inside)
        edge = round(inside, 6)
        away = math.copysign(1e-5, inside - refused or 1)
        sure = math.isclose(edge, inside, abs_tol=1e-9) and takes(edge + away) and not takes(edge - away)
        return (edge, takes(edge)) if sure else (None, True)
    return None, True


def lists(integer: bool, length: int) -> Iterator[list[Any]]:
    """Lists of numbers to try, of a length."""
    starts: tuple[list[float], ...] = ([1, 2, 3, 4, 5, 6], [3] * 6, [2, 4, 6, 8, 10, 12])
    if not integer:
        starts = ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], [0.5] * 6, [0.5, 1.2, 2.0, 3.0, 4.0, 5.0], *starts)
    for start in starts:
        yield start[:length]


@cache
def samples() -> dict[str, tuple[Any, ...]]:
    """Values to try for a required argument, by the word for its kind."""
    return {
        "number": (0.5, 0.1, 2.0),
        "integer": (3, 2, 1, 32),
        "true or false": (True,),
        "text": ("text",),
        "list of number": tuple(itertools.chain(*(lists(False, length) for length in (2, 1, 3)))),
        "list of integer": tuple(itertools.chain(*(lists(True, length) for length in (2, 1, 3)))),
    }
