"""Training epochs of netspec against loops by hand and peers: same machine, samples, weights, batch size and threads.

An epoch is training alone: nobody evaluates, nobody stores anything. The first epoch of each is dropped; then they take
turns, round by round, and a ratio is the median over rounds of (their seconds / netspec's seconds of the same round),
so that other work on the machine touches both sides. The claims are for mnist_cnn at batch 64 on two cores: the
course-notes loop takes at least 3.5 times as long, every peer longer, and netspec at most 1.05 times the
hand-tuned loop.

    python benchmarks/train.py                              # all cases on the CPU, peers as far as they are installed
    python benchmarks/train.py mnist --samples 60000 --rounds 7 --threads 2
    python benchmarks/train.py --device cuda
    python benchmarks/train.py --start                      # process start to first step

`pip install -e .[bench]` brings the peers. MNIST is read below $NETSPEC_DATA; without it the pictures are random.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import torch
from contestants import contestants
from timing import use_cpu_time
from training_cases import CASES, SPECS

FIRST_STEP = """
import sys, time
{body}
"""
NETSPEC_BODY = """
import netspec.training.loop as loop
class Reached(BaseException): pass
def reached(*args):
    raise Reached
loop.take_step = reached
import netspec.cli.main as main
sys.argv = ["netspec", "train", {spec!r}, "--out", {out!r}, "--device", "cpu"]
try:
    main.main()
except Reached:
    pass
"""
HAND_BODY = """
import torch
from torch import nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
x, y = load_digits(return_X_y=True)
x, _, y, _ = train_test_split(x, y, test_size=0.2, random_state=0)
x, y = torch.tensor(x, dtype=torch.float32).view(-1, 1, 8, 8) / 16, torch.tensor(y)
model = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(1024, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
"""


def start_up(rounds: int) -> None:
    """Print how long it takes from the start of a process to the first step, on specs/digits.yaml."""
    folder = Path(tempfile.mkdtemp())
    spec = str(SPECS / "digits.yaml")
    times: dict[str, list[float]] = {"import torch": [], "the same by hand": [], "netspec train": []}
    for number in range(rounds):
        bodies = {
            "import torch": "import torch",
            "the same by hand": HAND_BODY,
            "netspec train": NETSPEC_BODY.format(spec=spec, out=str(folder / str(number))),
        }
        for name, body in bodies.items():
            begun = time.perf_counter()
            subprocess.run([sys.executable, "-c", FIRST_STEP.format(body=body)], check=True, stderr=subprocess.DEVNULL)
            times[name].append(time.perf_counter() - begun)
    shutil.rmtree(folder)
    print(f"\nprocess start to first step, specs/digits.yaml on the CPU; medians of {rounds}")
    for name, values in times.items():
        print(f"  {name:<24} {statistics.median(values):7.2f} s")


class Utilisation:
    """How busy the GPU is, asked of nvidia-smi while a block runs."""

    def __init__(self) -> None:
        self.values: list[float] = []
        self.over = threading.Event()

    def __enter__(self) -> Utilisation:
        self.thread = threading.Thread(target=self._ask)
        self.thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.over.set()
        self.thread.join()

    def _ask(self) -> None:
        command = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", "-i", "0"]
        while not self.over.wait(0.1):
            said = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
            if said.isdigit():
                self.values.append(float(said))


def compare(name: str, count: int | None, device: str, rounds: int) -> None:
    """Print the table of a case."""
    maker, usual = CASES[name]
    with tempfile.TemporaryDirectory() as folder:
        case = maker(count or usual, device, Path(folder))
        runners = contestants(case)
        print(f"\n{case.name} ({case.note}), {len(case.x)} samples, batch {case.batch}, {device}", flush=True)
        busy: dict[str, list[float]] = {runner: [] for runner in runners}
        for epoch in runners.values():
            epoch()
        times: dict[str, list[float]] = {runner: [] for runner in runners}
        for number in range(rounds):
            names = list(runners)
            for runner in names[number % len(names) :] + names[: number % len(names)]:
                if device == "cuda":
                    with Utilisation() as seen:
                        times[runner].append(runners[runner]())
                    busy[runner] += seen.values
                else:
                    times[runner].append(runners[runner]())
    print(
        f"  {'':<24} {'s an epoch':>10} {'samples/s':>11} {'/ netspec':>10}"
        + ("   GPU busy" if device == "cuda" else "")
    )
    for runner, values in times.items():
        ratio = statistics.median(a / b for a, b in zip(values, times["netspec"], strict=True))
        middle = statistics.median(values)
        used = f" {statistics.mean(busy[runner]):8.0f} %" if busy[runner] else ""
        print(f"  {runner:<24} {middle:>10.3f} {len(case.x) / middle:>11,.0f} {ratio:>9.2f}×{used}")


def main() -> None:
    """Read the command line and print a table for each case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", choices=[*CASES, []], help="which ones; all where left out")
    parser.add_argument("--samples", type=int, help="how many; else some thousands, as suits the case")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--cpu-time", action="store_true", help="CPU seconds, on a busy machine; with --threads 1")
    parser.add_argument("--start", action="store_true", help="measure the start of the process alone")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    if chosen.cpu_time:
        use_cpu_time()
    torch.manual_seed(0)
    if chosen.start:
        start_up(chosen.rounds)
        return
    what = torch.cuda.get_device_name() if chosen.device == "cuda" else f"{chosen.threads} threads"
    clock = ", CPU seconds" if chosen.cpu_time else ""
    print(f"torch {torch.__version__}, {what}, {chosen.rounds} rounds in turns, training alone{clock}")
    for name in chosen.cases or CASES:
        compare(name, chosen.samples, chosen.device, chosen.rounds)


if __name__ == "__main__":
    main()
