"""What can go wrong around a run, brought about for real: signals, full disks, folders that go, memory that ends."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from netspec.checkpoint.checkpoint import read_checkpoint, read_newest
from netspec.core.diagnostics import Diagnostic
from netspec.reports.progress import Silent
from netspec.trainer.resume import spec_to_resume
from netspec.trainer.train import Run, train
from netspec.training.interrupts import Interrupt
from tests.rounds import left_out
from tests.runner.started import Started

Start = Callable[..., Run]
Refused = Callable[..., list[Diagnostic]]

DIGITS = """netspec: 1
name: digits
input: [1, 8, 8]
layers: [Flatten, {Linear: 64}, ReLU, {Linear: 10}]
data: {sklearn: digits, val: 0.2}
train:
  epochs: 100000
  loss: CrossEntropyLoss
  optimizer: {Adam: {lr: 1e-3}}
  checkpoint_every: {steps: 7}
"""
TRAIN = "from netspec.cli.main import main; main(['train', 'net.yaml', '--out', 'a'])"
Begin = Callable[..., Started]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """`begin("code")`: a process in `tmp_path`, where net.yaml is; killed when the test is over."""
    started = []
    (tmp_path / "net.yaml").write_text(DIGITS)

    def start(code: str = TRAIN) -> Started:
        started.append(Started(tmp_path, code=code))
        return started[-1]

    yield start
    for process in started:
        process.kill()


def until(true: Callable[[], bool], process: Started) -> None:
    """Wait for something that a process does."""
    for _ in range(6000):
        if true() or not process.running():
            return
        time.sleep(0.01)


def sound(folder: Path) -> bool:
    """Whether a run's folder can be gone on with, and holds finite weights."""
    content, _ = read_newest(folder / "last.ckpt", folder / "previous.ckpt")  # it may be cut off between the two
    place = f"train.epochs={content['epoch'] + 1}"
    more = train(spec_to_resume(folder, None, (place,)), resume=folder, progress=Silent())
    return more.status == "finished" and all(
        value.isfinite().all() for value in load_file(folder / "last.safetensors").values()
    )


# -- signals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "code", "said"), [(signal.SIGINT, 130, "interrupted"), left_out((signal.SIGTERM, 143, "terminated"))]
)
def test_a_signal_while_loading_leaves_nothing(number: int, code: int, said: str, begin: Begin, tmp_path: Path) -> None:
    wait = "import netspec.training.setup as f, time; "
    process = begin(f"{wait}f.prepare = lambda *_, **more: (print(flush=True), time.sleep(60)); {TRAIN}")
    process.wait_for_output()
    assert (tmp_path / "a" / ".lock").is_file()
    process.send_signal(number)
    got, _, err = process.end()
    assert (got, err) == (code, f"netspec: {said}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["net.yaml"]


@pytest.mark.parametrize(("number", "code"), [left_out((signal.SIGINT, 130)), (signal.SIGTERM, 143)])
def test_a_signal_while_a_command_is_imported(number: int, code: int, begin: Begin) -> None:
    wait = "import importlib, time; importlib.import_module = lambda name: (print(flush=True), time.sleep(60)); "
    process = begin("from netspec.cli.main import main; " + wait + "main(['train', 'net.yaml'])")
    process.wait_for_output()
    process.send_signal(number)
    got, _, err = process.end()
    assert got == code
    assert err in ("netspec: interrupted\n", "netspec: terminated\n")


def test_the_second_signal_stops_at_once(begin: Begin, tmp_path: Path) -> None:
    """The first one is waited with until a step ends; here no step ever does."""
    hang = "import netspec.training.loop as l, time; step = l.take_step; count = [0]\n"
    hang += (
        "def hung(*all):\n    count[0] += 1\n    if count[0] == 40: print(flush=True); time.sleep(60); time.sleep(60)\n"
    )
    process = begin(hang + "    return step(*all)\nl.take_step = hung\n" + TRAIN)
    process.wait_for_output()
    process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    assert process.running()
    process.send_signal(signal.SIGINT)
    got, _, err = process.end()
    assert got == 130
    assert err.endswith("netspec: interrupted\n")
    assert "Traceback" not in err
    assert sound(tmp_path / "a")


# -- the folder -------------------------------------------------------------------------------------------------------


def test_a_full_disk_ends_the_run_and_keeps_what_was_stored(begin: Begin, tmp_path: Path) -> None:
    """No file may become larger than 60 kB: the weights fit, the optimizer's state of a later checkpoint does not."""
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000)); "
    process = begin(limit + TRAIN)
    got, out, err = process.end()
    assert (got, out) == (1, "")
    assert "NS607" in err
    assert "a cannot be written: file too large" in err
    assert "netspec train --resume a goes on from its last checkpoint" in err
    assert "Traceback" not in err
    assert not list((tmp_path / "a").glob(".*.writing"))
    assert sound(tmp_path / "a")


def test_a_full_file_system_ends_the_run_and_keeps_what_was_stored(begin: Begin, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=280k", "tmpfs", str(tmp_path / "a")]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        process = begin()
        got, _, err = process.end(240)  # the rows of some thousand epochs fill it
        assert got == 1
        assert "a cannot be written: no space left on device" in err
        assert "Traceback" not in err
        shutil.copytree(tmp_path / "a", tmp_path / "b")
        assert sound(tmp_path / "b")
    finally:
        subprocess.run(["umount", str(tmp_path / "a")], check=True)


def test_a_folder_that_is_taken_away(begin: Begin, tmp_path: Path) -> None:
    process = begin()
    rows = tmp_path / "a" / "metrics.jsonl"
    until(lambda: rows.exists() and rows.stat().st_size > 100, process)
    (tmp_path / "a").rename(tmp_path / "b")
    got, _, err = process.end()
    assert got == 1
    assert "a cannot be written: no such file or directory" in err
    assert "Traceback" not in err
    assert sound(tmp_path / "b")


# -- numbers and memory -----------------------------------------------------------------------------------------------


def test_a_loss_that_is_not_finite_never_reaches_a_checkpoint(run: Start, table: str, refused: Refused) -> None:
    text = table.replace("lr: 0.05, momentum: 0.9", "lr: 4.0").replace("epochs: 3", "epochs: 500")
    (found,) = refused(run, text, "train.checkpoint_every={steps: 1}", out="broken")
    assert found.code == "NS609"
    folder = Path(run(table).folder.parent / "broken")
    for name in ("last.ckpt", "previous.ckpt"):
        content = read_checkpoint(folder / name)
        assert all(value.isfinite().all() for value in content["model"].values())
        assert content["losses"].isfinite().all()
    assert json.loads((folder / "run.json").read_text())["status"] == "failed"


def test_an_interrupted_run_whose_weights_are_bad_keeps_its_good_ones(
    run: Start, table: str, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Interrupt, "__call__", lambda self: True)  # after the very first step
    (found,) = refused(
        run, table.replace("lr: 0.05, momentum: 0.9", "lr: 1e38").replace("y: [", "y: [90, ").replace(", 1.5]", "]")
    )
    assert found.message.startswith("the weights are no longer finite: epoch 1, step 1")


HUGE = """netspec: 1
input: [1, 8, 8]
layers: [{name: huge, Upsample: {size: [3000000, 3000000]}}, {AdaptiveAvgPool2d: 1}, Flatten, {Linear: 10}]
data: {sklearn: digits}
train: {batch_size: 64, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.1}}}
"""


def test_memory_that_is_not_there_is_said_with_the_batch_size(run: Start, refused: Refused, tmp_path: Path) -> None:
    (found,) = refused(run, HUGE)
    assert found.code == "NS609"
    assert found.message == "cpu has not enough memory for batches of 64"
    notes = {note.label: note.text for note in found.notes}
    assert notes["fix"] == "batch_size: 32"
    assert notes["or"].startswith("accumulate: 2, ")
    assert [path.name for path in tmp_path.iterdir()] == ["net.yaml"]


def test_memory_that_ends_while_training_loses_nothing(
    run: Start, table: str, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, calls = torch.nn.Tanh.forward, iter(range(1000))

    def full(self: torch.nn.Tanh, x: torch.Tensor) -> torch.Tensor:
        if next(calls) == 9:  # in the third epoch
            torch.empty(2**60)  # the system's own refusal
        return plain(self, x)

    monkeypatch.setattr(torch.nn.Tanh, "forward", full)
    (found,) = refused(run, table, "train.epochs=9", out="a")
    notes = {note.label: note.text for note in found.notes}
    assert found.message == "cpu has not enough memory for batches of 3"
    assert "holds the state after 2 epochs" in notes["kept"]
    folder = Path(run(table).folder.parent / "a")
    assert read_checkpoint(folder / "last.ckpt")["epoch"] == 2
    assert len((folder / "metrics.jsonl").read_text().splitlines()) == 2


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU here")
def test_a_gpu_that_is_full(run: Start, refused: Refused) -> None:
    text = HUGE.replace("3000000, 3000000", "200000, 200000")
    (found,) = refused(run, text, device="cuda")
    assert found.message == "cuda has not enough memory for batches of 64"
