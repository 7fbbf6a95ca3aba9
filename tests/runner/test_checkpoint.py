"""Nothing is lost: a run that was cut off and resumed ends as the one that was not, bit for bit."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from netspec.ground.diagnostics import Diagnostic
from netspec.ground.reading import ReadError
from netspec.runner import keeper
from netspec.runner.evaluate import evaluate_run, load_run
from netspec.runner.files import write_atomically
from netspec.runner.interrupt import Interrupt
from netspec.runner.progress import Silent
from netspec.runner.randomness import random_state, set_random_state
from netspec.runner.resume import same_run, spec_to_resume
from netspec.runner.train import Run, train
from netspec.stages.load import load
from netspec.stages.spec import Spec

Make = Callable[..., Spec]
Start = Callable[..., Run]
Refused = Callable[..., list[Diagnostic]]

PICTURES = """netspec: 1
name: pictures
input: [3, 8, 8]
layers:
  - Conv2d: {out_channels: 6, kernel_size: 3}
  - BatchNorm2d
  - ReLU
  - Dropout: 0.3
  - Flatten
  - Linear: 4
data:
  FakeData: {size: 70, image_size: [3, 8, 8], num_classes: 4}
  val: 0.2
  augment: [{RandomCrop: {size: 8, padding: 1}}, {ColorJitter: {brightness: 0.3}}]
train:
  epochs: 4
  batch_size: 16
  loss: CrossEntropyLoss
  optimizer: {AdamW: {lr: 0.01}}
  scheduler: {OneCycleLR: {max_lr: 0.02, total_steps: 40}}
"""


def same_weights(a: Path, b: Path, name: str = "last.safetensors") -> bool:
    one, two = load_file(a / name), load_file(b / name)
    return one.keys() == two.keys() and all(torch.equal(one[key], two[key]) for key in one)


def without_time(rows: tuple[dict[str, Any], ...]) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in row.items() if name not in ("seconds", "samples_per_second")} for row in rows
    ]


def stop_after(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the next run notice a Ctrl-C after so many steps."""
    counted = {"steps": 0}

    def asked(self: object) -> bool:
        counted["steps"] += 1
        return counted["steps"] == steps

    monkeypatch.setattr(Interrupt, "__call__", asked)


@pytest.mark.parametrize("steps", [1, 4, 6, 11])
def test_an_interrupted_run_ends_like_the_uninterrupted_one(
    steps: int, run: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(PICTURES, out="whole")
    with monkeypatch.context() as patch:
        stop_after(steps, patch)
        cut = run(PICTURES, out="cut")
    assert cut.status == "interrupted"
    torch.rand(7)  # other draws in between change nothing
    resumed = train(spec_to_resume(cut.folder, None, ()), resume=cut.folder, progress=Silent())
    assert resumed.status == "finished"
    assert same_weights(whole.folder, resumed.folder)
    assert same_weights(whole.folder, resumed.folder, "best.safetensors")
    assert without_time(resumed.history) == without_time(whole.history)
    lines = (resumed.folder / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [1, 2, 3, 4]


def test_more_epochs_continue_a_finished_run(run: Start, tmp_path: Path) -> None:
    whole = run(PICTURES, out="whole")
    short = run(PICTURES, "train.epochs=2", out="short")
    spec = spec_to_resume(short.folder, None, ("train.epochs=4",))
    longer = train(spec, resume=short.folder, progress=Silent())
    assert same_weights(whole.folder, longer.folder)
    assert "epochs: 4" in (short.folder / "spec.yaml").read_text()


def test_a_killed_run_goes_on_from_its_checkpoint(run: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    whole = run(PICTURES, out="whole")
    monkeypatch.setattr(keeper, "AFTER", 0.0)

    def die(*args: object) -> bool:
        rows = (tmp_path / "cut" / "metrics.jsonl").read_text().splitlines()
        if len(rows) == 2:
            raise MemoryError  # nothing handles it: the process would be gone
        return False

    with monkeypatch.context() as patch:
        patch.setattr(Interrupt, "__call__", die)
        with pytest.raises(MemoryError):
            run(PICTURES, out="cut")
    assert json.loads((tmp_path / "cut" / "run.json").read_text())["status"] == "running"
    resumed = train(spec_to_resume(tmp_path / "cut", None, ()), resume=tmp_path / "cut", progress=Silent())
    assert same_weights(whole.folder, resumed.folder)


def test_another_spec_is_not_the_same_run(run: Start, table: str, make: Make, refused: Refused) -> None:
    done = run(table)
    (found,) = refused(train, spec_to_resume(done.folder, None, ("train.batch_size=2",)), resume=done.folder)
    assert (found.code, found.span.path) == ("NS609", "--resume")
    assert found.message.startswith("train.batch_size")
    other = make(table.replace("Linear: 8", "Linear: 9"))
    (found,) = refused(train, spec_to_resume(done.folder, other.path, ()), resume=done.folder)
    assert found.message.startswith("layers")
    same_run(done.folder, spec_to_resume(done.folder, None, ("train.epochs=9", "train.device=cpu")))


def test_a_damaged_checkpoint_is_refused_and_kept(run: Start, table: str, refused: Refused) -> None:
    done = run(table)
    path = done.folder / "last.ckpt"
    half = path.read_bytes()[: path.stat().st_size // 2]
    path.write_bytes(half)
    spec = spec_to_resume(done.folder, None, ("train.epochs=9",))
    (found,) = refused(train, spec, resume=done.folder, progress=Silent())
    assert found.code == "NS608"
    assert "damaged" in found.message
    assert path.read_bytes() == half


def test_a_checkpoint_that_would_run_code_is_refused(run: Start, table: str, refused: Refused, tmp_path: Path) -> None:
    import pickle

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return Path.touch, (tmp_path / "ran",)

    done = run(table)
    (done.folder / "last.ckpt").write_bytes(pickle.dumps({"version": 1, "model": Evil()}))
    (found,) = refused(train, spec_to_resume(done.folder, None, ()), resume=done.folder, progress=Silent())
    assert found.code == "NS608"
    assert not (tmp_path / "ran").exists()


def test_a_folder_without_a_run_cannot_be_resumed(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="no such run folder"):
        spec_to_resume(tmp_path / "nothing", None, ())
    with pytest.raises(ReadError, match="holds no run"):
        spec_to_resume(tmp_path, None, ())
    (tmp_path / "run.json").write_text("{")
    (tmp_path / "spec.yaml").write_text("netspec: 1")
    with pytest.raises(ReadError, match="cannot be read"):
        spec_to_resume(tmp_path, None, ())


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def fail(file: Path) -> None:
        file.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, fail)
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_random_generators_continue(tmp_path: Path) -> None:
    torch.save(random_state(), tmp_path / "state")
    expected = (random.random(), np.random.rand(), torch.rand(1).item())
    set_random_state(torch.load(tmp_path / "state", weights_only=True))
    assert (random.random(), np.random.rand(), torch.rand(1).item()) == expected


def test_the_weights_carry_the_spec(run: Start, table: str) -> None:
    done = run(table)
    with safe_open(done.folder / "best.safetensors", "pt") as file:
        text = file.metadata()["netspec"]
    assert load(text).to_yaml() == text == (done.folder / "spec.yaml").read_text()


def test_a_loaded_run_scores_as_it_did(run: Start) -> None:
    done = run(PICTURES)
    loaded = load_run(done.folder)
    scores = evaluate_run(loaded, "cpu", "last")
    last = done.history[-1]
    assert scores["loss"] == pytest.approx(last["val_loss"], rel=1e-6)
    assert scores["accuracy"] == last["val_accuracy"]
    assert (scores["split"], scores["samples"]) == ("val", 14)


def test_typed_paths_are_remembered(
    run: Start, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "rows.csv").write_text("1,2\n2,4\n3,6\n")
    monkeypatch.chdir(elsewhere)
    text = "netspec: 1\ninput: [1]\nlayers: [{Linear: 1}]\ndata: {CSV: x.csv}\n"
    text += "train: {loss: MSELoss, optimizer: SGD, epochs: 1}\n"
    done = run(text, "data.CSV={path: rows.csv}")
    monkeypatch.chdir(elsewhere.parent)
    assert evaluate_run(load_run(done.folder), "cpu")["samples"] == 3
