"""A search for specs that a check does not answer, or that are called right and do not compile to what was proved.

`python -m tests.check.splices COUNT [SEED]` draws so many specs (`bending.py`), other ones each time, in a process for
each core. It names every kind of failure once, with the shortest text of it: an exception, more than `SECONDS`, or more
than `MEMORY` beyond what the process has at its start. A spec that is right is compiled too, and its forward on torch's
meta device is held against the shapes of the check (`tests/compiler/proved.py`).
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from netspec.core.faults import RAISE
from tests.check.bending import drawn, right_trees, trees

SECONDS = 5.0  # of processor time: other work on the machine does not count
MEMORY = 300_000_000  # bytes
MANY, COMPILED = 100, 0.1  # of the networks of more layers, all variants of few, this part is compiled


class TooLong(BaseException):
    """A check took longer than it may."""


class Unproved(AssertionError):
    """A network that was called right is not the one that was proved."""


@contextlib.contextmanager
def bounded() -> Iterator[None]:
    """Lets this process have `MEMORY` more than it has now."""
    start = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (start + MEMORY, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def held(text: str, seconds: float = 0.0, chance: random.Random | None = None) -> bool:
    """Whether a text is right; then it is compiled too.

    Args:
        text: of a spec.
        seconds: that the check may take; 0 for any time.
        chance: draws one batch size and mode in which the network is run; all of them without.

    Raises:
        Unproved: what it compiles to is not what was proved.
    """
    from tests.check.test_fuzz import answered
    from tests.compiler.proved import RUNS, disproved

    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        right = answered(text)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    if not right:
        return False
    if chance is None:
        found = disproved(text)
    else:
        found = disproved(text, None if chance.random() < COMPILED else MANY, (chance.choice(RUNS),))
    if found is not None:
        raise Unproved(found)
    return True


def short_ones_more_often(specs: list[Any]) -> list[Any]:
    """The short ones up to eight times: a long one takes as long as ten of them and has the same kinds of faults."""
    return [spec for spec in specs for _ in range(min(8, max(1, 4000 // len(str(spec)))))]


def kind_of(error: BaseException) -> str:
    """A failure in words that are the same for all specs that fail in this way."""
    if isinstance(error, TooLong):
        return f"slow {error}"
    frames = [each for each in traceback.extract_tb(error.__traceback__) if "/netspec/" in each.filename]
    place = f"{frames[-1].filename.rpartition('/netspec/')[2]}:{frames[-1].lineno}" if frames else "?"
    words = str(error).splitlines()[0][:80] if str(error) else ""
    return f"{type(error).__name__} at {place}: {words}"


def search(job: tuple[int, int]) -> tuple[int, Counter[str], dict[str, str]]:
    """Check `count` specs from a seed: how many were right, how often each kind of failure, an example of each."""
    import torch  # noqa: F401 - before the memory is bounded

    seed, count = job
    chance, rights, pool = random.Random(seed), short_ones_more_often(right_trees()), trees()
    held("netspec: 1\ninput: [4]\nlayers: [Linear: 2]\n")  # imports the rest

    def end(number: int, frame: FrameType | None) -> None:
        where = [each for each in traceback.extract_stack(frame) if "/netspec/" in each.filename]
        raise TooLong(" < ".join(each.name for each in where[:-6:-1]))

    signal.signal(signal.SIGPROF, end)
    right, kinds, examples = 0, Counter[str](), dict[str, str]()
    with bounded():
        for _ in range(count):
            text = drawn(chance, rights, pool)
            try:
                right += held(text, SECONDS, chance)
            except (Exception, TooLong) as error:
                kind = kind_of(error)
                kinds[kind] += 1
                if kind not in examples or len(text) < len(examples[kind]):
                    examples[kind] = text
    return right, kinds, examples


def main() -> None:
    """Search for failures, and print them; the exit code is 1 where there is one."""
    os.environ[RAISE] = "1"
    count, cores, began = int(sys.argv[1]), os.cpu_count() or 1, time.time()
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns() % 10**9
    chunk = max(1, min(1000, count // cores))
    jobs = [(seed + index, chunk) for index in range(-(-count // chunk))]
    rights, kinds, examples = 0, Counter[str](), dict[str, str]()
    with multiprocessing.get_context("spawn").Pool(cores, maxtasksperchild=5) as workers:
        for done, (right, found, shown) in enumerate(workers.imap_unordered(search, jobs), 1):
            rights += right
            kinds += found
            for kind, text in shown.items():
                if kind not in examples:
                    print(f"\n{kind}\n{text}", file=sys.stderr)
                examples[kind] = min(text, examples.get(kind, text), key=len)
            print(f"{done * chunk} specs, {rights} right, {sum(kinds.values())} failures", file=sys.stderr)
    for kind, number in kinds.most_common():
        print(f"\n{number} × {kind}\n{examples[kind]}")
    told = f"{rights} right, {sum(kinds.values())} failures, {time.time() - began:.0f} s"
    print(f"{len(jobs) * chunk} specs from seed {seed}: {told}")
    sys.exit(bool(kinds))


if __name__ == "__main__":
    main()
