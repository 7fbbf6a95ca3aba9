"""Workflow commands, read back as GitHub's runner reads them: properties at commas, the message after `::`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from netspec.checker import check
from netspec.language.load import load
from netspec.render.github import workflow_commands
from netspec.render.json import Unreadable
from netspec.shapes.report import Report

_COMMAND = re.compile(r"^::(error|warning) ([^:]*)::(.*)$")
_ESCAPES = {"%25": "%", "%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ","}


def unescaped(text: str) -> str:
    return re.sub("%25|%0D|%0A|%3A|%2C", lambda match: _ESCAPES[match[0]], text)


def read(line: str) -> tuple[str, dict[str, str], str]:
    """Severity, properties and message of one command."""
    match = _COMMAND.match(line)
    assert match, line
    properties = dict(part.split("=", 1) for part in match[2].split(","))
    return match[1], {name: unescaped(value) for name, value in properties.items()}, unescaped(match[3])


def test_every_finding_is_one_line_that_reads_back(bad_reports: list[Report]) -> None:
    lines = list(workflow_commands(bad_reports))
    found = [found for report in bad_reports for found in report.diagnostics]
    for line, each in zip(lines, found, strict=True):
        assert "\n" not in line
        severity, properties, message = read(line)
        assert (severity, properties["title"]) == (each.severity, each.code)
        assert each.message in message
        span = each.span
        if "file" in properties:
            places = (properties[name] for name in ("file", "line", "col", "endLine", "endColumn"))
            assert tuple(places) == (span.path, *map(str, (span.line, span.column, span.end_line, span.end_column)))
        else:
            assert span.path == "--set"
            assert message.startswith("--set: ")


def test_names_and_messages_are_escaped(tmp_path: Path) -> None:
    folder = tmp_path / "a,b: 100%"
    folder.mkdir()
    path = folder / "net.yaml"
    path.write_text("netspec: 1\ninput: [4]\nlayers: [{Linear: {in_features: 5, out_features: 3}}]\n")
    (line,) = workflow_commands([check(load(path))])
    assert line.startswith(f"::error file={tmp_path}/a%2Cb%3A 100%25/net.yaml,line=3,col=33,endLine=3,endColumn=34,")
    _, properties, message = read(line)
    assert properties["file"] == str(path)
    assert message.splitlines()[:2] == ["Linear expects 5 features, gets 4", "fix: in_features: 4"]


def test_a_file_that_cannot_be_read() -> None:
    (line,) = workflow_commands([Unreadable("net.yaml", "net.yaml: no such file")])
    assert line == "::error file=net.yaml,title=netspec::net.yaml: no such file"


def test_an_unescaped_property_would_show() -> None:
    with pytest.raises(ValueError, match="length 1"):
        read("::error file=a,b.yaml,line=1::text")
