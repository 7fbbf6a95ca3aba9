"""to_python: the source that is run, the same every time, and code that stands alone."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import netspec
from tests.compiler.networks import inputs_of, outputs, report_of, spec_of
from tests.spec_cases import OK, RIGHT, ROOT, name_of, sweep


@pytest.mark.parametrize("path", sweep(RIGHT, 3, 2), ids=name_of)
def test_deterministic_and_plain_python(path: Path) -> None:
    text = netspec.to_python(netspec.load(path))
    assert netspec.to_python(netspec.load(path)) == text
    tree = ast.parse(text)
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert imported <= {"torch", "torch.nn.functional"}
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not called & {"eval", "exec", "__import__"}


@pytest.mark.parametrize("path", sweep(OK, 2, 1), ids=name_of)
def test_the_source_alone_computes_what_the_compiled_module_does(path: Path) -> None:
    model = netspec.compile(spec_of(path)).eval()
    namespace: dict[str, object] = {"__name__": "generated"}
    text = netspec.to_python(spec_of(path))
    exec(compile(text, "generated.py", "exec"), namespace)
    last = ast.parse(text).body[-1]
    assert isinstance(last, ast.ClassDef | ast.FunctionDef)
    twin = namespace[last.name]()  # type: ignore[operator]
    twin.load_state_dict(model.state_dict())
    inputs = inputs_of(report_of(path))
    for got, want in zip(outputs(twin.eval()(*inputs)), outputs(model(*inputs)), strict=True):
        assert torch.equal(got, want)


def test_the_same_in_every_process() -> None:
    code = "import netspec, sys; sys.stdout.write(netspec.to_python(netspec.load(sys.argv[1])))"
    path = str(ROOT / "tests/specs/ok/blocks.yaml")
    texts = {
        subprocess.run(
            [sys.executable, "-c", code, path], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    }
    assert texts == {netspec.to_python(netspec.load(path))}


@pytest.mark.parametrize("name", ["x", "self", "torch", "nn", "F", "Tensor", "input_0", "super", "x2", "print"])
def test_names_of_items_never_clash_with_the_code(name: str) -> None:
    text = f"""
netspec: 1
input: [4]
layers:
  - {{name: {name}, Linear: 4}}
  - {{name: other, Linear: 4}}
  - branches: {{left: [relu], right: [Linear: 4]}}
    merge: concat
  - {{name: sum, add: {{}}, from: [{name}, other]}}
  - {{name: all, concat: {{}}, from: [sum, {name}, other]}}
"""
    model = netspec.compile(netspec.loads(text))
    assert model(torch.zeros(2, 4)).shape == (2, 12)


ODD = ["class", "Sequential", "torch", 'a"""b', "a\\", "1st", "日本", "ReLU", "input", "nn.Module"]


@pytest.mark.parametrize("name", ODD)
def test_any_name_of_a_spec_makes_valid_python(name: str) -> None:
    spec = netspec.loads(f"netspec: 1\nname: '{name}'\ninput: [4]\nlayers: [Linear: 4, relu, ReLU]\n")
    assert netspec.compile(spec)(torch.zeros(2, 4)).shape == (2, 4)
