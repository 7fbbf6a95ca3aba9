"""`netspec diff`: what differs between two networks, from files, runs and git revisions."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import netspec as package
from netspec.render.difference import difference
from tests.cli.commands import WRONG, netspec, process
from tests.spec_cases import ROOT, SHIPPED, name_of, sweep

NET = """\
netspec: 1
params: {width: 4}
input: [3, 8, 8]
layers:
  - {name: conv, Conv2d: {out_channels: width, kernel_size: 3, padding: 1}}
  - BatchNorm2d
  - ReLU
  - {name: pooled, MaxPool2d: 2}
  - Flatten
  - {name: fc, Linear: 10}
"""


Change = tuple[str, str, str, dict[str, tuple[object, object]]]


def changes(old: str, new: str) -> list[Change]:
    """The changes between two texts: the kind, the paths, and the arguments."""
    found = difference(package.check(package.loads(old)), package.check(package.loads(new)))
    paths = [[each.call.path if each else "" for each in (one.before, one.after)] for one in found.layers]
    return [(one.kind, *both, one.arguments) for one, both in zip(found.layers, paths, strict=True)]  # type: ignore[misc]


@pytest.mark.parametrize("path", sweep(SHIPPED, 3), ids=name_of)
def test_nothing_differs_from_itself(path: Path) -> None:
    report = package.check(package.load(path))
    found = difference(report, package.check(package.loads(package.load(path).to_yaml())))
    assert found.equal
    assert len(found.weights.fitting) == found.tensors


GELU = {"type": ("ReLU", "GELU"), "approximate": (None, "none"), "inplace": (False, None)}
OTHER = "  - {name: x, Flatten: {}, from: input}\n  - {name: fc, Linear: 10, from: x}"


@pytest.mark.parametrize(
    ("edit", "wanted"),
    [
        (("ReLU", "GELU"), [("changed", "2", "2", GELU)]),
        (
            ("  - Flatten", "  - Dropout: 0.5\n  - Flatten"),
            [("added", "", "4", {}), ("changed", "4", "5", {"from": ("pooled", "4")})],
        ),
        (
            ("  - ReLU\n", ""),
            [
                ("removed", "2", "", {}),
                ("changed", "pooled", "pooled", {"from": ("2", "1")}),
                ("renamed", "4", "3", {}),
            ],
        ),
        (("padding: 1", "padding: 1, bias: false"), [("changed", "conv", "conv", {"bias": (True, False)})]),
        (
            ("  - {name: fc, Linear: 10}", OTHER),
            [("added", "", "x", {}), ("changed", "fc", "fc", {"in_features": (64, 192), "from": ("4", "x")})],
        ),
    ],
)
def test_layers_that_differ(edit: tuple[str, str], wanted: list[Change]) -> None:
    assert changes(NET, NET.replace(*edit)) == wanted
    assert changes(NET, NET) == []


def test_a_wider_layer_and_what_follows_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text(NET)
    (tmp_path / "b.yaml").write_text(NET.replace("width: 4", "width: 6"))
    done = netspec("diff", "a.yaml", "b.yaml", "--format", "json", capsys=capsys)
    found = json.loads(done.out)
    assert (done.code, found["equal"], found["version"]) == (1, False, 1)
    assert [(each["change"], each["after"]["name"]) for each in found["layers"]] == [
        ("changed", name) for name in ("conv", "1", "2", "pooled", "4", "fc")
    ]
    assert found["layers"][0]["arguments"] == {"out_channels": [4, 6]}
    assert (found["layers"][5]["before"]["params"], found["layers"][5]["after"]["params"]) == (650, 970)
    assert (found["before"]["params"], found["after"]["params"]) == (112 + 8 + 650, 168 + 12 + 970)
    assert found["settings"] == {"params.width": [4, 6]}
    assert (found["weights"]["fitting"], found["weights"]["tensors"]) == (2, 9)  # num_batches_tracked and fc.bias
    assert {"name": "fc.weight", "before": [10, 64], "after": [10, 96]} in found["weights"]["mismatched"]
    text = netspec("diff", "a.yaml", "b.yaml", capsys=capsys).out
    assert "weights: 2 of 9 tensors carry over" in text
    rows = [re.split(r"  +", line) for line in text.splitlines()]
    assert ["~", "conv", "Conv2d", "4×8×8 → 6×8×8", "112 → 168", "out_channels 4 → 6"] in rows
    same = netspec("diff", "a.yaml", "b.yaml", "--set", "width=5", capsys=capsys)
    assert (same.code, same.out) == (0, "")


def test_it_says_of_weights_what_training_loads(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from safetensors.torch import save_file

    from netspec.training.start_weights import StartWeights, load_start_weights

    old, new = (package.load(ROOT / "specs" / f"{name}.yaml") for name in ("googlenet", "googlenet_aux"))
    save_file(package.compile(old).state_dict(), tmp_path / "old.safetensors")
    text = new.to_yaml() + f"  weights: {tmp_path / 'old.safetensors'}\n"
    spec = package.loads(text.replace(f"{tmp_path}/", ""))
    object.__setattr__(spec, "folder", tmp_path)
    node = spec.train.get("weights")  # type: ignore[union-attr]
    said = load_start_weights(StartWeights(node), package.compile(spec), spec)  # type: ignore[arg-type]
    found = difference(package.check(old), package.check(new))
    assert said[0] == f"weights of old.safetensors: {len(found.weights.fitting)} of {found.tensors} tensors loaded"


def commit(folder: Path) -> None:
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "networks"]):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments], check=True, cwd=folder)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_git_revisions_and_what_they_include(tmp_path: Path) -> None:
    nets = tmp_path / "nets"
    (nets / "blocks").mkdir(parents=True)
    block = "netspec: 1\nblocks:\n  Head:\n    layers: [Flatten, {Linear: 10}]\n"
    (nets / "blocks/head.yaml").write_text(block)
    (nets / "net.yaml").write_text("netspec: 1\ninclude: [blocks/head.yaml]\ninput: [3, 8, 8]\nlayers:\n  - Head: {}\n")
    commit(tmp_path)
    env = {"PYTHONPATH": str(Path(package.__file__).parents[1])}
    (nets / "blocks/head.yaml").write_text(block.replace("10", "20"))
    done = process("diff", "HEAD:nets/net.yaml", "nets/net.yaml", cwd=tmp_path, env=env)
    assert (done.code, "out_features 10 → 20" in done.out) == (1, True), done.err
    done = process("diff", "HEAD:./net.yaml", "net.yaml", cwd=nets, env=env)
    assert (done.code, "out_features 10 → 20" in done.out) == (1, True), done.err
    commit(tmp_path)
    assert process("diff", "HEAD:nets/net.yaml", "nets/net.yaml", cwd=tmp_path, env=env).code == 0
    (nets / "blocks/new.yaml").write_text(block)
    (nets / "other.yaml").write_text((nets / "net.yaml").read_text().replace("head", "new"))
    subprocess.run(["git", "add", "nets/other.yaml"], check=True, cwd=tmp_path)
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "b"], check=True, cwd=tmp_path)
    done = process("diff", "HEAD:nets/other.yaml", "nets/other.yaml", cwd=tmp_path, env=env)
    assert done.code == 2  # blocks/new.yaml lies in the folder, and not in the revision
    assert "does not exist in 'HEAD'" in done.err or "exists on disk, but not in 'HEAD'" in done.err


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nope.yaml", "nope.yaml: no such file"),
        ("HEAD:nope.yaml", "git says:"),
        ("--output=x:net.yaml", "No such option"),
        ("-x:net.yaml", "No such option"),
    ],
)
def test_what_cannot_be_read(name: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(NET)
    env = {"PYTHONPATH": str(Path(package.__file__).parents[1])}
    done = process("diff", name, "net.yaml", cwd=tmp_path, env=env)
    assert (done.code, said in done.err, "Traceback" in done.err) == (2, True, False), done.err
    assert [path.name for path in tmp_path.iterdir()] == ["net.yaml"]


def test_a_network_with_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text(NET)
    (tmp_path / "wrong.yaml").write_text(WRONG)
    done = netspec("diff", "net.yaml", "wrong.yaml", capsys=capsys)
    assert (done.code, done.out, "NS401" in done.err) == (2, "", True)


def test_a_run_is_compared_by_its_stored_spec(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    from netspec.reports.progress import Silent
    from netspec.trainer.train import train

    text = "netspec: 1\ninput: [1]\nlayers: [Linear: 1]\ndata: {inline: {x: [[1.0]], y: [[2.0]]}}\n"
    (tmp_path / "net.yaml").write_text(text + "train: {epochs: 1, loss: MSELoss, optimizer: {SGD: {lr: 0.1}}}\n")
    train(package.load(tmp_path / "net.yaml"), out=tmp_path / "run", progress=Silent())
    assert netspec("diff", tmp_path / "run", tmp_path / "net.yaml", capsys=capsys).code == 0
    done = netspec("diff", tmp_path / "run", tmp_path / "net.yaml", "--set", "train.epochs=2", capsys=capsys)
    assert done.code == 0  # it is set in both
