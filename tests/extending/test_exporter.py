"""A format of `netspec check` is a function and its record: the findings as CSV."""

from __future__ import annotations

import csv
import io

import pytest

from tests.cli.commands import RIGHT, WRONG
from tests.extending.package_copy import Copy

pytestmark = pytest.mark.exhaustive  # a layer and a function stand for the others by default
FILE = "netspec/render/formats.py"
FUNCTION = """

def _csv(answers: Iterable[Answer], lang: str) -> Iterator[str]:
    yield "path,line,code"
    for answer in answers:
        for found in getattr(answer, "diagnostics", ()):
            yield f"{found.span.path},{found.span.line},{found.code}"
"""
RECORD = '        Format("csv", "a line for each finding, for spreadsheets", _csv),\n'


def test_a_function_and_its_record_add_a_format(copy: Copy) -> None:
    copy.insert(FILE, "    lines: Callable[[Iterable[Answer], str], Iterator[str]]\n", FUNCTION)
    copy.insert(FILE, "    for each in (\n", RECORD)
    assert copy.changed() == {FILE}
    copy.append("right.yaml", RIGHT)
    copy.append("wrong.yaml", WRONG)
    done = copy.netspec("check", "--format", "csv", "right.yaml", "wrong.yaml")
    rows = [*csv.DictReader(io.StringIO(done.out))]
    line = next(number for number, text in enumerate(WRONG.splitlines(), 1) if "in_features: 5" in text)
    assert (done.code, rows) == (1, [{"path": "wrong.yaml", "line": str(line), "code": "NS401"}])
    assert copy.netspec("check", "--format", "csv", "right.yaml").code == 0
    said = " ".join(copy.netspec("check", "--help").out.split())
    assert "csv: a line for each finding, for spreadsheets" in said
    assert copy.netspec("check", "--format", "csv", "--diff", "wrong.yaml").code == 2  # which is for people


def test_without_the_record_there_is_no_such_format(copy: Copy) -> None:
    copy.append("wrong.yaml", WRONG)
    done = copy.netspec("check", "--format", "csv", "wrong.yaml")
    assert (done.code, "'csv' is not one of" in done.err) == (2, True)
