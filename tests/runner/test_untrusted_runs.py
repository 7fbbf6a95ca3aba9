"""Runs and weights that somebody else made: nothing but them is opened, and what is damaged is one line."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

import netspec as package
from netspec.checkpoint import checkpoint
from netspec.checkpoint.checkpoint import CheckpointError, checksum_fault, read_checkpoint
from netspec.checkpoint.run_folder import RunFolder, make_folder
from netspec.core.diagnostics import SpecError
from netspec.core.files import ReadError
from netspec.inference.loaded_run import load_run
from netspec.trainer.train import Run

SPEC = "netspec: 1\ninput: [4]\nlayers: [Linear: 3]\n"
TENSORS = {"0.weight": torch.zeros(3, 4), "0.bias": torch.zeros(3)}


def weights(path: Path, header: str) -> Path:
    """A file of weights that says to be of a spec."""
    save_file(TENSORS, path, {"netspec": header})
    return path


def test_a_header_is_text(tmp_path: Path) -> None:
    assert package.load_model(weights(tmp_path / "a.safetensors", SPEC)) is not None
    secret = tmp_path / "secret.yaml"
    secret.write_text(SPEC + "# secret\n")
    for header in (str(secret), "secret.yaml", "/etc/passwd", "-"):
        with pytest.raises(SpecError) as caught:
            package.load_model(weights(tmp_path / "b.safetensors", header))
        assert [found.code for found in caught.value.diagnostics] == ["NS200"]
        assert set(caught.value.sources) <= {"<text>", "--set"}


@pytest.mark.parametrize("key", ["include: [blocks.yaml]", "model: net.yaml"])
def test_a_header_names_no_other_file(key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text(SPEC)
    (tmp_path / "blocks.yaml").write_text("blocks: {B: {layers: [ReLU]}}\n")
    header = f"netspec: 1\n{key}\n" + ("" if "model" in key else "input: [4]\nlayers: [Linear: 3]\n")
    assert package.check(package.loads(header)).ok  # which a text may do
    with pytest.raises(SpecError) as caught:
        package.load_model(weights(tmp_path / "b.safetensors", header))
    assert "NS212" in [found.code for found in caught.value.diagnostics]
    assert set(caught.value.sources) <= {"<text>", "--set"}


def test_a_header_runs_no_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "evil.py").write_text("open('ran', 'w')\n")
    with pytest.raises(SpecError):
        package.load_model(weights(tmp_path / "b.safetensors", SPEC + "plugins: [evil]\n"))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("header", ["", "netspec: 1\0", "x" * 9_000_000])
def test_a_header_that_is_no_spec(header: str, tmp_path: Path) -> None:
    with pytest.raises(ReadError):
        package.load_model(weights(tmp_path / "b.safetensors", header))


@pytest.mark.parametrize("length", [2**31, 2**62, 2**64 - 1, 10_000])
def test_a_length_of_a_header_that_is_not_there(length: int, tmp_path: Path) -> None:
    path = tmp_path / "long.safetensors"
    path.write_bytes(length.to_bytes(8, "little") + b'{"a":' * 1000)
    with pytest.raises(ReadError) as caught:
        package.load_model(path)
    assert "\n" not in str(caught.value)


@pytest.fixture
def done(run: Callable[..., Run], table: str) -> Path:
    """The folder of a run."""
    return run(table).folder


def test_the_spec_of_a_run_names_no_other_file(done: Path) -> None:
    (done.parent / "net.yaml").write_text(SPEC)
    (done / "spec.yaml").write_text("netspec: 1\nmodel: net.yaml\n")
    with pytest.raises(SpecError) as caught:
        load_run(done).model()
    assert [found.code for found in caught.value.diagnostics][:1] == ["NS212"]


@pytest.mark.parametrize("text", ["/etc/passwd", "- a"])
def test_a_spec_of_a_run_is_no_path(text: str, done: Path) -> None:
    (done / "spec.yaml").write_text(text)
    with pytest.raises(SpecError):
        load_run(done).model()


@pytest.mark.parametrize("name", ["best.safetensors", "last.ckpt", ".lock", "run.json", "metrics.jsonl"])
def test_predict_and_resume_follow_no_link_out(
    name: str, done: Path, netspec: Callable[..., tuple[int, str, str]]
) -> None:
    outside = done.parent / "outside"
    outside.write_text("kept\n")
    (done / name).unlink(missing_ok=True)
    (done / name).symlink_to(outside if name != "run.json" else done.parent / "missing")
    for arguments in (("predict", str(done), "x.csv"), ("train", "--resume", str(done))):
        code, _, err = netspec(*arguments)
        assert code == 2
        assert "leads out of" in err or "holds no run" in err
    assert outside.read_text() == "kept\n"


def test_a_new_run_writes_through_no_lock(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("kept")
    (tmp_path / "run").mkdir()
    (tmp_path / "run/.lock").symlink_to(tmp_path / "kept")
    with pytest.raises(SpecError, match="NS607"):
        make_folder(tmp_path / "run", "name")
    assert (tmp_path / "kept").read_text() == "kept"


@pytest.mark.parametrize("name", ["../../etc", "/etc/x", "a\0b", "..", "\x1b[31m", "x" * 5000, ""])
def test_the_name_of_a_run_is_one_folder(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = make_folder(None, name)
    assert folder.path.resolve().parent == tmp_path / "runs"
    folder.discard()


class Evil:
    """Runs a command where it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch ran",)


def changed(**entries: Any) -> Callable[[Path], None]:
    """Puts other entries into a checkpoint."""

    def change(path: Path) -> None:
        torch.save({**torch.load(path, weights_only=True), **entries}, path)

    return change


def bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("archive/data.pkl", b"\0" * 20_000_000)


@pytest.mark.parametrize(
    "spoil",
    [
        changed(model=Evil()),
        changed(shards="/etc"),
        changed(shards="../other"),
        changed(epoch="x"),
        changed(step=None),
        changed(scheduler=[1]),
        changed(history=[1]),
        changed(history=[{"seconds": "x"}]),
        changed(best=[1]),
        changed(model=3),
        changed(optimizer=[]),
        changed(random=b"x"),
        changed(losses="x"),
        bomb,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"PK\5\6" + b"\xff" * 18),
    ],
)
def test_a_hostile_checkpoint_is_one_error(
    spoil: Callable[[Path], None], done: Path, netspec: Callable[..., tuple[int, str, str]]
) -> None:
    (done / "previous.ckpt").unlink(missing_ok=True)
    spoil(done / "last.ckpt")
    code, _, err = netspec("train", "--resume", str(done), "--set", "train.epochs=4")
    assert (code, "error[NS608]" in err) == (1, True), err
    assert not (done.parent / "ran").exists()


def test_a_list_of_contents_that_is_too_long(done: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = checkpoint.directory_size(done / "last.ckpt")
    with zipfile.ZipFile(done / "last.ckpt") as file:  # 46 bytes and the name for each
        assert size >= sum(46 + len(each.filename) for each in file.infolist())
    assert checksum_fault(done / "last.ckpt") is None
    monkeypatch.setattr(checkpoint, "LARGEST_DIRECTORY", size - 1)
    with pytest.raises(CheckpointError, match="too long"):
        read_checkpoint(done / "last.ckpt")


def test_a_class_of_any_name_is_stored(tmp_path: Path, done: Path) -> None:
    content = json.loads((done / "run.json").read_text())
    content["classes"] = ["\udcff", "\x9b", "日本"]
    (done / "run.json").write_text(json.dumps(content))
    folder = RunFolder(done)
    folder.write_info(folder.read_info())
    text = (done / "run.json").read_text("utf-8")
    assert json.loads(text)["classes"] == content["classes"]
    assert "\x9b" not in text
    assert "日本" in text
