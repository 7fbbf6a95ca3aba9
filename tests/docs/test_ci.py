"""What docs/ci.md shows works: its commands, its workflows, the hook, and the problem matcher on real output."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.commands import RIGHT, WRONG, netspec
from tests.docs.test_docs import blocks
from tests.spec_cases import BAD, ROOT

PAGE = ROOT / "docs/ci.md"
SHOWN = [yaml.safe_load(text) for text in blocks(PAGE, "yaml")]
WORKFLOWS = [shown for shown in SHOWN if "jobs" in shown]
HOOKS = [hook for shown in SHOWN for repo in shown.get("repos", []) for hook in repo["hooks"]]
STEPS = [step["run"] for flow in WORKFLOWS for step in flow["jobs"]["check"]["steps"] if "run" in step]
LINES = re.findall(r"^    ((?:cat \S+ \| )?netspec [^#\n]+?)(?: {2,}#.*)?$", PAGE.read_text("utf-8"), re.MULTILINE)
COMMANDS = [line for line in (*LINES, *STEPS) if "netspec" in line and not line.startswith("pip ")]
(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
MATCHER = json.loads((ROOT / "docs/netspec-matcher.json").read_text("utf-8"))["problemMatcher"][0]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a right spec below `nets`, and YAML that is none."""
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets/net.yaml").write_text(RIGHT)
    (tmp_path / "compose.yaml").write_text("services: {}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shell(command: str) -> subprocess.CompletedProcess[str]:
    """Run a command line with this netspec."""
    this = f"netspec() {{ '{sys.executable}' -m netspec \"$@\"; }}\n"
    paths = f"export PYTHONPATH='{ROOT}'\n"
    return subprocess.run(["bash", "-c", paths + this + command], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("command", [command for command in COMMANDS if "--watch" not in command])
@pytest.mark.usefixtures("repository")
def test_the_commands_work(command: str) -> None:
    done = shell(command)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_page_shows_every_kind_of_use() -> None:
    text = " ".join(COMMANDS)
    for word in ("sarif", "github", "--diff", "--fix", "--watch", "check -", "**", "--set", "explain"):
        assert word in text


@pytest.mark.usefixtures("repository")
def test_a_wrong_command_would_show() -> None:
    assert shell("netspec check --format xml nets").returncode == 2


# -- pre-commit -------------------------------------------------------------------------------------------------------


def test_the_hook_has_what_pre_commit_asks_for() -> None:
    assert {"id", "name", "entry", "language"} <= set(HOOK)
    assert all(hook["id"] == HOOK["id"] for hook in HOOKS)


@pytest.mark.parametrize(("text", "code"), [(RIGHT, 0), (WRONG, 1)])
def test_the_hook_checks_the_repository(
    text: str, code: int, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "nets/net.yaml").write_text(text)
    command, *words = [*HOOK["entry"].split(), *HOOK["args"]]
    assert command == "netspec"
    assert netspec(*words, capsys=capsys).code == code


# -- the problem matcher ----------------------------------------------------------------------------------------------


def matched(text: str) -> list[dict[str, Any]]:
    """What GitHub's runner makes of a log: a problem where the patterns match lines in a row."""
    first, second = MATCHER["pattern"]
    lines, found = text.splitlines(), []
    for line, following in pairwise(lines):
        head, place = re.search(first["regexp"], line), re.search(second["regexp"], following)
        if head and place:
            names = {name: head[group] for name, group in first.items() if name != "regexp"}
            found.append(names | {name: place[group] for name, group in second.items() if name != "regexp"})
    return found


def test_the_matcher_finds_every_finding(capsys: pytest.CaptureFixture[str]) -> None:
    specs = [path for path in BAD if path.name.startswith(("ns4", "ns9"))]
    out = netspec("check", *specs, capsys=capsys).out
    answer = json.loads(netspec("check", "--format", "json", *specs, capsys=capsys).out)
    expected = [
        {
            "severity": found["severity"],
            "code": found["code"],
            "message": found["message"],
            "file": found.get("path", file["path"]),
            "line": str(found["line"]),
            "column": str(found["column"]),
        }
        for file in answer["files"]
        for found in file["diagnostics"]
    ]
    assert len(expected) > 20
    assert matched(out) == expected


def test_a_wrapped_message_would_show() -> None:
    assert matched("error[NS401]: Linear expects\n    5 features\n --> net.yaml:4:38\n") == []
