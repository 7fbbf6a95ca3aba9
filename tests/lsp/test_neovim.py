"""A real Neovim without a screen, set up as docs/editor.md says, and what the other editors are told there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from typing import Any

import pytest

from tests.spec_cases import ROOT

PAGE = (ROOT / "docs" / "editor.md").read_text("utf-8")
SPEC = """\
netspec: 1
input: [1, 28, 28]
layers:
  - {name: 卷积🧠, Conv2d: {out_channels: 32, kernel_size: 5}}
  - {name: pool, MaxPool2d: 2}  # 池化
  - {name: twice, add: {}, from: [pool, pool]}
  - Flatten
  - {name: fc1, Linear: {in_features: 32*4, out_features: 10}}
"""
SECONDS = 180


def block(title: str, kind: str, number: int = 0) -> str:
    """A block of code of a section of the page."""
    section = PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    return re.findall(rf"```{kind}\n(.*?)```", section, re.DOTALL)[number]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What Neovim found, and what it made of the text."""
    neovim = shutil.which("nvim")
    if neovim is None:
        pytest.skip("needs Neovim: apt-get install neovim")
    folder = tmp_path_factory.mktemp("neovim")
    (folder / "net.yaml").write_text(SPEC, "utf-8")
    (folder / "init.lua").write_text("vim.opt.swapfile = false\n" + block("Neovim", "lua"), "utf-8")
    command = folder / "netspec"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m netspec "$@"\n')
    command.chmod(0o755)
    paths = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "HOME": str(folder), "NETSPEC_FOLDER": str(folder)}
    environment = {
        **os.environ,
        **paths,
        "XDG_STATE_HOME": str(folder),
        "XDG_CACHE_HOME": str(folder),
        "PYTHONPATH": str(ROOT),
    }
    driver = ROOT / "tests" / "lsp" / "neovim.lua"
    done = subprocess.run(
        [neovim, "--headless", "-u", str(folder / "init.lua"), "-c", f"luafile {driver}"],
        env=environment, cwd=folder, capture_output=True, text=True, check=False, timeout=SECONDS,
    )  # fmt: skip
    assert (folder / "answers.json").is_file(), done.stderr
    found = json.loads((folder / "answers.json").read_text("utf-8"))
    assert "problem" not in found, found["problem"]
    return found


def test_it_shows_the_finding_and_makes_the_fix(answers: Any) -> None:
    told = answers["diagnostic"]
    assert (told["line"], told["column"], told["code"]) == (7, SPEC.splitlines()[7].index("32*4"), "NS401")
    assert told["message"].startswith("Linear expects 128 features, gets 4608")
    assert answers["fixed"] == SPEC.replace("32*4", "32*12*12").splitlines()


def test_it_knows_the_shapes_behind_chinese_and_emoji(answers: Any) -> None:
    assert "**32×24×24 → 32×12×12**" in answers["hover"]
    labels = [hint["label"] for hint in answers["hints"]]
    assert labels == ["→ 32×24×24 · 832", "→ 32×12×12", "→ 32×12×12", "→ 4608", "→ 10 · 46,090"]
    first = answers["hints"][0]["position"]
    assert first == {"line": 3, "character": len(SPEC.splitlines()[3].encode("utf-16-le")) // 2}
    assert [symbol["name"] for symbol in answers["symbols"][2]["children"]] == [
        "卷积🧠",
        "pool",
        "twice",
        "Flatten",
        "fc1",
    ]
    assert {"MaxPool2d", "ReLU", "concat", "from"} <= {*answers["completions"]}


def test_it_renames_and_formats(answers: Any) -> None:
    text = (
        SPEC.replace("32*4", "32*12*12")
        .replace("name: pool", "name: pooled")
        .replace("[pool, pool]", "[pooled, pooled]")
    )
    assert answers["formatted"] == [*text.splitlines(), "train:", "  epochs: 3"]


def test_the_settings_of_other_editors_start_the_server() -> None:
    helix = tomllib.loads(block("Helix", "toml"))
    server = helix["language-server"]["netspec"]
    assert [server["command"], *server["args"]] == ["netspec", "lsp"]
    assert helix["language"][0]["language-servers"][0] == "netspec"
    assert tomllib.loads(block("Helix", "toml", 1)) == {"editor": {"lsp": {"display-inlay-hints": True}}}
    assert json.loads(block("Kate", "json"))["servers"]["yaml"]["command"] == ["netspec", "lsp"]
    lisp = block("Emacs", "elisp")
    assert (lisp.count("("), '("netspec" "lsp")' in lisp) == (lisp.count(")"), True)
