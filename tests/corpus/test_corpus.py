"""The checker on real shape bugs: all found, nothing wrong with the mended ones, and never worse than it was."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from tests.corpus.run import HERE, Case, Result, cases, errors, judge, mended_by
from tests.rounds import sample

# What was reached, of all cases; only to be raised.
PLACED = 87
CODED = 87
MENDED = 87
STRAY = 0
HELD_OUT_MENDED = 29
FIXED = 11  # rightly by --fix alone; how many it fixes wrongly is 0 and stays 0
SUGGESTED = 87
HELD_OUT_FIXED = 7
HELD_OUT_SUGGESTED = 29

# Of the sets that were written before the checker was asked: how many cases, and how many the first fix mends now.
FURTHER = {
    "fresh": (30, 30),
    "unseen": (27, 27),
    "unseen_later": (16, 16),
    "unseen_third": (13, 13),
    "unseen_fourth": (12, 12),
    "unseen_fifth": (24, 23),
}

LEAST_CASES = 65
LEAST_HELD_OUT = 29
HELD_OUT = HERE / "heldout"


@cache
def results() -> tuple[Result, ...]:
    return tuple(judge(case) for case in cases())


def test_the_corpus_is_large_and_its_heads_are_complete() -> None:
    everything = cases()
    assert len(everything) >= LEAST_CASES
    for case in everything:
        assert case.source.startswith(("https://", "http://")), case.name
        assert case.faults, case.name
        assert case.mends, case.name
    assert len({case.source for case in everything}) == len(everything)


def test_every_bug_is_found() -> None:
    assert [result.name for result in results() if not result.found] == []


def test_no_false_alarm_on_a_mended_network() -> None:
    alarms = [(case.name, mend) for case in cases() for mend in case.mends if errors(mended_by(case, mend))]
    assert alarms == []


def test_errors_are_placed_no_worse_than_before() -> None:
    assert sum(result.placed for result in results()) >= PLACED
    assert sum(result.coded for result in results()) >= CODED
    assert sum(result.stray for result in results()) <= STRAY


def test_first_fixes_mend_no_less_than_before() -> None:
    assert sum(result.mended for result in results()) >= MENDED


def test_fix_never_writes_another_network() -> None:
    assert [result.name for result in results() if result.wrong] == []
    assert sum(result.fixed for result in results()) >= FIXED
    assert sum(result.suggested for result in results()) >= SUGGESTED


def test_another_network_that_fix_writes_would_show() -> None:
    """The same case, as if its asker had meant something else."""
    case = next(case for case, result in zip(cases(), results(), strict=True) if result.fixed)
    assert not judge(case).wrong
    other = judge(_other_mend(case))
    assert other.wrong
    assert other.astray
    assert not other.fixed


def test_a_case_without_a_bug_would_show() -> None:
    case = cases()[0]
    right = replace(case, text=mended_by(case, case.mends[0]))
    assert not judge(right).found
    assert not judge(right).placed


def test_a_fix_that_nobody_accepts_would_show() -> None:
    case = next(case for case, result in zip(cases(), results(), strict=True) if result.mended)
    assert judge(case).mended
    assert not judge(_other_mend(case)).mended


def _other_mend(case: Case) -> Case:
    line = min(case.faults)
    return replace(case, mends=(f"line {line}: remove", f"line {line}: - Identity"))


@cache
def held_out() -> tuple[Result, ...]:
    return tuple(judge(case) for case in cases(HELD_OUT))


@pytest.mark.exhaustive
def test_the_held_out_cases_are_as_good() -> None:
    everything = cases(HELD_OUT)
    assert len(everything) >= LEAST_HELD_OUT
    assert not {case.source for case in everything} & {case.source for case in cases()}
    alarms = [(case.name, mend) for case in everything for mend in case.mends if errors(mended_by(case, mend))]
    assert alarms == []
    assert [result.name for result in held_out() if not (result.found and result.placed and result.coded)] == []
    assert sum(result.mended for result in held_out()) >= HELD_OUT_MENDED
    assert sum(result.stray for result in held_out()) == 0
    assert [result.name for result in held_out() if result.wrong] == []
    assert sum(result.fixed for result in held_out()) >= HELD_OUT_FIXED
    assert sum(result.suggested for result in held_out()) >= HELD_OUT_SUGGESTED


@pytest.mark.parametrize("folder", sample(FURTHER, 5, start=4))
def test_the_further_sets_are_mended_and_never_made_another_network(folder: str) -> None:
    everything, (count, mended) = cases(HERE / folder), FURTHER[folder]
    assert len(everything) >= count
    others = {case.source for name in ("", "heldout", *FURTHER) if name != folder for case in cases(HERE / name)}
    assert not {case.source for case in everything} & others
    alarms = [(case.name, mend) for case in everything for mend in case.mends if errors(mended_by(case, mend))]
    assert alarms == []
    found = [judge(case) for case in everything]
    assert [result.name for result in found if not result.found or result.wrong or result.astray] == []
    assert sum(result.mended for result in found) >= mended
