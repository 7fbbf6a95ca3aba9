"""A diagnostic is one file: NS929, which no rule finds yet."""

from __future__ import annotations

import json

import pytest

from tests.extending.package_copy import Copy

pytestmark = pytest.mark.exhaustive  # a layer and a function stand for the others by default

FILE = "netspec/core/explained/NS929.yaml"
TEXT = """\
# what: A network without a name.
# why: Its runs are all called net.

# wrong: nothing says what it is called
netspec: 1
input: [8]
layers: [ReLU]

# right: it has a name
netspec: 1
name: rectifier
input: [8]
layers: [ReLU]
"""
# What a rule would do with it: SARIF has the rules of what was found, as `render/sarif.py` reads them.
SARIF = """
from netspec.core.diagnostics import Diagnostic
from netspec.core.tree import Span
from netspec.language.load import load
from netspec.checker import check
from dataclasses import replace
from netspec.render.sarif import sarif
report = check(load("net.yaml"))
found = Diagnostic("NS929", "the network has no name", Span("net.yaml", 1, 1, 1, 2))
answer = sarif([replace(report, diagnostics=(found,))], "1.0")["runs"][0]["tool"]["driver"]["rules"]
"""


def test_one_file_adds_a_diagnostic(copy: Copy) -> None:
    copy.append(FILE, TEXT)
    assert copy.changed() == {FILE}
    said = copy.netspec("explain", "NS929")
    assert said.out.startswith("warning[NS929]: A network without a name.\n\nIts runs are all called net.\n\nWrong: ")
    assert "NS929" in copy.netspec("explain").out
    assert "## NS929\n\n**A network without a name.** Its runs" in copy.page("codes.md")
    copy.append("net.yaml", "netspec: 1\ninput: [8]\nlayers: [ReLU]  # netspec: ignore=NS929\n")
    assert "NS929" not in copy.netspec("check", "--ignore", "NS929", "net.yaml").err
    (rule,) = copy.answer(SARIF)
    assert (rule["id"], rule["shortDescription"]["text"]) == ("NS929", "A network without a name.")
    assert rule["defaultConfiguration"] == {"level": "warning"}


def test_without_the_file_there_is_no_such_code(copy: Copy) -> None:
    assert copy.netspec("explain", "NS929").code == 2
    copy.append("net.yaml", "netspec: 1\ninput: [8]\nlayers: [ReLU]  # netspec: ignore=NS929\n")
    answer = json.loads(copy.netspec("check", "--format", "json", "net.yaml").out)
    assert [found["code"] for found in answer["files"][0]["diagnostics"]] == ["NS218"]
