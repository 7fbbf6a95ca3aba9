"""docs/interchange.md: its commands that export run, each loading what it wrote by its own runtime."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from netspec.exporting.targets import TARGETS, target_of
from netspec.language.load import load
from netspec.reports.progress import Silent
from netspec.trainer.train import train
from tests.cli.commands import netspec
from tests.pictures import quickly_drawn
from tests.rounds import sample
from tests.spec_cases import ROOT

PAGE = (ROOT / "docs/interchange.md").read_text("utf-8")
COMMANDS = re.findall(r"^    (netspec export .*?)(?:  +#.*)?$", PAGE, re.MULTILINE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the commands name: a spec, and a run of one epoch on scikit-learn's pictures of digits."""
    folder = tmp_path_factory.mktemp("exports")
    (folder / "specs").mkdir()
    text = (ROOT / "specs/digits.yaml").read_text("utf-8")
    (folder / "specs/lenet.yaml").write_text(text, "utf-8")  # a small one, as what is written here is the command
    with quickly_drawn():
        train(load(folder / "specs/lenet.yaml", ("train.epochs=1",)), out=folder / "runs/digits-1", progress=Silent())
    return folder


@pytest.mark.parametrize("command", sample(COMMANDS, 4, start=1, keep=COMMANDS[-1:]))
def test_its_exports_run(
    command: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    words = command.split()[1:]
    out = words[words.index("-o") + 1] if "-o" in words else ""
    target = target_of(None if out else words[words.index("--to") + 1], out)
    assert target is not None
    for module in target.packages:
        pytest.importorskip(module, reason=f"{module} is not installed: pip install 'netspec[export]'")
    done = netspec(*words, capsys=capsys)
    assert done.code == 0, done.err
    written = re.match(rf"wrote (\S+): {target.name}, ([\d,]+) bytes; largest difference ", done.out)
    assert written is not None, done.out
    assert (folder / written[1]).stat().st_size == int(written[2].replace(",", ""))


def test_there_are_commands_and_every_target_has_its_row() -> None:
    assert len(COMMANDS) >= 4
    assert re.findall(r"^\| `(\w+)` \| .* \| .* \|$", PAGE, re.MULTILINE) == list(TARGETS)
