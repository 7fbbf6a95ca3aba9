"""docs/pictures.md: its commands work, its pictures are what they write, and no format or key is missing."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from netspec.render.pictures.formats import FORMATS
from netspec.render.pictures.page import FOLDER
from tests.cli.commands import netspec
from tests.docs.pictures import COMMANDS, PAGE, committed
from tests.docs.test_docs import blocks
from tests.spec_cases import ROOT

TEXT = PAGE.read_text("utf-8")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the specs and an empty docs/pictures."""
    shutil.copytree(ROOT / "specs", tmp_path / "specs")
    (tmp_path / "docs/pictures").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("command", dict.fromkeys(COMMANDS))
def test_the_commands_work(command: str, checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if ".png" in command:
        pytest.importorskip("matplotlib")
    words, _, redirected = command.removeprefix("netspec ").partition(" > ")
    done = netspec(*words.split(), capsys=capsys)
    assert done.code == 0
    assert (done.out == "") == ("-o" in words)
    name = next((arguments[-1] for arguments in committed().values() if arguments == words.split()), "")
    if name:
        assert (checkout / name).read_text("utf-8") == (ROOT / name).read_text("utf-8"), "run `make docs`"
    if command.endswith("--format mermaid"):
        assert [done.out] == blocks(PAGE, "mermaid")
    assert redirected in ("", "digits.dot")


def test_the_page_and_the_readme_show_committed_pictures() -> None:
    assert len(committed()) == 5
    assert all(name.removeprefix("docs/") in TEXT for name in committed())
    assert {str(path.relative_to(ROOT)) for path in (ROOT / "docs/pictures").iterdir()} == {*committed()}
    readme = (ROOT / "README.md").read_text("utf-8")
    (shown,) = re.findall(r'<img src="(docs/pictures/.+?)"', readme)
    assert shown in committed()
    assert "netspec " + " ".join(committed()[shown]) in readme


def test_the_page_names_every_format_and_key() -> None:
    for form in FORMATS.values():
        assert f"| `{form.suffixes[0]}` |" in TEXT
    table = (FOLDER / "controls.js").read_text("utf-8").partition("const KEYS = {")[2].partition("\n};")[0]
    keys = re.findall(r'(?:^  |, )"?([^\s"]+?|)"?: (?=[(a-zA-Z])', table, re.MULTILINE)
    signs = {"ArrowDown": "↓", "ArrowUp": "↑", "ArrowRight": "→", "ArrowLeft": "←", "=": "+", "Enter": "", "Escape": ""}
    told = [signs.get(key, key) for key in keys]
    assert len(keys) > 12
    assert [key for key in told if key and f"`{key}`" not in TEXT] == []


def test_the_python_works(checkout: Path) -> None:
    (code,) = blocks(PAGE, "python")
    done = subprocess.run(
        [sys.executable, "-c", code + "assert text.startswith('<svg ')\n"],
        capture_output=True, text=True, check=False, cwd=checkout, env={"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert (checkout / "resnet18.html").stat().st_size > 50_000
