"""Whatever a machine is like: folders with spaces and Chinese names, files with CRLF, consoles that are not UTF-8."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import RIGHT, WRONG, netspec
from tests.spec_cases import ROOT

FOLDER, NAME, ESCAPED = "有 空格", "网络 net.yaml", r"\u7f51\u7edc net.yaml"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory."""
    path = tmp_path / FOLDER
    path.mkdir()
    monkeypatch.chdir(path)
    return path


def printed(encoding: str, *arguments: str) -> bytes:
    """What a command prints on a console of an encoding, where it says nothing on stderr."""
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "netspec", *arguments]
    done = subprocess.run(command, capture_output=True, check=False, env=environment)
    assert done.stderr == b""
    return done.stdout


@pytest.mark.parametrize("encoding", ["cp1252", "gbk", "cp437"])
def test_a_console_of_any_encoding(encoding: str, folder: Path) -> None:
    (folder / NAME).write_text(WRONG, encoding="utf-8")
    text = printed(encoding, "check", NAME).decode(encoding)
    assert "error[NS401]: Linear expects 5 features, gets 4" in text
    assert f"--> {NAME if encoding == 'gbk' else ESCAPED}:4:38" in text


def test_signs_are_spelt_and_json_stays_json(folder: Path) -> None:
    (folder / NAME).write_text(RIGHT, encoding="utf-8")
    assert b"input 4 -> fc 3" in printed("cp1252", "check", NAME)
    assert json.loads(printed("cp1252", "check", NAME, "--format", "json"))["files"][0]["path"] == NAME
    quoted = "“→” " + NAME
    (folder / quoted).write_text(RIGHT, encoding="utf-8")
    for encoding in ("cp437", "gbk", "utf-8"):
        said = printed(encoding, "sizes", "--format", "json", quoted).decode(encoding)
        assert json.loads(said)["path"] == quoted
        assert (NAME in said) == (encoding == "utf-8")


def test_crlf_stays(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / NAME).write_bytes(WRONG.replace("\n", "\r\n").encode())
    assert netspec("check", NAME, "--fix", capsys=capsys).code == 0
    assert (folder / NAME).read_bytes() == WRONG.replace("5", "4").replace("\n", "\r\n").encode()


@pytest.mark.skipif(os.name != "posix", reason="streams are closed by a shell of POSIX")
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ("check net.yaml >&-", 0, ""),
        ("summary net.yaml >&-", 0, ""),
        ("check gone.yaml >&-", 2, "netspec: gone.yaml: no such file\n"),
        ("check net.yaml 2>&-", 0, ""),
        ("check - <&-", 2, "netspec: -: standard input is closed\n"),
        pytest.param(
            "check net.yaml >/dev/full",
            2,
            "netspec: standard output cannot be written: no space is left there\n",
            marks=pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full"),
        ),
    ],
)
def test_streams_that_are_closed_or_full(arguments: str, code: int, said: str, folder: Path) -> None:
    (folder / "net.yaml").write_text(RIGHT)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    line = f"'{sys.executable}' -m netspec {arguments}"
    done = subprocess.run(line, shell=True, stderr=subprocess.PIPE, text=True, check=False, env=environment)
    assert (done.returncode, done.stderr) == (code, said)
