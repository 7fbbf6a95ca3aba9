"""Sizes of one axis as arithmetic, against brute force: steps made one after the other, and every size tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netspec.checker import check
from netspec.core.shapes import Tensor
from netspec.language.load import loads
from netspec.shapes.sizes.axis_maps import AxisMap, Step
from netspec.shapes.sizes.line import Line
from netspec.shapes.sizes.walk import Outputs, Walker

steps = st.builds(Step, st.integers(-9, 9), st.integers(1, 6), st.integers(1, 6), st.integers(-9, 9))
chains = st.lists(steps, max_size=6)
SIZES = range(-20, 120)


def by_hand(chain: list[Step], size: int) -> int:
    for step in chain:
        size = step.times * ((size + step.add) // step.divide) + step.plus
    return size


def composed(chain: list[Step]) -> AxisMap:
    found = AxisMap()
    for step in chain:
        found = found.then(step)
    return found


@settings(derandomize=True, deadline=None)
@given(chains)
def test_a_chain_is_its_steps(chain: list[Step]) -> None:
    assert [composed(chain)(size) for size in SIZES] == [by_hand(chain, size) for size in SIZES]


@settings(derandomize=True, deadline=None)
@given(chains, st.integers(-30, 60))
def test_the_sizes_that_become_a_number(chain: list[Step], value: int) -> None:
    found = composed(chain).sizes_of(value)
    assert [size for size in SIZES if size in found] == [size for size in SIZES if by_hand(chain, size) == value]
    least = composed(chain).least(value)
    assert by_hand(chain, least) >= value > by_hand(chain, least - 1)


def test_five_halvings_and_doublings_are_one_step() -> None:
    halves, doubles = Step(0, 2, 1, 0), Step(0, 1, 2, 0)
    assert composed([halves] * 5 + [doubles] * 5) == AxisMap((Step(0, 32, 32, 0),))
    assert composed([doubles, halves]) == AxisMap()


def test_what_is_not_one_step_stays_two() -> None:
    thirds = Step(0, 1, 2, 0), Step(0, 3, 1, 0)  # floor(2n / 3)
    assert len(composed([*thirds]).steps) == 2


WINDOWS = {
    "Conv1d": "{out_channels: 2, kernel_size: %(k)d, stride: %(s)d, padding: %(p)d, dilation: %(d)d}",
    "ConvTranspose1d": "{out_channels: 2, kernel_size: %(k)d, stride: %(s)d, padding: %(p)d}",
    "MaxPool1d": "{kernel_size: %(k)d, stride: %(s)d, padding: %(h)d, ceil_mode: true}",
    "AvgPool1d": "{kernel_size: %(k)d, stride: %(s)d, padding: %(h)d}",
    "Upsample": "{scale_factor: %(s)d}",
    "ReflectionPad1d": "%(p)d",
    "ReLU": "{}",
    "BatchNorm1d": "{}",
}


@st.composite
def layers(draw: st.DrawFn) -> str:
    name, kernel = draw(st.sampled_from(sorted(WINDOWS))), draw(st.integers(1, 5))
    padding = draw(st.integers(0, 3))
    given = {"k": kernel, "s": draw(st.integers(1, 4)), "p": padding, "d": draw(st.integers(1, 2))}
    return f"{{{name}: {WINDOWS[name] % {**given, 'h': min(padding, kernel // 2)}}}}"


@st.composite
def networks(draw: st.DrawFn) -> str:
    def some(most: int) -> str:
        return ", ".join(draw(st.lists(layers(), max_size=most)))

    merged = f"{{branches: {{a: [{some(3)}], b: [{some(2)}]}}, merge: {draw(st.sampled_from(['add', 'concat']))}}}"
    parts = [some(3), *([merged] if draw(st.booleans()) else []), some(2)]
    return f"netspec: 1\ninput: [2, 40]\nlayers: [{', '.join(filter(None, ['ReLU', *parts]))}]\n"


def along(
    text: str, of_size: Callable[[int], int] = lambda size: size
) -> tuple[Walker, Line, Callable[[int], Outputs]]:
    graph = check(loads(text), fixes=False).graph
    assert graph is not None
    walker = Walker(graph)

    def entering(size: int) -> Outputs:
        return (Tensor((2, of_size(size))),)

    return walker, Line(walker, range(1, 61), entering), entering


@settings(derandomize=True, deadline=None, max_examples=60)
@given(networks())
def test_a_line_is_the_network_at_each_of_its_sizes(text: str) -> None:
    walker, line, entering = along(text)
    for size in range(1, 61):
        assert dict(line[size]) == Walker(walker.graph).run(entering(size)), (size, text)


def test_a_line_that_is_no_arithmetic_is_the_same() -> None:
    """The square of a number is no AxisMap."""
    walker, line, entering = along("netspec: 1\ninput: [2, 9]\nlayers: [{MaxPool1d: 2}]\n", lambda size: size * size)
    assert all(dict(line[size]) == walker.run(entering(size)) for size in range(1, 61))


def test_a_long_chain_is_inferred_at_few_of_its_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[int] = []
    inferred = Walker.step
    monkeypatch.setattr(Walker, "step", lambda *given: (steps.append(1), inferred(*given))[1])
    layers = "".join(f"  - Conv1d: {{out_channels: {3 + index}, kernel_size: 3, padding: 1}}\n" for index in range(50))
    walker, line, entering = along(f"netspec: 1\ninput: [2, 40]\nlayers:\n{layers}")
    few = len(steps)
    assert few < 50 * 8
    for size in line.sizes:
        walker.run(entering(size))
    assert len(steps) - few == 50 * 60  # without arithmetic


def test_a_wrong_rise_would_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arithmetic that contradicts the layer's rule is not used."""
    from netspec.shapes.sizes import line as module

    right = module.rise
    monkeypatch.setattr(module, "rise", lambda *given: replace(right(*given) or module.Rise(), divide=3))
    walker, line, entering = along("netspec: 1\ninput: [2, 40]\nlayers: [{MaxPool1d: 2}]\n")
    assert line.columns[0].shapes is None
    assert all(dict(line[size]) == walker.run(entering(size)) for size in range(1, 61))
