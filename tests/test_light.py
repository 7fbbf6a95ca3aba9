"""A light install, `pip install netspec`, checks everything and trains nothing: it has neither torch nor numpy."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from netspec.cli.main import COMMANDS
from netspec.core import installed
from netspec.core.installed import TORCH, TRAIN, MissingPackageError, require_packages
from netspec.language.load import load
from netspec.reports.progress import Silent
from netspec.trainer.train import train
from tests.cli.commands import RIGHT, WRONG, Done
from tests.light import Light, make_light
from tests.pictures import quickly_drawn
from tests.spec_cases import ROOT

HEAVY = {"torch", "torchvision", "numpy", "pandas", "scikit-learn", "matplotlib", "safetensors", "pillow"}
EXAMPLE = "data: {inline: {x: [[0, 1, 2, 3]], y: [0]}}\ntrain: {loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.1}}}\n"
# Runs commands one after the other in one process, and tells of each its exit code and what it printed.
SEVERAL = """
import contextlib, io, json, sys
from netspec.cli.main import main
found = []
for arguments in json.loads(sys.argv[1]):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(arguments)
            code = 0
        except SystemExit as end:
            code = end.code or 0
    found.append([code, out.getvalue(), err.getvalue()])
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def light(tmp_path_factory: pytest.TempPathFactory) -> Light:
    """The environment, with a right spec, a wrong one, and two runs."""
    made = make_light(tmp_path_factory.mktemp("light"))
    (made.folder / "right.yaml").write_text(RIGHT + EXAMPLE)
    (made.folder / "wrong.yaml").write_text(WRONG)
    with quickly_drawn():
        for name, rate in (("a", 0.1), ("b", 0.2)):
            settings = (f"train.optimizer.SGD.lr={rate}", "train.epochs=1")
            train(load(made.folder / "right.yaml", settings), out=made.folder / name, progress=Silent())
    return made


def several(light: Light, *commands: str) -> list[Done]:
    done = light.run("-c", SEVERAL, json.dumps([command.split() for command in commands]))
    assert done.code == 0, done.err
    return [Done(*each) for each in json.loads(done.out)]


def test_it_has_nothing_heavy(light: Light) -> None:
    code = "from importlib.metadata import distributions; print(*sorted(d.name.lower() for d in distributions()))"
    names = set(light.run("-c", code).out.split())
    assert {"netspec", "click", "pyyaml", "jsonschema", "rich"} <= names
    assert names.isdisjoint(HEAVY)
    assert light.run("-c", "import torch").code == 1


def test_everything_that_needs_no_torch_works(light: Light) -> None:
    right = several(
        light,
        "check right.yaml", "check right.yaml --format json", "check right.yaml --format sarif",
        "check right.yaml --format github", "summary right.yaml", "summary right.yaml --format json",
        "sizes right.yaml", "compare a b", "explain NS401", "schema", "init --list", "--help", "--version",
        "graph right.yaml", "graph right.yaml --format html", "graph right.yaml --format mermaid",
        *(f"{name} --help" for name in COMMANDS),
    )  # fmt: skip
    assert [(done.code, done.err) for done in right] == [(0, "")] * len(right)
    assert right[0].out.startswith("right.yaml: ok")
    assert json.loads(right[1].out)["ok"] is True
    assert json.loads(right[5].out)["total"]["params"] == 15
    assert "train.optimizer.SGD.lr" in right[7].out
    wrong = several(light, "check wrong.yaml", "check wrong.yaml --diff", "check wrong.yaml --fix")
    assert [done.code for done in wrong] == [1, 1, 0]
    assert "NS401" in wrong[0].out
    assert "+  - {name: fc, Linear: {in_features: 4, out_features: 3}}  # kept" in wrong[1].out
    assert (light.folder / "wrong.yaml").read_text() == WRONG.replace("5", "4")


def test_it_is_a_command(light: Light) -> None:
    done = light.run("-m", "netspec", "check", "right.yaml")
    assert (done.code, done.err) == (0, "")
    assert "netspec = netspec.cli.main:main" in next(light.packages.glob("netspec-*/entry_points.txt")).read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C goes to a whole console there")
def test_it_watches(light: Light) -> None:
    command = [light.python, "-m", "netspec", "check", "--watch", "right.yaml"]
    pipe = subprocess.PIPE
    watching = subprocess.Popen(command, cwd=light.folder, env=light.environment, stdout=pipe, stderr=pipe, text=True)
    assert watching.stderr is not None
    assert "watching 1 file" in watching.stderr.readline()
    watching.send_signal(signal.SIGINT)
    out, _ = watching.communicate(timeout=60)
    assert (watching.returncode, out.startswith("right.yaml: ok")) == (130, True)


def test_python_has_it_too(light: Light) -> None:
    code = (
        "import netspec; spec = netspec.load('right.yaml'); assert netspec.check(spec).ok; "
        "print(netspec.summary(spec)); print(netspec.to_python(spec)); netspec.compile(spec)"
    )
    done = light.run("-c", code)
    assert "nn.Linear(4, 3)" in done.out
    assert "MissingPackageError: netspec.compile needs torch: pip install 'netspec[train]'" in done.err


def test_what_needs_more_says_what_to_install(light: Light) -> None:
    commands = ["train right.yaml", "train right.yaml --dry-run", "train right.yaml --nproc 2", "eval run"]
    for done in several(light, *commands, "predict run x.png", "bench right.yaml"):
        assert (done.code, done.out) == (2, "")
        assert "needs torch, torchvision and" in done.err
        assert done.err.endswith(": pip install 'netspec[train]'\n")
        assert len(done.err.splitlines()) == 1
    (exported,) = several(light, "export right.yaml --to pt2")
    needs = "netspec: netspec export needs torch, safetensors: pip install 'netspec[train]'\n"
    assert (exported.code, exported.err) == (2, needs)
    (editor,) = several(light, "lsp")
    assert (editor.code, editor.err) == (2, "netspec: netspec lsp needs pygls: pip install 'netspec[lsp]'\n")
    (curves, drawn) = several(light, "compare run --curves c.png", "graph right.yaml -o net.png")
    assert drawn.err == "netspec: a picture as PNG needs matplotlib: pip install 'netspec[train]'\n"
    assert curves.err == "netspec: netspec compare --curves needs matplotlib: pip install 'netspec[train]'\n"


def test_a_plugin_that_needs_torch_says_so(light: Light) -> None:
    (light.folder / "mine.py").write_text("import torch\n")
    (light.folder / "plugin.yaml").write_text("netspec: 1\nplugins: [mine]\ninput: [4]\nlayers: [ReLU]\n")
    (done,) = several(light, "check plugin.yaml --allow-plugins")
    assert (done.code, "NS702" in done.out) == (1, True)
    assert "pip install 'netspec[train]' brings torch" in done.out


def test_the_extra_is_what_is_looked_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert {Requirement(text).name for text in project["optional-dependencies"]["train"]} == {*TRAIN.values()}
    assert {Requirement(text).name for text in project["dependencies"]} == {"click", "pyyaml", "jsonschema", "rich"}
    brought = packages_distributions()
    assert {module: [name.lower() for name in brought[module]] for module in TRAIN} == {
        module: [package] for module, package in TRAIN.items()
    }


def test_a_folder_is_no_package_and_an_old_torch_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "no_package").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingPackageError, match="it needs a package"):
        require_packages("it", {"no_package": "a package"})
    monkeypatch.setattr(installed, "installed", lambda: "2.5.1")
    with pytest.raises(MissingPackageError, match=r"it needs torch 2\.6 or newer, here is 2\.5\.1"):
        require_packages("it", TORCH)


def test_some_are_named_and_the_others_counted() -> None:
    require_packages("it", {"json": "json"})
    with pytest.raises(MissingPackageError, match=r"^it needs a: pip install 'netspec\[train\]'$"):
        require_packages("it", {"json": "json", "no_such_a": "a"})
    with pytest.raises(MissingPackageError, match=r"^it needs a, b, c: pip"):
        require_packages("it", {f"no_such_{name}": name for name in "abc"})
    with pytest.raises(MissingPackageError, match=r"^it needs a, b and 2 more packages: pip"):
        require_packages("it", {f"no_such_{name}": name for name in "abcd"})
