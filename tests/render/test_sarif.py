"""SARIF: valid for every spec there is, places and fixes are the diagnostics', rules say what the table says."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from netspec.checker import check
from netspec.core.codes import explanation, severity
from netspec.core.files import line_starts
from netspec.language.load import load, loads
from netspec.render.json import Answer, Unreadable
from netspec.render.sarif import sarif
from netspec.shapes.report import Report
from tests.render.sarif_schema import SCHEMA, VALIDATOR
from tests.spec_cases import RIGHT, report_on


@pytest.fixture(scope="module")
def answers(bad_reports: list[Report]) -> list[Answer]:
    """Every spec of the tests, and one that is not there."""
    return [
        *bad_reports,
        *(report_on(path) for path in RIGHT),
        Unreadable("odd <name> ü.yaml", "odd <name> ü.yaml: no such file"),
    ]


@pytest.fixture(scope="module")
def run(answers: list[Answer]) -> dict[str, Any]:
    log = sarif(answers, "1.2.3")
    VALIDATOR.validate(log)
    (only,) = log["runs"]
    assert isinstance(only, dict)
    return only


def test_the_log_of_every_spec_is_valid(run: dict[str, Any], answers: list[Answer]) -> None:
    expected = sum(len(answer.diagnostics) for answer in answers if not isinstance(answer, Unreadable))
    assert len(run["results"]) == expected > 200
    assert run["tool"]["driver"]["version"] == "1.2.3"
    assert not run["invocations"][0]["executionSuccessful"]
    (told,) = run["invocations"][0]["toolExecutionNotifications"]
    place = told["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert place == "odd%20%3Cname%3E%20%C3%BC.yaml"


def test_a_file_given_twice_is_one_artifact() -> None:
    report = check(load(RIGHT[0]))
    log = sarif([report, report], "1")
    VALIDATOR.validate(log)
    assert len(log["runs"][0]["artifacts"]) == 1


def test_the_schema_is_the_published_one() -> None:
    VALIDATOR.check_schema(SCHEMA)
    assert SCHEMA["$id"].endswith("/oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json")
    assert {"run", "result", "fix", "reportingDescriptor", "toolComponent"} < SCHEMA["definitions"].keys()


def test_each_result_has_its_rule(run: dict[str, Any]) -> None:
    rules = run["tool"]["driver"]["rules"]
    assert {result["ruleId"] for result in run["results"]} == {rule["id"] for rule in rules}
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] == severity(result["ruleId"])
    for rule in rules:
        assert explanation(rule["id"]).why in rule["help"]["text"]
        assert "```yaml" in rule["help"]["markdown"]


def applied(text: str, changes: list[dict[str, Any]]) -> str:
    """A fix as a SARIF consumer applies it: regions replaced, the last one first."""
    starts = line_starts(text)
    replacements = [each for change in changes for each in change["replacements"]]
    for each in sorted(replacements, key=lambda each: list(each["deletedRegion"].values()), reverse=True):
        region = each["deletedRegion"]
        begin = starts[region["startLine"] - 1] + region["startColumn"] - 1
        end = starts[region["endLine"] - 1] + region["endColumn"] - 1
        text = text[:begin] + each["insertedContent"]["text"] + text[end:]
    return text


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_fix_applied_by_its_regions_mends(ends: str, tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    text = "netspec: 1\ninput: [1, 28, 28]\nlayers:\n  - MaxPool2d: 2  # größe\n"
    text += "  - Linear: {in_features: 196, out_features: 3}\n"
    path.write_bytes(text.replace("\n", ends).encode())
    log = sarif([check(load(path))], "1")
    (result,) = log["runs"][0]["results"]
    for fix in result["fixes"]:
        mended = applied(path.read_bytes().decode(), fix["artifactChanges"])
        assert mended.count("\r\n") == (mended.count("\n") if ends == "\r\n" else 0)
        other = tmp_path / "mended.yaml"
        other.write_bytes(mended.encode())
        assert check(load(other)).ok


def test_a_setting_is_a_finding_about_the_file(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text("netspec: 1\nparams: {classes: 3}\ninput: [4]\nlayers: [Linear: classes]\n")
    (result,) = sarif([check(load(path, ("clases=4",)))], "1")["runs"][0]["results"]
    assert result["message"]["text"].startswith("--set: ")
    assert result["locations"] == [{"physicalLocation": {"artifactLocation": {"uri": path.as_uri()}}}]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("version",), "2.0.0"),
        (("runs", 0, "results", 0, "level"), "fatal"),
        (("runs", 0, "results", 0, "message"), {}),
        (("runs", 0, "results", 0, "locations", 0, "physicalLocation", "region", "startColumn"), 0),
        (("runs", 0, "results", 0, "locations", 0, "physicalLocation", "artifactLocation", "uri"), "<stdin>"),
        (("runs", 0, "surplus"), 1),
    ],
)
def test_an_invalid_log_would_show(path: tuple[Any, ...], value: object) -> None:
    log = copy.deepcopy(sarif([check(loads("netspec: 1\ninput: [4]\nlayers: [Linaer: 3]\n"))], "1"))
    VALIDATOR.validate(log)
    inner: Any = log
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(log)
