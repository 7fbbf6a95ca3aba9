"""`netspec import`: what it takes, what it writes, and what it says where that does not work."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import netspec as package
from tests.cli.commands import netspec

SOURCE = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.fc = nn.Linear(4, 2)

    def forward(self, x):
        return self.fc(self.conv(x).mean((2, 3)))

class Needs(nn.Module):
    def __init__(self, width):
        super().__init__()

class Multiplies(Net):
    def forward(self, x):
        return super().forward(x).cumprod(1)

class Prints(Net):
    def __init__(self):
        super().__init__()
        print("building")

    def forward(self, x):
        print("shape", tuple(x.shape))
        return [super().forward(x), x.mean((1, 2, 3))]

made = Net()
number = 3
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file of networks, which is the working directory."""
    (tmp_path / "hand_made.py").write_text(SOURCE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "hand_made", raising=False)
    return tmp_path


@pytest.mark.parametrize("target", ["hand_made.py:Net", "hand_made:Net", "hand_made:made", "./hand_made.py:made"])
def test_what_a_target_may_be(target: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("import", target, "--input", "1,6,6", capsys=capsys)
    assert done.code == 0
    spec = package.loads(done.out)
    assert package.check(spec).ok
    assert spec.name == target.rpartition(":")[2]
    assert done.out.startswith(f"# {target}, imported\n")
    assert done.err.endswith("4 weights by the same names, the same outputs\n")


def test_a_file_is_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("import", "hand_made.py:Net", "--input", "1,6,6", "--name", "mine", "-o", "net.yaml", capsys=capsys)
    assert (done.code, done.out) == (0, "")
    assert package.load("net.yaml").name == "mine"


def test_torchvisions_networks_have_an_input(capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("import", "torchvision:squeezenet1_1", capsys=capsys)
    assert done.code == 0
    assert "input: [3, 224, 224]" in done.out


@pytest.mark.parametrize(
    ("target", "code", "said"),
    [
        ("torchvision:resnet1", 2, "torchvision has no model 'resnet1'; did you mean resnet18"),
        ("resnet18", 2, "'resnet18' names no module: torchvision:resnet50"),
        ("missing.py:Net", 2, "missing.py: no such file"),
        ("no.such.package:Net", 2, "no.such.package: no such module of Python"),
        ("hand_made.py:Nat", 2, "hand_made.py has no Nat; did you mean Net?"),
        ("hand_made.py:number", 1, "hand_made.py:number is neither a module nor what makes one"),
        ("hand_made.py:Needs", 1, "hand_made.py:Needs cannot be made without arguments: "),
        ("hand_made.py:Multiplies", 1, "the network: torch.Tensor.cumprod: a spec has no such function"),
        ("broken.py:Net", 1, "broken.py cannot be imported: NameError: name 'torch' is not defined"),
    ],
)
def test_what_is_said(target: str, code: int, said: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "broken.py").write_text("class Net(torch.nn.Module): ...\n", encoding="utf-8")
    done = netspec("import", target, "--input", "1,6,6", "-o", "net.yaml", capsys=capsys)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert not (folder / "net.yaml").exists()


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ([], "the input of hand_made.py:Net is not known"),
        (["--input", "1x6x6"], "'1x6x6' is no input such as 3,224,224"),
        (["--input", "a=1,6,6", "--input", "3"], "either all inputs have names or none"),
        (["--input", "6,6"], "the module cannot be run on input [6, 6]"),
    ],
)
def test_inputs(inputs: list[str], said: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("import", "hand_made.py:Net", *inputs, capsys=capsys)
    assert done.code in (1, 2)
    assert said in done.err


def test_what_the_code_prints_is_no_part_of_the_spec(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("import", "hand_made.py:Prints", "--input", "1,6,6", capsys=capsys)
    assert done.code == 0
    assert package.check(package.loads(done.out)).ok
    assert "building" in done.err
    assert "shape (2, 1, 6, 6)" in done.err
    assert "the module returns a list" in done.err
    (folder / "net.yaml").write_text(done.out, encoding="utf-8")
    assert netspec("fmt", "--check", "net.yaml", capsys=capsys).code == 0
    assert "# 4×4×4" in done.out
