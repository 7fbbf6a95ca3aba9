"""Short specs whose check could take long: each ends, and the search for sizes says where it ended."""

from __future__ import annotations

import time

import pytest

from netspec.checker import check
from netspec.core.diagnostics import SIZES_UNSOUGHT
from netspec.fixes import context
from netspec.language.load import loads
from netspec.shapes.sizes.budget import APPLIED, LOOKED_UP, Budget, BudgetSpent
from netspec.shapes.sizes.nearby import nearby
from netspec.shapes.sizes.question import answer
from tests.check.laborious import LABORIOUS
from tests.rounds import left_out, sample

# Those that take the longest on the way of another one.
LONG = {
    *("inputs that differ in two axes", "inputs that differ again and again", "three inputs", "huge inputs"),
    *("attention of other tokens", "copies of copies that share a name", "sizes of two flattened inputs"),
    *("an odd size at the end", "wrong widths", "reshapes", "many letters", "blocks in blocks", "misspelt names"),
}
SECONDS = 10.0  # of the processor, so that other processes do not count; about 1 on an idle machine


@pytest.mark.parametrize("name", [left_out(name) if name in LONG else name for name in LABORIOUS])
def test_a_short_spec_is_checked_in_time(name: str) -> None:
    assert LABORIOUS[name].count("\n") <= 100
    start = time.process_time()
    report = check(loads(LABORIOUS[name]))
    assert time.process_time() - start < SECONDS
    assert not report.ok


@pytest.mark.parametrize("name", sample([name for name in LABORIOUS if "input" in name or "odd" in name], 4))
def test_the_search_for_sizes_spends_no_more_than_its_budget(name: str) -> None:
    report = check(loads(LABORIOUS[name]), fixes=False)
    assert report.graph is not None
    budget = Budget(2_000, 1_000)
    nearby(report.graph, report.graph.calls[-1], budget)
    assert budget.left >= -APPLIED


def test_the_end_of_the_search_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    text = LABORIOUS["odd sizes again and again"]
    told = [each for each in check(loads(text)).diagnostics if SIZES_UNSOUGHT in each.notes]
    assert not told
    monkeypatch.setattr(context, "SEARCH_WORK", 50)
    told = [each for each in check(loads(text)).diagnostics if SIZES_UNSOUGHT in each.notes]
    assert len(told) == 1


def test_a_budget_ends_by_work_and_by_time() -> None:
    budget = Budget(1, 1_000)
    for _ in range(APPLIED // LOOKED_UP):
        budget.spend()
    with pytest.raises(BudgetSpent):
        budget.spend()
    assert budget.ended
    with pytest.raises(BudgetSpent):
        Budget(1_000, -1).spend()


def test_an_answer_that_takes_too_long_is_one_of_fewer_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it says of those is true: both inputs have 3·H·W numbers."""
    from netspec.shapes.sizes import question

    monkeypatch.setattr(question, "ANSWER_WORK", 4_000)
    report = check(loads(LABORIOUS["flattened inputs"]), fixes=False)
    assert report.graph is not None
    found = answer(report.graph, report.inferred, False, 64).fits
    last = {name: sizes[-1] for name, sizes in found.examined.items()}
    assert all(1 < size < 64 for size in last.values())
    assert found.boxes
    names = {axis.name: axis for axis in question.axes_of(report.graph)}
    assert set(names) == set(last)
