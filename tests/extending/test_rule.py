"""A rule is a function and its line in the table: NS929, for a network without a name."""

from __future__ import annotations

import json

import pytest

from tests.extending.package_copy import Copy
from tests.extending.test_diagnostic import FILE as CODE
from tests.extending.test_diagnostic import TEXT

pytestmark = pytest.mark.exhaustive  # a layer and a function stand for the others by default
FILE, TABLE = "netspec/lint/unused.py", "netspec/lint/rules.py"
RULE = '''

def nameless(context: LintContext) -> Iterator[Diagnostic]:
    """NS929: a network without a name."""
    document = context.report.spec.document
    if document.get("name") is None:
        yield finding("NS929", "the network has no name", document.key("netspec") or document)
'''
LINE = "    unused.nameless,  # NS929\n"
SPEC = "netspec: 1\ninput: [8]\nlayers: [ReLU]\n"


def add(copy: Copy) -> None:
    """The code, the function, and its line."""
    copy.append(CODE, TEXT)
    copy.append(FILE, RULE)
    copy.insert(TABLE, "WARNINGS: tuple[Rule, ...] = (\n", LINE)
    copy.append("net.yaml", SPEC)


def test_a_function_and_its_line_add_a_rule(copy: Copy) -> None:
    add(copy)
    assert copy.changed() == {CODE, FILE, TABLE}
    text = copy.netspec("check", "net.yaml")
    assert (text.code, text.out.startswith("warning[NS929]: the network has no name\n --> net.yaml:1:1\n")) == (0, True)
    answer = json.loads(copy.netspec("check", "--format", "json", "net.yaml").out)
    assert [(found["code"], found["line"]) for found in answer["files"][0]["diagnostics"]] == [("NS929", 1)]
    (run,) = json.loads(copy.netspec("check", "--format", "sarif", "net.yaml").out)["runs"]
    assert [(found["ruleId"], found["level"]) for found in run["results"]] == [("NS929", "warning")]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["NS929"]
    assert "::warning file=net.yaml,line=1" in copy.netspec("check", "--format", "github", "net.yaml").out
    assert "NS929" not in copy.netspec("check", "--ignore", "NS929", "net.yaml").out
    copy.append("kept.yaml", SPEC.replace("netspec: 1", "netspec: 1  # netspec: ignore=NS929 as an example"))
    copy.append("named.yaml", SPEC + "name: rectifier\n")
    assert "NS" not in copy.netspec("check", "kept.yaml", "named.yaml").out
    assert copy.passed("tests/docs/test_explained.py", "-k", "NS929") == 2


def test_without_its_line_nothing_is_found(copy: Copy) -> None:
    add(copy)
    table = copy.folder / TABLE
    table.write_text(table.read_text(encoding="utf-8").replace(LINE, ""), encoding="utf-8")
    assert "NS929" not in copy.netspec("check", "net.yaml").out
