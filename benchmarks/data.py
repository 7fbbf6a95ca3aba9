"""From file to batch: netspec against what people write, on the same files, with the same batches in the same order.

Each contestant reads in a process of its own; they take turns, round by round. The clock starts when everything is
imported and nothing is opened, so that whatever is read, indexed, encoded or decoded at the start counts in the first
epoch. A ratio is the median over rounds of (their seconds / netspec's seconds of the same round), so that other work
on the machine touches both sides. The memory is the most that a process and its workers had at a time, pages that they
share counted once. The claims, of the first epoch and of the second: netspec takes at most as long as the best of the
others, and half as long as the plain Dataset in a DataLoader. First, the first batches of all are compared.

    python benchmarks/data.py                    # all cases: 1,000,000 rows, 20,000 JPEGs of 256×256, 100 MB of text
    python benchmarks/data.py table --rounds 5
    python benchmarks/data.py --quick            # small files, to see that everything runs

`pip install -e .[bench]` brings the others.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from data_cases import CASES, Case, write
from data_contestants import CONTESTANTS, NEEDS

PLAIN = "Dataset, DataLoader"
EPOCHS = 2
EACH = 0.1  # seconds from one look at the memory to the next


@dataclass(frozen=True)
class Figures:
    """What a contestant has taken in a round: seconds to the first batch and of each epoch, bytes of memory."""

    first: float
    epochs: tuple[float, ...]
    memory: int


def memory_of(process: int) -> int:
    """Bytes of a process and of those that it has started, by /proc; 0 where there is none."""
    total = 0
    for line in _lines(f"/proc/{process}/smaps_rollup"):
        if line.startswith("Pss:"):  # a page that two share counts half for each
            total += int(line.split()[1]) * 1024
    children = " ".join(_lines(f"/proc/{process}/task/{process}/children")).split()
    return total + sum(memory_of(int(child)) for child in children)


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:  # it has ended
        return []


def read(case: Case, name: str, folder: Path, workers: int) -> tuple[Figures, tuple[torch.Tensor, torch.Tensor], int]:
    """Let a contestant read; gives its figures, its first batch, and how many samples it has seen."""
    script, result = Path(__file__).with_name("data_contestants.py"), folder / "result.pt"
    arguments = [case.name, name, str(folder), str(workers), str(EPOCHS), str(result)]
    with (folder / "log").open("w+") as log:
        child = subprocess.Popen([sys.executable, str(script), *arguments], stdout=log, stderr=log)
        most = 0
        while child.poll() is None:
            most = max(most, memory_of(child.pid))
            time.sleep(EACH)
        if child.returncode:
            log.seek(0)
            raise SystemExit(f"{name} has failed on {case.name}:\n{log.read()}")
    found = torch.load(result, weights_only=True)
    shutil.rmtree(
        folder / "cache", ignore_errors=True
    )  # of Hugging Face's datasets, which begins at the file each time
    first, *ends = found["times"]
    epochs = tuple(end - begun for begun, end in zip([0.0, *ends], ends, strict=False))
    return Figures(first, epochs, most), found["first"], found["seen"]


def contestants(case: Case) -> list[str]:
    """Those that are installed, netspec first; says of the others that they are left out."""
    names = ["netspec", *case.settings]
    for name in CONTESTANTS:
        if name in NEEDS and importlib.util.find_spec(NEEDS[name]) is None:
            print(f"  {name} is left out: {NEEDS[name]} is not installed (pip install {NEEDS[name]})")
        elif name not in names:
            names.append(name)
    return names


def compare(case: Case, count: int, rounds: int, workers: int) -> None:
    """Print the table of a case."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write(case, folder, count)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
        spent = f", {workers} workers" if case.workers else ""
        print(f"\n{case.name}: {count:,} {case.unit}, {size:,.0f} MB, batches of {case.batch}{spent}", flush=True)
        figures: dict[str, list[Figures]] = {name: [] for name in contestants(case)}
        wanted: tuple[torch.Tensor, torch.Tensor] | None = None
        for number in range(rounds):
            names = list(figures)
            for name in names[number % len(names) :] + names[: number % len(names)]:
                found, first, seen = read(case, name, folder, workers)
                figures[name].append(found)
                wanted = wanted or first
                torch.testing.assert_close(first[0], wanted[0], rtol=0, atol=case.tolerance, msg=f"x of {name} differs")
                torch.testing.assert_close(first[1], wanted[1], rtol=0, atol=0, msg=f"y of {name} differs")
                if seen != count * EPOCHS:
                    raise SystemExit(f"{name} has read {seen} samples of {count * EPOCHS}")
    report(figures, count)


def report(figures: dict[str, list[Figures]], count: int) -> None:
    """Print a row for each contestant, and what has become of the claims."""
    print(
        f"  {'':<24}{'first batch':>12}{'first epoch':>22}{'/ netspec':>11}{'second epoch':>22}{'/ netspec':>11}",
        end="",
    )
    print(f"{'memory':>11}")
    ratios: dict[str, list[float]] = {}
    for name, rounds in figures.items():
        row = f"  {name:<24}{statistics.median(one.first for one in rounds):>10.2f} s"
        ratios[name] = []
        for epoch in range(EPOCHS):
            middle = statistics.median(one.epochs[epoch] for one in rounds)
            pairs = zip(rounds, figures["netspec"], strict=True)
            ratio = statistics.median(one.epochs[epoch] / ours.epochs[epoch] for one, ours in pairs)
            ratios[name].append(ratio)
            row += f"{middle:>8.2f} s{count / middle:>10,.0f}/s{ratio:>10.2f}×"
        print(f"{row}{statistics.median(one.memory for one in rounds) / 1e6:>8,.0f} MB")
    for epoch, title in enumerate(("first epoch", "second epoch")):
        others = {name: values[epoch] for name, values in ratios.items() if not name.startswith("netspec")}
        best = min(others, key=lambda name: others[name])
        for what, ratio, claim in (
            (f"the best of the others ({best})", others[best], 1.0),
            ("the plain one", others[PLAIN], 2.0),
        ):
            verdict = "reached" if ratio >= claim else "not reached"
            print(f"  {title}: {ratio:.2f}× as fast as {what}; claim {claim:.0f}×: {verdict}")


def main() -> None:
    """Read the command line and print a table for each case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", choices=[*CASES, []], help="which ones; all where left out")
    parser.add_argument("--samples", type=int, help="how many; else as many as the case says")
    parser.add_argument("--quick", action="store_true", help="few samples, one round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=min(8, os.cpu_count() or 1), help="processes that read")
    chosen = parser.parse_args()
    print(
        f"torch {torch.__version__}, {os.cpu_count()} cores, medians of {1 if chosen.quick else chosen.rounds} rounds"
    )
    for name in chosen.cases or CASES:
        case = CASES[name]
        count = chosen.samples or (case.quick if chosen.quick else case.full)
        compare(case, count, 1 if chosen.quick else chosen.rounds, chosen.workers)


if __name__ == "__main__":
    main()
