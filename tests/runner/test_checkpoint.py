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
from safetensors.torch import load_file, save_file

import netspec
from netspec.checker import check
from netspec.checkpoint.checkpoint import CheckpointError, read_checkpoint
from netspec.checkpoint.state_dict import VERSION
from netspec.core.diagnostics import Diagnostic, SpecError
from netspec.core.files import ReadError, write_atomically
from netspec.inference.loaded_run import load_run
from netspec.inference.scoring import score_run
from netspec.language.load import load, loads
from netspec.reports.progress import Silent
from netspec.runtime.randomness import random_state, set_random_state
from netspec.trainer import manager
from netspec.trainer.resume import spec_to_resume
from netspec.trainer.train import Run, train
from netspec.training.interrupts import Interrupt
from netspec.training.settings import read_settings
from tests.pictures import quickly_drawn
from tests.runner.kills import same
from tests.runner.kills import timeless as plain

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


class Told(Silent):
    """Keeps what a person is told."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def message(self, text: str) -> None:
        self.messages.append(text)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The run that was not cut off; it is only read."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "net.yaml").write_text(PICTURES, encoding="utf-8")
    with quickly_drawn():
        return train(load(str(folder / "net.yaml")), out=folder / "run", progress=Silent())


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
    steps: int, whole: Run, run: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def test_more_epochs_continue_a_finished_run(whole: Run, run: Start) -> None:
    short = run(PICTURES, "train.epochs=2", out="short")
    spec = spec_to_resume(short.folder, None, ("train.epochs=4",))
    longer = train(spec, resume=short.folder, progress=Silent())
    assert same_weights(whole.folder, longer.folder)
    assert "epochs: 4" in (short.folder / "spec.yaml").read_text()


def test_a_killed_run_goes_on_from_its_checkpoint(
    whole: Run, run: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(manager, "EPOCH_SECONDS", 0.0)

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


def test_checksums_find_every_damage_that_matters(run: Start, table: str, tmp_path: Path) -> None:
    whole = (run(table).folder / "last.ckpt").read_bytes()
    expected, path, chance = read_checkpoint(tmp_path / "run" / "last.ckpt"), tmp_path / "copy", random.Random(0)
    found = 0
    for _ in range(400):
        at = chance.randrange(len(whole))
        path.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << chance.randrange(8))]) + whole[at + 1 :])
        try:
            assert same(plain(read_checkpoint(path)), plain(expected))  # in the padding between records
        except CheckpointError as error:
            found += "damaged" in str(error)
    assert found > 100
    for size in range(0, len(whole), len(whole) // 50):
        path.write_bytes(whole[:size])
        with pytest.raises(CheckpointError, match="damaged"):
            read_checkpoint(path)


def test_torch_itself_would_not_see_it(run: Start, table: str) -> None:
    """Why the checksums are looked at: a bit of a weight changed, and torch loads it."""
    path = run(table).folder / "last.ckpt"
    content = torch.load(path, weights_only=True)
    weight = content["model"]["0.weight"].numpy().tobytes()
    data = path.read_bytes()
    at = data.index(weight)
    path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    assert not torch.equal(torch.load(path, weights_only=True)["model"]["0.weight"], content["model"]["0.weight"])
    with pytest.raises(CheckpointError, match="checksum"):
        read_checkpoint(path)


@pytest.mark.parametrize("what", ["half", "one bit", "gone"])
def test_a_damaged_checkpoint_is_told_of_and_the_one_before_it_used(what: str, whole: Run, run: Start) -> None:
    cut = run(PICTURES, "train.epochs=3", "train.checkpoint_every={epochs: 1}", out="cut")
    path = cut.folder / "last.ckpt"
    data = path.read_bytes()
    middle = len(data) // 2
    path.write_bytes(
        data[:middle] if what == "half" else data[:middle] + bytes([data[middle] ^ 4]) + data[middle + 1 :]
    )
    if what == "gone":
        path.unlink()
    told = Told()
    spec = spec_to_resume(cut.folder, None, ("train.epochs=4", "train.checkpoint_every={seconds: 9}"))
    longer = train(spec, resume=cut.folder, progress=told)
    (message,) = (text for text in told.messages if "NS931" in text)
    assert message.startswith("warning[NS931]: there is no" if what == "gone" else "warning[NS931]: ")
    assert "the run goes on from the checkpoint before it, after " in message
    assert same_weights(whole.folder, longer.folder)
    assert same_weights(whole.folder, longer.folder, "best.safetensors")


def test_where_both_checkpoints_are_damaged_nothing_is_touched(run: Start, table: str, refused: Refused) -> None:
    done = run(table)
    for name in ("last.ckpt", "previous.ckpt"):
        (done.folder / name).write_bytes((done.folder / name).read_bytes()[:500])
    before = {path.name: path.read_bytes() for path in done.folder.iterdir()}
    spec = spec_to_resume(done.folder, None, ("train.epochs=9",))
    (found,) = refused(train, spec, resume=done.folder, progress=Silent())
    assert (found.code, "last.ckpt is damaged" in found.message) == ("NS608", True)
    after = {path.name: path.read_bytes() for path in done.folder.iterdir()}
    assert {**after, ".lock": b""} == {**before, ".lock": b""}


def test_a_checkpoint_that_would_run_code_is_refused(run: Start, table: str, refused: Refused, tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return Path.touch, (tmp_path / "ran",)

    done = run(table)
    for name in ("last.ckpt", "previous.ckpt"):
        torch.save({"version": VERSION, "model": Evil()}, done.folder / name)
    (found,) = refused(train, spec_to_resume(done.folder, None, ()), resume=done.folder, progress=Silent())
    assert found.code == "NS608"
    assert not (tmp_path / "ran").exists()


def test_weights_that_are_cut_off_are_refused(run: Start, table: str) -> None:
    folder = run(table).folder
    data = (folder / "best.safetensors").read_bytes()
    for size in (0, 5, len(data) // 2, len(data) - 1):
        (folder / "best.safetensors").write_bytes(data[:size])
        with pytest.raises(ReadError):
            netspec.load_model(folder / "best.safetensors")
        with pytest.raises(SpecError, match="NS608"):
            load_run(folder).model()


@pytest.mark.parametrize(
    ("every", "places"),
    [
        ("{steps: 3}", [(0, 3), (1, 2), (2, 1), (3, 0), (3, 3)]),
        ("{epochs: 2}", [(2, 0), (4, 0)]),
        ("{seconds: 1e-9}", [(epoch, step) for epoch in range(4) for step in (1, 2, 3, 4)]),
    ],
)
def test_when_a_checkpoint_is_written(
    every: str, places: list[tuple[int, int]], run: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four steps an epoch; that after an epoch's last step is written when the epoch is over."""
    stored: list[tuple[int, int]] = []
    write = manager.save_checkpoint
    monkeypatch.setattr(
        manager,
        "save_checkpoint",
        lambda path, content, *more: (stored.append((content["epoch"], content["step"])), write(path, content, *more)),
    )
    run(PICTURES, f"train.checkpoint_every={every}")
    first, *among, last = stored
    assert (first, last) == ((0, 0), (4, 0))
    expected = [(epoch + 1, 0) if step == 4 else (epoch, step) for epoch, step in places]
    assert [place for place in among if place != (4, 0)] == [place for place in expected if place != (4, 0)]


@pytest.mark.parametrize("every", ["5", "{steps: 0}", "{}", "{steps: 1, epochs: 1}", "{minutes: 3}", "{seconds: no}"])
def test_checkpoint_every_is_one_of_three(every: str, table: str, refused: Refused) -> None:
    spec = loads(table, (f"train.checkpoint_every={every}",))
    found = check(spec).diagnostics or refused(read_settings, spec)
    assert "train → checkpoint_every" in found[0].message
    assert {item.code for item in found} <= {"NS201", "NS202"}


def test_the_weights_rebuild_the_model_with_no_class_at_hand(run: Start, tmp_path: Path) -> None:
    done = run(PICTURES)
    elsewhere = (done.folder / "last.safetensors").rename(tmp_path / "elsewhere.safetensors")
    model = netspec.load_model(elsewhere)
    x = torch.rand(3, 3, 8, 8)
    assert not model.training
    assert torch.equal(model(x), done.model.eval()(x))
    save_file({"weight": torch.zeros(2)}, tmp_path / "other.safetensors")
    for name, said in (("other.safetensors", "without a spec"), ("gone", "no such file"), (".", "load_run")):
        with pytest.raises(ReadError, match=said):
            netspec.load_model(tmp_path / name)


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
    assert loads(text).to_yaml() == text == (done.folder / "spec.yaml").read_text()


def test_a_loaded_run_scores_as_it_did(run: Start) -> None:
    done = run(PICTURES)
    loaded = load_run(done.folder)
    scores = score_run(loaded, "cpu", "last").row
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
    assert score_run(load_run(done.folder), "cpu").row["samples"] == 3
