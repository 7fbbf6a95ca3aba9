"""`netspec fmt`: what it writes, what it only shows, and what it leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.commands import RIGHT, netspec, process
from tests.spec_cases import ROOT

LOOSE = "netspec:   1\ninput: [4]\nlayers:\n- ReLU   # kept\n"
TIDY = "netspec: 1\ninput: [4]\nlayers:\n  - ReLU  # kept\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a loose spec, one in its canonical form, blocks, and a file that is none."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loose.yaml").write_text(LOOSE)
    (tmp_path / "tidy.yaml").write_text(TIDY)
    (tmp_path / "blocks.yaml").write_text("netspec: 1\nblocks:\n    A: [ReLU]\n")
    (tmp_path / "other.yaml").write_text("a:   1\n")
    return tmp_path


def test_it_writes_what_changes_and_nothing_else(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (folder / "tidy.yaml").stat()
    (folder / "loose.yaml").chmod(0o640)
    done = netspec("fmt", ".", capsys=capsys)
    assert (done.code, done.out) == (0, "")
    assert done.err == "formatted blocks.yaml\nformatted loose.yaml\n2 formatted, 1 in canonical form\n"
    assert (folder / "loose.yaml").read_text() == TIDY
    assert (folder / "loose.yaml").stat().st_mode & 0o777 == 0o640
    assert (folder / "blocks.yaml").read_text() == "netspec: 1\nblocks:\n  A: [ReLU]\n"
    assert (folder / "other.yaml").read_text() == "a:   1\n"
    assert (folder / "tidy.yaml").stat() == before
    assert sorted(path.name for path in folder.iterdir()) == ["blocks.yaml", "loose.yaml", "other.yaml", "tidy.yaml"]
    assert netspec("fmt", ".", "--check", capsys=capsys).code == 0


@pytest.mark.parametrize(("option", "shown"), [("--check", "loose.yaml would change\n"), ("--diff", "-netspec:   1\n")])
def test_it_only_looks(option: str, shown: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("fmt", option, "loose.yaml", "tidy.yaml", capsys=capsys)
    assert (done.code, done.err) == (1, "1 would change, 1 in canonical form\n")
    assert shown in done.out
    assert (folder / "loose.yaml").read_text() == LOOSE
    assert netspec("fmt", option, "tidy.yaml", capsys=capsys).code == 0


def test_the_shipped_specs_are_in_canonical_form(capsys: pytest.CaptureFixture[str]) -> None:
    assert netspec("fmt", "--check", ROOT / "specs", capsys=capsys).code == 0


def test_standard_input() -> None:
    done = process("fmt", "-", stdin=LOOSE)
    assert (done.code, done.out, done.err) == (0, TIDY, "")
    assert process("fmt", "--check", "-", stdin=RIGHT).code == 0


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("a: [", 1, "error[NS100]"),
        ("- 1\n", 1, "net.yaml: a spec is a mapping, not a list of 1"),
        (None, 2, "net.yaml: no such file"),
    ],
)
def test_what_cannot_be_formatted_stays(
    text: str | None, code: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    if text is not None:
        (tmp_path / "net.yaml").write_text(text)
    done = netspec("fmt", "net.yaml", capsys=capsys)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert text is None or (tmp_path / "net.yaml").read_text() == text


def test_an_ignored_warning_stays_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What would be spread over lines of its own takes the comment along, or the file stays as it is."""
    monkeypatch.chdir(tmp_path)
    text = "netspec: 1\ninput: [1, 8, 8]\nlayers:\n  - {MaxPool2d: {kernel_size: 3}}   # netspec: ignore=NS907\n"
    (tmp_path / "net.yaml").write_text(text)
    assert netspec("check", "net.yaml", capsys=capsys).out.startswith("net.yaml: ok;")
    assert netspec("fmt", "net.yaml", capsys=capsys).code == 0
    assert (tmp_path / "net.yaml").read_text() != text
    assert netspec("check", "net.yaml", capsys=capsys).out.startswith("net.yaml: ok;")
    lost = "netspec: 1\ninput: [1, 8, 8]\nlayers:\n  - # why\n    MaxPool2d:\n      # netspec: ignore=NS907\n"
    lost += "      kernel_size: 3\n"
    (tmp_path / "net.yaml").write_text(lost)
    before = netspec("check", "net.yaml", capsys=capsys).out
    netspec("fmt", "net.yaml", capsys=capsys)
    assert netspec("check", "net.yaml", capsys=capsys).out.count("NS907") == before.count("NS907")
