"""Layers that are said to treat each axis by itself do: tried on the table's own cases, every pair of their axes."""

from __future__ import annotations

from itertools import combinations
from types import SimpleNamespace

import pytest

from netspec.core.shapes import Shape, ShapeError
from netspec.layers.record import Case, Layer
from netspec.layers.table import TABLE
from netspec.shapes.apply import with_defaults
from netspec.shapes.sizes.walk import INSTANCE_NORMS, SEPARABLE
from tests.rounds import sample

SIZES = (1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16)


def applied(layer: Layer, args: dict[str, object], inputs: list[Shape]) -> list[Shape] | None:
    try:
        found = layer.shape(SimpleNamespace(**args), *inputs)
    except ShapeError:
        return None
    return found if isinstance(found, list) else [found]


def faults(layer: Layer, case: Case) -> list[str]:
    """Pairs of sizes at two positions for which a layer does not do what the sizes alone say."""
    args = with_defaults(layer, dict(case.args))
    for arg in layer.args:
        if arg.infer is not None and arg.name not in args:
            args[arg.name] = arg.infer(*case.inputs)
    base = applied(layer, args, list(case.inputs))
    if base is None or len({len(shape) for shape in case.inputs}) != 1:
        return []

    def at(sizes: dict[int, int]) -> list[Shape] | None:
        changed = [tuple(sizes.get(axis, size) for axis, size in enumerate(shape)) for shape in case.inputs]
        return applied(layer, args, changed)

    found = []
    for first, second in combinations(range(len(case.inputs[0])), 2):
        for a in SIZES:
            for b in SIZES:
                one, other, both = at({first: a}), at({second: b}), at({first: a, second: b})
                if first in _ones(case) or second in _ones(case):
                    continue  # sizes that broadcast
                if (one is None or other is None) != (both is None):
                    found.append(f"{layer.name} {case} {first}: {a}, {second}: {b} gives {both}, not {one} and {other}")
                elif one is not None and other is not None and both is not None:
                    if len({tuple(map(len, shapes)) for shapes in (base, one, other)}) > 1:
                        continue  # the number of axes or outputs varies: such values are never put together
                    for start, left, right, got in zip(base, one, other, both, strict=True):
                        want = tuple(x if x != s else y for s, x, y in zip(start, left, right, strict=True))
                        varies = any(x != s != y for s, x, y in zip(start, left, right, strict=True))
                        if got != want or varies:
                            found.append(f"{layer.name} {case} {first}: {a}, {second}: {b} gives {got}, not {want}")
    return found


def _ones(case: Case) -> set[int]:
    """The positions at which some inputs have one and others more."""
    return {axis for axis, sizes in enumerate(zip(*case.inputs, strict=True)) if len(set(sizes)) > 1}


@pytest.mark.parametrize("name", sample(sorted(SEPARABLE), 4))
def test_a_separable_layer_treats_each_axis_by_itself(name: str) -> None:
    for case in TABLE[name].right:
        assert not faults(TABLE[name], case)[:3]


@pytest.mark.parametrize("name", ["Flatten", "InstanceNorm2d", "reshape", "Unfold"])
def test_the_trial_finds_those_that_do_not(name: str) -> None:
    assert any(faults(TABLE[name], case) for case in TABLE[name].right)


def test_the_names_are_those_of_the_table() -> None:
    assert set(TABLE) >= SEPARABLE | INSTANCE_NORMS
    assert not SEPARABLE & INSTANCE_NORMS
