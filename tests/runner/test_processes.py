"""Several processes, by gloo: they take the steps that one takes, write once, and their job survives a kill."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from netspec.core.diagnostics import SpecError
from netspec.core.installed import installed, release
from netspec.distributed import wrapping as spread
from netspec.distributed.process_group import ALONE, ProcessGroup
from netspec.distributed.wrapping import FSDP_SINCE
from netspec.language.load import loads
from netspec.training.interrupts import SynchronizedFlags
from netspec.training.plan import prepare
from tests.runner.started import Started

# Nothing here makes much of a last bit, as a ReLU or a maximum does at a tie and Adam does where it divides by the root
# of squares near 0: so what processes add up in another order stays as near as rounding is.
SMOOTH = """netspec: 1
name: smooth
input: [1, 8, 8]
layers:
  - Conv2d: {out_channels: 16, kernel_size: 3, padding: 1}
  - Tanh
  - Conv2d: {out_channels: 32, kernel_size: 3, padding: 1}
  - Tanh
  - AvgPool2d: 2
  - Flatten
  - Linear: 10
data: {sklearn: digits, val: 0.2}
train:
  epochs: 2
  batch_size: 32
  loss: CrossEntropyLoss
  optimizer: {SGD: {lr: 0.05, momentum: 0.9}}
"""
ROUNDING = 1e-6  # 8 units in the last place of a float32 near 1
DROPOUT = """netspec: 1
name: noisy
input: [3]
layers: [{Linear: 16}, Tanh, {Dropout: 0.3}, {Linear: 1}]
data: {CSV: {path: rows.csv, target: -1}, val: 0.2}
train:
  epochs: 40
  batch_size: 16
  loss: MSELoss
  optimizer: {SGD: {lr: 0.01, momentum: 0.9}}
  checkpoint_every: {steps: 7}
"""


def two(folder: Path, *arguments: str) -> list[Started]:
    """Two processes that train together, each told what torchrun tells it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        meet = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}
    return [Started(folder, "train", *arguments, RANK=rank, LOCAL_RANK=rank, **meet) for rank in "01"]


def own(printed: str) -> list[str]:
    """The lines that netspec printed: some versions of torch say there that the processes have met."""
    return [line for line in printed.splitlines() if not line.startswith("[Gloo]")]


def rows(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def smooth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A spec whose figures hang little on the order of sums."""
    path = tmp_path_factory.mktemp("smooth") / "smooth.yaml"
    path.write_text(SMOOTH)
    return path


@pytest.fixture(scope="module")
def alone(smooth: Path) -> list[dict[str, Any]]:
    """Its epochs, trained by one process."""
    code, _, err = Started(smooth.parent, "train", str(smooth), "--out", "alone").end()
    assert code == 0, err
    return rows(smooth.parent / "alone")


FSDP = pytest.mark.skipif(release(installed()) < release(FSDP_SINCE), reason=f"needs torch {FSDP_SINCE}")


@pytest.mark.parametrize("strategy", ["ddp", pytest.param("fsdp", marks=[FSDP, pytest.mark.exhaustive])])
def test_two_processes_take_the_steps_of_one(
    strategy: str, smooth: Path, alone: list[dict[str, Any]], tmp_path: Path
) -> None:
    settings = ("--set", f"train.strategy={strategy}", "--out", "run")
    said = [process.end() for process in two(tmp_path, str(smooth), *settings)]
    assert [code for code, _, _ in said] == [0, 0], said
    for ours, theirs in zip(rows(tmp_path / "run"), alone, strict=True):
        for name in ("train_loss", "val_loss", "val_accuracy"):
            assert ours[name] == pytest.approx(theirs[name], abs=ROUNDING)
    assert alone[-1]["train_loss"] < alone[0]["train_loss"] / 2  # so that there was much to differ in
    assert [(out + err).count("epoch 1/2") for _, out, err in said] == [1, 0]  # one of them speaks
    weights = load_file(tmp_path / "run" / "best.safetensors")
    assert {name: tuple(weight.shape) for name, weight in weights.items()}["6.weight"] == (10, 512)


def test_a_torch_that_cannot_keep_spread_weights_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spread, "installed", lambda: "2.8.0")
    spec = loads(SMOOTH, ("train.strategy=fsdp",))
    assert prepare(spec, "cpu").settings.strategy == "fsdp"  # one process spreads nothing
    with pytest.raises(SpecError) as refused:
        prepare(spec, "cpu", group=ProcessGroup(0, 2))
    (found,) = refused.value.diagnostics
    assert (found.code, found.message) == ("NS219", "strategy: fsdp needs torch 2.9 or later, here is 2.8.0")


@pytest.fixture
def noisy(tmp_path: Path) -> Path:
    """A folder with a table and a net whose dropout is drawn anew in each process."""
    values = torch.randn(203, 4, generator=torch.Generator().manual_seed(0))  # a last step of 3 samples
    lines = [",".join(f"{value:.4f}" for value in row) for row in values.tolist()]
    (tmp_path / "rows.csv").write_text("\n".join(["a,b,c,y", *lines]) + "\n")
    (tmp_path / "noisy.yaml").write_text(DROPOUT)
    return tmp_path


def worker(launcher: int, rank: int) -> int:
    """The process of a rank: the launcher's child with that number."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                status = (entry / "stat").read_text().rpartition(")")[2].split()
                environment = (entry / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if int(status[1]) == launcher and f"RANK={rank}".encode() in environment:
                return int(entry.name)
    raise AssertionError("no such process")


def after(epochs: int, job: Started, run: Path) -> None:
    """Wait until so many epochs of a run are over."""
    until = time.monotonic() + 100
    while not (run / "metrics.jsonl").is_file() or len(rows(run)) < epochs:
        assert time.monotonic() < until
        assert job.running(), job.end()
        time.sleep(0.02)


@pytest.mark.exhaustive  # test_kills.py kills runs of one process by default
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds the processes by /proc")
def test_a_job_that_is_killed_and_terminated_ends_bit_for_bit_as_one_that_is_not(noisy: Path) -> None:
    """One process is killed and all start again by themselves; SIGTERM ends them in order; they are resumed by hand.

    The launcher starts each process anew, with its own import of torch: that is what users get, and seconds each time.
    """
    assert [process.end()[0] for process in two(noisy, "noisy.yaml", "--out", "whole")] == [0, 0]
    run = noisy / "cut"
    job = Started(noisy, "train", "noisy.yaml", "--out", "cut", "--nproc", "2", "--max-restarts", "1")
    after(3, job, run)
    os.kill(worker(job.pid, 1), signal.SIGKILL)
    after(len(rows(run)) + 3, job, run)
    job.send_signal(signal.SIGTERM)
    code, _, said = job.end()
    assert code == 128 + signal.SIGTERM, said
    assert said.count("go on with: netspec train --resume cut") == 1
    assert said.count("error[") <= 1
    assert "Traceback" not in said
    assert json.loads((run / "run.json").read_text())["status"] == "interrupted"
    assert [process.end()[0] for process in two(noisy, "--resume", "cut")] == [0, 0]
    a, b = (load_file(noisy / name / "last.safetensors") for name in ("whole", "cut"))
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert [row["val_loss"] for row in rows(noisy / "whole")] == [row["val_loss"] for row in rows(run)]


def test_a_job_ends_with_a_process_that_is_killed(tmp_path: Path) -> None:
    """A shell stands in for Python: what is tried is the launcher, its processes need not train."""
    shell = tmp_path / "python"
    shell.write_text(
        '#!/bin/sh\necho "$@" > said-$RANK\nuntil [ -s said-0 ]; do sleep 0.01; done\n'
        "[ $RANK = 1 ] && kill -KILL $$\nexec sleep 60\n"
    )
    shell.chmod(0o755)
    code = f"import sys; sys.executable = {str(shell)!r}; from netspec.cli.main import main; main(sys.argv[1:])"
    arguments = ("train", "--resume", "cut", "--nproc", "2", "--max-restarts=0", "--set", "train.epochs=9")
    ended, _, said = Started(tmp_path, *arguments, code=code).end()
    assert ended == 128 + signal.SIGKILL
    assert said == "netspec: process 1 of 2 (from 0) was ended by SIGKILL; so the others end\n"
    for rank in "01":
        assert (tmp_path / f"said-{rank}").read_text() == "-m netspec train --resume cut --set train.epochs=9\n"


def test_what_is_wrong_is_said_once(noisy: Path) -> None:
    first, second = two(noisy, "noisy.yaml", "--set", "train.loss=CrossEntropyLoss")
    code, _, said = first.end()
    assert (code, said.count("error[")) == (1, 1)
    second.send_signal(signal.SIGTERM)  # as torchrun does when one has ended
    code, out, said = second.end()
    assert code in (128 + signal.SIGTERM, -signal.SIGTERM)
    assert own(out) == own(said) == []


class Two(ProcessGroup):
    """A world whose other process has answers of its own."""

    other: tuple[int, ...] = (0, 1, 0)

    def max(self, value: torch.Tensor) -> torch.Tensor:
        return torch.maximum(value, torch.tensor(self.other))


def test_what_one_process_finds_due_is_due_for_all() -> None:
    pulse = SynchronizedFlags(Two(0, 2), torch.device("cpu"), lambda: False, lambda: False)
    assert pulse() == (False, True)


def test_alone_each_step_is_asked_about() -> None:
    answers = iter([True, False, True])
    pulse = SynchronizedFlags(ALONE, torch.device("cpu"), lambda: next(answers))
    assert [pulse(), pulse(), pulse()] == [(True,), (False,), (True,)]
