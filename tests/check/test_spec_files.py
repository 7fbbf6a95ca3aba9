"""tests/specs: each wrong spec is told exactly what its marks say, each right one nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from netspec.checker import check
from netspec.core.codes import CODES
from netspec.language.load import loads
from tests.spec_cases import BAD, RIGHT, found, marked, name_of, report_on

# The section of data and training is checked against torch by the runner, which has specs of its own.
BY_THE_RUNNER = {"NS601", "NS606", "NS607", "NS608", "NS609", "NS930", "NS931", "NS932"}

# No text is known that makes netspec fail: tests/check/test_faults.py.
OF_FAULTS = {"NS801"}

# A plugin has to be allowed before it can be wrong: tests/compiler/test_plugins.py.
OF_PLUGINS = {"NS702", "NS703", "NS704"}


@pytest.mark.parametrize("path", BAD, ids=name_of)
def test_a_wrong_spec_is_told_what_its_marks_say(path: Path) -> None:
    report = report_on(path)
    expected = marked(report.spec.sources)
    assert expected, "a wrong spec needs marks"
    assert found(report.diagnostics) == expected


@pytest.mark.parametrize("path", RIGHT, ids=name_of)
def test_a_right_spec_is_told_nothing(path: Path) -> None:
    report = report_on(path)
    assert [f"{item.span} {item.code} {item.message}" for item in report.diagnostics] == []
    assert report.outputs
    assert all(tensor is not None for tensor in report.outputs.values())


def codes_without_a_spec(known: set[str]) -> set[str]:
    marks = {code for path in BAD for _, _, code in marked(dict.fromkeys([str(path)], path.read_text("utf-8")))}
    parts = {
        code
        for path in BAD[0].parent.glob("parts/*.yaml")
        for _, _, code in marked({str(path): path.read_text("utf-8")})
    }
    return known - marks - parts


def test_every_code_has_a_wrong_spec() -> None:
    assert codes_without_a_spec(set(CODES) - BY_THE_RUNNER - OF_PLUGINS - OF_FAULTS) == set()


def test_a_code_without_a_wrong_spec_would_show() -> None:
    assert codes_without_a_spec({"NS401", "NS999"}) == {"NS999"}


def test_an_unmarked_error_would_show() -> None:
    spec = loads("netspec: 1\ninput: [8]\nlayers:\n  - Linear: {in_features: 7, out_features: 2}\n")
    report = check(spec)
    assert found(report.diagnostics) != marked(report.spec.sources) == set()
