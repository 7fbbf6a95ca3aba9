"""docs/interchange.md: its commands run, and what it shows is what they say."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from netspec.language.format import format_text
from tests.cli.commands import netspec
from tests.docs.test_docs import blocks
from tests.spec_cases import ROOT

PAGE = ROOT / "docs/interchange.md"
NETWORK = """\
netspec: 1
input: [3, 8, 8]
layers:
  - {name: conv, Conv2d: {out_channels: 4, kernel_size: 3, padding: 1}}
  - ReLU
  - Flatten
  - {name: fc, Linear: 10}
"""
MIXING = """

class Mixing(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = Centred()

    def forward(self, x):
        return self.norm(x)


class Centred(nn.Module):
    def forward(self, x):
        return x - x.mean(0)
"""
CHANGED = NETWORK.replace("kernel_size: 3,", "kernel_size: 3, stride: 2,").replace("ReLU\n", "ReLU\n  - Dropout: 0.1\n")
WITHOUT_RUNS = re.compile(r"^    (netspec (?:init|fmt|diff|import) .*?)(?:  +#.*)?$", re.MULTILINE)
COMMANDS = [line for line in WITHOUT_RUNS.findall(PAGE.read_text("utf-8")) if "runs/" not in line]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files that the page's commands name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "hand_made", raising=False)
    shutil.copytree(ROOT / "specs", tmp_path / "specs")
    (tmp_path / "nets").mkdir()
    for name, text in (("old", NETWORK), ("new", CHANGED), ("nets/a", NETWORK)):
        (tmp_path / f"{name}.yaml").write_text(text)
    (code,) = (block for block in blocks(PAGE, "python") if block.startswith("# hand_made.py"))
    (tmp_path / "hand_made.py").write_text(code + MIXING)
    return tmp_path


def test_the_page_shows_what_diff_says(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shown,) = (block for block in blocks(PAGE, "") if block.startswith("$ netspec diff"))
    command, said = shown.split("\n", 1)
    assert netspec(*command.split()[2:], capsys=capsys).out == said


@pytest.mark.parametrize("command", COMMANDS)
def test_its_commands_run(
    command: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if "HEAD" in command:
        if shutil.which("git") is None:
            pytest.skip("git is not installed")
        for number in range(2):
            (folder / "net.yaml").write_text(NETWORK + "\n" * number)
            for arguments in (["init", "-q"], ["add", "net.yaml"], ["commit", "-qm", "a network"]):
                subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments], check=True)
    elif command.split()[1] == "fmt":
        (folder / "net.yaml").write_text(CHANGED)
    arguments = [word.strip("'") for word in command.partition("<")[0].split()[1:]]
    if "<" in command:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(CHANGED.encode())))
    done = netspec(*arguments, capsys=capsys)
    assert done.code == (1 if "googlenet_aux" in command else 0), done.err


def test_the_page_shows_what_import_says(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shown,) = (block for block in blocks(PAGE, "") if block.startswith("$ netspec import"))
    command, said = shown.split("\n", 1)
    assert netspec(*command.split()[2:], capsys=capsys).out == said
    refused = netspec("import", "hand_made.py:Mixing", "--input", "4", capsys=capsys)
    assert refused.code == 1
    listed = re.search(r"^    netspec: hand_made.py:Mixing: .*\n.*\n", PAGE.read_text("utf-8"), re.MULTILINE)
    assert listed is not None
    assert refused.err == "".join(line.removeprefix("    ") + "\n" for line in listed[0].splitlines())


def test_there_are_commands() -> None:
    assert len(COMMANDS) >= 9


def test_its_example_is_in_canonical_form() -> None:
    texts = blocks(PAGE, "yaml")
    assert texts
    for text in texts:
        assert format_text(text, "net.yaml") == text
