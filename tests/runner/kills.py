"""Kill runs at random moments, resume them, and compare their ends with that of the run that nobody killed.

    python -m tests.runner.kills 50 [SEED]

Each run is a process of its own, started as `netspec train` is, and killed with SIGKILL up to three times: while it
loads, within an epoch, while it writes. What is compared is all that a run ends with: both weights files, the state of
optimizer, scheduler and random generators in the checkpoint, and the metrics.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

SPEC = """netspec: 1
name: killed
input: [3, 12, 12]
layers:
  - {Conv2d: {out_channels: 8, kernel_size: 3, bias: false}}
  - BatchNorm2d
  - ReLU
  - Dropout: 0.3
  - Flatten
  - Linear: 4
data:
  FakeData: {size: 360, image_size: [3, 12, 12], num_classes: 4}
  val: 0.2
  augment: [{RandomCrop: {size: 12, padding: 2}}, RandomHorizontalFlip, {ColorJitter: {brightness: 0.3}}]
train:
  epochs: 4
  batch_size: 12
  loss: CrossEntropyLoss
  optimizer: {SGD: {lr: 0.05, momentum: 0.9, weight_decay: 1e-4}}
  scheduler: {OneCycleLR: 0.1}
  checkpoint_every: {steps: 5}
"""
SAID = Path(tempfile.gettempdir()) / f"kills-{os.getpid()}.txt"  # what the last run printed
TIMES = ("seconds", "samples_per_second")  # of a row: what no two runs have alike


def start(*arguments: str | Path) -> int:
    """`netspec …` in a process of its own; forked, so that all of its time is the run's and none the imports'."""
    child = os.fork()
    if child:
        return child
    code = 70
    try:
        from netspec.cli.main import main

        torch.set_num_threads(1)
        with SAID.open("w") as said:
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
        main([str(argument) for argument in arguments])
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        os._exit(code)


def ended(child: int) -> None:
    """Wait for a process that nobody kills."""
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, SAID.read_text()


def killed(child: int, after: float) -> bool:
    """Kill a process after so many seconds; False where it had ended by then."""
    end = time.monotonic() + after
    while time.monotonic() < end:
        if os.waitpid(child, os.WNOHANG)[0]:
            return False
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def left(folder: Path) -> dict[str, Any]:
    """All that a run ended with, but for times."""
    state = torch.load(folder / "last.ckpt", weights_only=True)
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    weights = {name: load_file(folder / f"{name}.safetensors") for name in ("last", "best")}
    return timeless({"state": state, "rows": rows, **weights, "status": json.loads((folder / "run.json").read_text())})


def timeless(value: Any) -> Any:
    """`value` without what no two runs have alike."""
    if isinstance(value, dict):
        return {key: timeless(item) for key, item in value.items() if key not in TIMES}
    return [timeless(item) for item in value] if isinstance(value, list | tuple) else value


def same(a: Any, b: Any) -> bool:
    """Whether two values are equal, tensors bit for bit."""
    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and a.dtype == b.dtype and a.numpy().tobytes() == b.numpy().tobytes()
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


def place(folder: Path) -> str:
    """Where a killed run stands: what its checkpoint says, as far as it came."""
    for name in ("last.ckpt", "previous.ckpt"):
        with contextlib.suppress(FileNotFoundError):
            state = torch.load(folder / name, weights_only=True)
            return f"epoch {state['epoch']}, step {state['step']}"
    return "no checkpoint" if (folder / "run.json").exists() else "no run"


def go(folder: Path, spec: Path) -> int:
    """A process that goes on with a run, or begins it where nothing of it is there yet."""
    if (folder / "run.json").exists() and (folder / "spec.yaml").exists():
        return start("train", "--resume", folder)
    return start("train", spec, "--out", folder)


def trial(folder: Path, spec: Path, length: float, chance: random.Random) -> list[str]:
    """One run, killed one to three times and then left alone; gives where the kills left it."""
    places: list[str] = []
    kills = chance.randint(1, 3)
    while len(places) < kills:
        if killed(go(folder, spec), chance.uniform(0, length)):
            places.append(place(folder))
        elif places:
            break
        else:
            shutil.rmtree(folder)  # it was quicker than its end
    ended(go(folder, spec))
    return places


def main(trials: int, seed: int) -> bool:
    """Print how many of so many runs ended as the one that nobody killed; whether all did."""
    chance, equal, places = random.Random(seed), 0, []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        spec = folder / "net.yaml"
        spec.write_text(SPEC)
        for _ in range(2):  # the first one takes longer
            began = time.monotonic()
            shutil.rmtree(folder / "whole", ignore_errors=True)
            ended(go(folder / "whole", spec))
            length = time.monotonic() - began
        expected = left(folder / "whole")
        for number in range(trials):
            run = folder / f"run-{number}"
            found = trial(run, spec, length, chance)
            equal += same(left(run) | {"status": expected["status"]}, expected)
            places += found
            shutil.rmtree(run)
    SAID.unlink(missing_ok=True)
    print(f"{len(places)} kills of {trials} runs, at {len(set(places))} places; {equal} of {trials} ends are identical")
    for at in ("no run", "no checkpoint"):
        print(f"  {places.count(at)} with {at} yet")
    within = sum(at.startswith("epoch") and "step 0" not in at for at in places)
    print(f"  {within} within an epoch; a run takes {length:.1f} s")
    return equal == trials


if __name__ == "__main__":
    importlib.import_module("tests.runner.imported")  # before a run is forked, so that its time is training
    torch.set_num_threads(1)
    numbers = [int(argument) for argument in sys.argv[1:]]
    sys.exit(not main(*(numbers + [20, 0][len(numbers) :])))
