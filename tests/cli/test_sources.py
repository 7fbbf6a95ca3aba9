"""Files, folders, patterns and `-`: which files a check of them takes."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from netspec.cli.sources import expand
from netspec.render.json import Unreadable
from tests.cli.commands import RIGHT, WRONG, netspec, process

PART = "netspec: 1\nblocks:\n  Head: [{Linear: 3}]\n"
TREE = {
    "a.yaml": RIGHT,
    "b.yml": WRONG,
    "marked.yaml": "\ufeff" + RIGHT,
    "flow.yaml": "{netspec: 1, input: [4], layers: [{Linear: 3}]}\n",
    "deep/er/c.yaml": RIGHT,
    "deep/part.yaml": PART,
    "deep/other.yaml": "services:\n  netspec: 1\n",
    "deep/list.yaml": "- netspec: 1\n",
    "deep/empty.yaml": "",
    "deep/notes.txt": RIGHT,
    ".hidden/d.yaml": RIGHT,
    ".e.yaml": RIGHT,
    "nothing/readme.md": "",
    "net[1].yaml": RIGHT,
}
SPECS = ["a.yaml", "b.yml", "flow.yaml", "marked.yaml", "net[1].yaml", "deep/er/c.yaml"]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in TREE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "files"),
    [
        (["."], SPECS),
        (["deep"], ["deep/er/c.yaml"]),
        (["deep/"], ["deep/er/c.yaml"]),
        (["*.yaml"], ["a.yaml", "flow.yaml", "marked.yaml", "net[1].yaml"]),
        (["**/c.yaml"], ["deep/er/c.yaml"]),
        (["[ab].y*ml"], ["a.yaml", "b.yml"]),
        (["net[1].yaml"], ["net[1].yaml"]),
        (["deep/part.yaml"], ["deep/part.yaml"]),  # who names a file means it
        (["b.yml", "a.yaml", "."], ["b.yml", "a.yaml", *SPECS[2:]]),
        (["a.yaml", "./a.yaml", "a.yaml"], ["a.yaml"]),
        (["-", "a.yaml", "-"], ["-", "a.yaml"]),
        (["absent.yaml"], ["absent.yaml"]),
    ],
)
def test_what_is_checked(arguments: list[str], files: list[str]) -> None:
    assert [str(each) for each in expand(arguments)] == files


@pytest.mark.parametrize(
    ("argument", "said"),
    [("nothing", "nothing: holds no spec (*.yaml or *.yml with a key netspec)"), ("*.toml", "*.toml: matches no file")],
)
def test_nothing_to_check_is_an_error(argument: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert expand([argument]) == [Unreadable(argument, said)]
    done = netspec("check", argument, "a.yaml", capsys=capsys)
    assert (done.code, done.err) == (2, f"netspec: {said}\n")
    assert done.out.startswith("a.yaml: ok; ")


def test_a_folder_in_one_call(capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("check", "--format", "json", ".", capsys=capsys)
    answer = json.loads(done.out)
    assert done.code == 1
    assert {file["path"]: file["ok"] for file in answer["files"]} == {name: name != "b.yml" for name in SPECS}


def test_standard_input_beside_files() -> None:
    done = process("check", "--format", "github", "-", stdin=WRONG)
    assert done.code == 1
    assert done.out.startswith("::error title=NS401::<stdin>: Linear expects 5 features, gets 4")
    shown = process("check", "-", stdin=WRONG).out
    assert "fix      in_features: 4\n" in shown  # and no word of --fix, which has no file to write


def test_a_folder_that_cannot_be_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open/net.yaml").write_text(RIGHT)
    closed = tmp_path / "open/closed"
    closed.mkdir()
    scan = os.scandir

    def refusing(path: str) -> Any:
        if Path(path) == closed:
            raise PermissionError(errno.EACCES, "Permission denied", str(closed))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)
    right, refused = expand([str(tmp_path / "open")])
    assert right == str(tmp_path / "open/net.yaml")
    assert refused == Unreadable(str(closed), f"{closed}: cannot be read: permission denied")
