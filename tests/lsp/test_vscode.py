"""The extension for VS Code: its settings, commands and colours are the server's, and its code compiles."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from netspec.cli.lsp import command
from netspec.lsp.analysis import LANGUAGE
from netspec.lsp.features.lens import COMMANDS
from netspec.lsp.features.tokens import TYPES
from tests.spec_cases import ROOT

FOLDER = ROOT / "editors" / "vscode"
PACKAGE: dict[str, Any] = json.loads((FOLDER / "package.json").read_text("utf-8"))
CONTRIBUTES = PACKAGE["contributes"]
CODE = "".join(path.read_text("utf-8") for path in sorted((FOLDER / "src").glob("*.ts")))


def test_its_commands_are_registered_and_the_servers() -> None:
    offered = {each["command"] for each in CONTRIBUTES["commands"]}
    assert {*re.findall(r'registerCommand\("([^"]+)"', CODE)} == offered
    assert {*re.findall(r'run\("([^"]+)"\)', CODE)} == {*COMMANDS}
    assert offered.isdisjoint(COMMANDS)  # the client registers those itself
    assert {each["command"] for each in CONTRIBUTES["menus"]["commandPalette"]} < offered


def test_its_settings_are_read() -> None:
    settings = {name.removeprefix("netspec.") for name in CONTRIBUTES["configuration"]["properties"]}
    assert {*re.findall(r'settings\.get(?:<[^>]+>)?\("([^"]+)"', CODE)} == settings
    restricted = PACKAGE["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"]
    assert restricted == ["netspec.path", "netspec.arguments"]  # what may name a program


def test_the_arguments_that_it_names_are_those_of_the_command() -> None:
    description = CONTRIBUTES["configuration"]["properties"]["netspec.arguments"]["markdownDescription"]
    named = re.findall(r'"(--[a-z]+)"', description)
    options = {name for parameter in command.params for name in parameter.opts}
    assert named
    assert {*named} <= options


def test_its_language_and_colours_are_the_servers() -> None:
    (language,) = CONTRIBUTES["languages"]
    assert language["id"] == LANGUAGE
    assert re.search(language["firstLine"], "netspec: 1  # the version")
    assert not re.search(language["firstLine"], "version: 1")
    (scopes,) = CONTRIBUTES["semanticTokenScopes"]
    assert {*scopes["scopes"]} == {*TYPES}
    for file in (language["configuration"], CONTRIBUTES["grammars"][0]["path"]):
        assert json.loads((FOLDER / file).read_text("utf-8"))


def test_it_is_packed_whole() -> None:
    kept = [line[1:] for line in (FOLDER / ".vscodeignore").read_text().split() if line.startswith("!")]
    assert PACKAGE["main"].removeprefix("./") in kept
    for name in kept:
        assert name.startswith("dist/") or [*FOLDER.glob(name)], name
    assert (FOLDER / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert PACKAGE["version"] == project["version"]
    locked = json.loads((FOLDER / "package-lock.json").read_text("utf-8"))
    assert locked["version"] == PACKAGE["version"]
    assert not any("resolved" in each for each in locked["packages"].values())


def tool(name: str) -> Path:
    """A program of the extension's packages."""
    path = FOLDER / "node_modules" / ".bin" / name
    if shutil.which("node") is None or not path.exists():
        pytest.skip("needs Node.js and its packages: npm --prefix editors/vscode ci")
    return path


def test_its_code_compiles() -> None:
    done = subprocess.run([tool("tsc"), "--noEmit"], cwd=FOLDER, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extension as it is packed, made by the script of its package."""
    path = tmp_path_factory.mktemp("extension") / "extension.js"
    script = PACKAGE["scripts"]["build"].partition("esbuild ")[2].replace("dist/extension.js", str(path))
    subprocess.run([tool("esbuild"), *script.split(), "--log-level=error"], cwd=FOLDER, check=True)
    return path


def told_in_vscode(bundle: Path, program: Path) -> Any:
    """What a user of VS Code would see, of which tests/lsp/vscode.cjs has as much as is needed."""
    command = ["node", ROOT / "tests" / "lsp" / "vscode.cjs", bundle, program]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_it_starts_the_server_and_starts_it_again(bundle: Path, tmp_path: Path) -> None:
    program = tmp_path / "netspec"
    log = tmp_path / "started"
    program.write_text(f'#!/bin/sh\necho "$@" >> {log}\nPYTHONPATH={ROOT} exec "{sys.executable}" -m netspec "$@"\n')
    program.chmod(0o755)
    told = told_in_vscode(bundle, program)
    assert told["errors"] == []
    assert told["diagnostics"][0] == told["diagnostics"][-1] == ["2: Linear expects 5 features, gets 4"]
    assert {*told["commands"]} == {*COMMANDS, *(each["command"] for each in CONTRIBUTES["commands"])}
    assert log.read_text() == "lsp --torch 2.9\n" * 2


def test_it_says_what_to_install_where_there_is_no_server(bundle: Path, tmp_path: Path) -> None:
    told = told_in_vscode(bundle, tmp_path / "missing")
    assert told["diagnostics"] == []
    assert any("pip install 'netspec[lsp]' brings it" in message for message in told["errors"])
