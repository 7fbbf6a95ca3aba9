"""The first fix of each of these mistakes is what a good tutor would say: the network after it is compared."""

from __future__ import annotations

import pytest

from tests.corpus.run import apply, errors, network
from tests.fixes.picture_cases import GROUPS, Case

CASES = {f"{group}: {name}": case for group, cases in GROUPS.items() for name, case in cases.items()}


def text_of(case: Case) -> str:
    head, items, _ = case
    return f"netspec: 1\n{head}\nlayers:\n" + "".join(f"  - {item}\n" for item in items)


def mended_text(case: Case) -> str:
    text = text_of(case)
    for old, new in case[2].items():
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize("name", CASES)
def test_the_first_fix_is_a_tutors(name: str) -> None:
    text = text_of(CASES[name])
    found = errors(text)
    assert found and found[0]["fixes"], "no fix"
    expected = network(mended_text(CASES[name]))
    assert expected is not None
    assert network(apply(text, found[0]["fixes"][0]["edits"])) == expected, [fix["title"] for fix in found[0]["fixes"]]


def test_another_network_is_not_taken_for_it() -> None:
    case = CASES["arguments: the width of a norm in a list"]
    assert network(mended_text(case)) != network(text_of(case).replace("[48]", "[10, 96]"))
