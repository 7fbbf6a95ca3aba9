"""Every code is explained, and its example holds: the wrong half gives that code alone, the right half none.

What training finds (NS601 to NS609, NS930 and up) is shown by its commands, run in this process; the others by a check.
A fault of netspec (NS801) has no text that shows it: the rule that its example names is broken first.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from netspec.core import codes as table
from netspec.core.codes import CODES, FOLDER, Case, explanation, severity
from netspec.core.faults import CODE, EXIT_CODE
from tests.cli.commands import Done, netspec
from tests.faults import broken_layer, reported
from tests.rounds import sample

CHECK = "netspec check net.yaml"
Run = Callable[[Case], Done]


def at_run_time(code: str) -> bool:
    """Whether training finds it; a check finds it too where the spec alone tells (NS602, NS603)."""
    return "NS601" <= code <= "NS609" or code >= "NS930"


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], quick_pictures: None
) -> Run:
    """Put a case's files into an empty folder, run its commands there, and return what the last one did."""
    monkeypatch.chdir(tmp_path)

    def start(case: Case) -> Done:
        for name, text in case.files.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        for command in case.commands or (CHECK,):
            word, *arguments = command.split()
            if word == "truncate":
                size, name = arguments[1:]
                os.truncate(tmp_path / name, int(size))
                continue
            assert word == "netspec"
            done = netspec(*arguments, capsys=capsys)
        return done

    return start


def codes(done: Done) -> list[str]:
    """The codes in what a command printed."""
    return re.findall(r"^(?:error|warning)\[(NS\d+)\]", done.out + "\n" + done.err, re.MULTILINE)


def test_each_code_has_an_example_and_each_example_a_code() -> None:
    assert {path.stem for path in FOLDER.glob("*")} == set(CODES)


@pytest.mark.parametrize("code", sample([code for code in CODES if code != CODE], 2))
def test_the_wrong_one_gives_that_code_alone(code: str, run: Run) -> None:
    done = run(explanation(code).wrong)
    assert codes(done) == [code]
    assert done.code == (1 if severity(code) == "error" else 0)


def test_a_fault_of_netspec_is_shown_by_a_broken_rule(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = explanation(CODE).wrong
    assert codes(run(shown)) == []
    assert "the rule of ReLU" in shown.note
    broken_layer("ReLU", monkeypatch)
    reported(monkeypatch)
    done = run(shown)
    assert codes(done) == [CODE]
    assert done.code == EXIT_CODE


@pytest.mark.parametrize("code", sample(CODES, 3))
def test_the_right_one_gives_none(code: str, run: Run) -> None:
    done = run(explanation(code).right)
    assert codes(done) == []
    assert done.code == 0


@pytest.mark.parametrize("code", [code for code in CODES if at_run_time(code)])
def test_what_a_run_finds_is_shown_by_running(code: str) -> None:
    shown = explanation(code)
    said = [command for case in (shown.wrong, shown.right) for command in case.commands]
    assert all("train" in command for command in said if command.startswith("netspec "))
    assert shown.wrong.commands
    assert shown.right.commands


# -- that these can fail ----------------------------------------------------------------------------------------------


def test_halves_the_wrong_way_round_would_show(run: Run) -> None:
    shown = explanation("NS401")
    assert codes(run(shown.right)) != ["NS401"]
    assert codes(run(shown.wrong)) != []


def test_an_example_of_two_faults_would_show(run: Run) -> None:
    wrong = explanation("NS401").wrong
    assert codes(run(Case("", (), wrong.text + "\nlayer: 3\n"))) != ["NS401"]


@pytest.mark.parametrize(
    "text",
    [
        "netspec: 1\n",
        "# what: a\n# why: b\n\n# wrong: only this\nnetspec: 1\n",
        "# what: a\n# why: b\n\n# right: first\nnetspec: 1\n# wrong: then\nnetspec: 1\n",
        "# what: a\n# why: b\n\nnetspec: 1\n# wrong: a\nx\n# right: b\nx\n",
        "# what: a\n\n# wrong: a\nx\n# right: b\nx\n",
    ],
)
def test_a_file_without_all_its_parts_is_refused(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "NS401.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(table, "FOLDER", tmp_path)
    explanation.cache_clear()
    with pytest.raises(ValueError, match=r"NS401\.yaml is `# what"):
        explanation("NS401")
