"""Specs whose subtrees were exchanged, retyped and bent: what a check must answer without failing.

`python -m tests.check.splices COUNT` checks so many of them, other ones each time, in a process for each core. It names
every kind of failure once: an exception, more than `SECONDS`, or more than `MEMORY` beyond what the process has at its
start.
"""

from __future__ import annotations

import contextlib
import copy
import multiprocessing
import os
import random
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import yaml

from netspec.core.tree import plain
from netspec.language.source import compose
from tests.spec_cases import BAD, OK, SHIPPED

SECONDS = 5.0
MEMORY = 300_000_000  # bytes
Tree = Any
Place = tuple[str | int, ...]


def nested(depth: int) -> list[Any]:
    """Lists within lists."""
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


VALUES: tuple[Callable[[], Tree], ...] = tuple(
    (lambda value=value: copy.deepcopy(value))  # type: ignore[misc]  # mypy cannot infer a lambda's default
    for value in (
        *(None, True, False, 0, 1, -1, 2, 3.5, -0.0, 2**31, 2**63, -(10**30), 1e300, float("inf"), float("nan")),
        *("", " ", "a", "a.b", "parts.0", "input", "input.0", "x" * 300, "1e-3", "no", "{i}", "a-b", "é", "\x1b[31m"),
        *("2*", "1//0", "9**9**9", "min(1)", "(", "n", "a b", "0.5", "-1", "balanced", "auto", "relu", "Linear", "add"),
        *([], {}, [None], [[]], [{}], {"a": None}, {"a": {}}, {"a": []}, {"": 1}, {1: 2}, [1, 2, 3], [1, [2, [3]]]),
        *([0] * 50, list(range(400)), [-1, -1], [1, 28, 28], [3, 8, 8], {"a.b": 1}, {"Linear": 3}, [{"ReLU": {}}]),
        *({"shape": [3], "dtype": "int64"}, {"min": 1, "max": 10**9}, {"add": {}}, nested(5), nested(60)),
    )
)
NAMES = ("a.b", "parts.0", "0", "input", "", "name", "from", "repeat", "when", "shape", "layers", "branches", "merge")


def trees() -> list[Tree]:
    """The specs of the repository as plain values; those that are no YAML left out."""
    found = []
    for path in (*OK, *BAD, *SHIPPED):
        with contextlib.suppress(UnicodeDecodeError):
            node, _ = compose(path.read_text(encoding="utf-8"), str(path))
            found.append(plain(node) if node is not None else None)
    return [tree for tree in found if isinstance(tree, dict) and tree]


def paths(tree: Tree, here: Place = ()) -> Iterator[Place]:
    """The path of every value below a tree."""
    if isinstance(tree, dict | list):
        for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield (*here, key)
            yield from paths(value, (*here, key))


def at(tree: Tree, path: Place) -> Tree:
    """The value at a path."""
    for key in path:
        tree = tree[key]
    return tree


def spliced(chance: random.Random, pool: list[Tree]) -> str:
    """A spec with one to four of its values replaced, moved, renamed, removed or repeated."""
    tree = copy.deepcopy(chance.choice(pool))
    for _ in range(chance.randint(1, 4)):
        places = [*paths(tree)]
        if not places:
            break
        path = chance.choice(places)
        parent, key = at(tree, path[:-1]), path[-1]
        other = chance.choice(pool)
        match chance.randrange(9):
            case 0 | 1:
                parent[key] = chance.choice(VALUES)()
            case 2 | 3:
                found = [each for each in paths(other) if each[-1] == key] or [*paths(other)]
                parent[key] = copy.deepcopy(at(other, chance.choice(found)))
            case 4:
                parent[key] = copy.deepcopy(at(other, chance.choice([*paths(other)])))
            case 5:
                del parent[key]
            case 6:
                if isinstance(parent, list):
                    parent.insert(chance.randrange(len(parent) + 1), copy.deepcopy(parent[key]))
                else:
                    name = chance.choice(NAMES) if chance.random() < 0.5 else chance.choice(places)[-1]
                    renamed = {name if each == key else each: value for each, value in parent.items()}
                    parent.clear()
                    parent.update(renamed)
            case 7:
                parent[key] = [parent[key]] if chance.random() < 0.5 else {"a": parent[key]}
            case _:
                elsewhere = chance.choice(places)
                if path[: len(elsewhere)] != elsewhere and elsewhere[: len(path)] != path:
                    one, two = at(tree, path), at(tree, elsewhere)
                    parent[key] = two
                    at(tree, elsewhere[:-1])[elsewhere[-1]] = one
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=10**6)


class TooLong(BaseException):
    """A check took longer than it may."""


def search(job: tuple[int, int]) -> tuple[int, Counter[str], dict[str, str]]:
    """Check `count` specs from a seed: how many were right, how often each kind of failure, an example of each."""
    from tests.check.test_fuzz import answered

    seed, count = job
    chance, pool = random.Random(seed), trees()
    start = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (start + MEMORY, start + MEMORY))

    def end(number: int, frame: FrameType | None) -> None:
        raise TooLong("".join(traceback.format_stack(frame)[-3:]))

    signal.signal(signal.SIGALRM, end)
    rights, kinds, examples = 0, Counter[str](), dict[str, str]()
    for _ in range(count):
        text = spliced(chance, pool)
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        try:
            rights += answered(text)
        except (Exception, TooLong) as error:
            signal.setitimer(signal.ITIMER_REAL, 0)
            frames = [each for each in traceback.extract_tb(error.__traceback__) if "netspec" in each.filename]
            where = f"{frames[-1].filename.rpartition('netspec/')[2]}:{frames[-1].lineno}" if frames else "?"
            kind = f"{type(error).__name__} at {where}: {str(error).splitlines()[0][:80] if str(error) else ''}"
            kind = kind if not isinstance(error, TooLong) else "slow"
            kinds[kind] += 1
            if kind not in examples or len(text) < len(examples[kind]):
                examples[kind] = text
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    return rights, kinds, examples


def main() -> None:
    """Search for failures, and print them."""
    count, cores, began = int(sys.argv[1]), os.cpu_count() or 1, time.time()
    seed = time.time_ns() % 10**9
    chunk = max(1, min(1000, count // cores))
    jobs = [(seed + index, chunk) for index in range(-(-count // chunk))]
    rights, kinds, examples = 0, Counter[str](), dict[str, str]()
    with multiprocessing.get_context("spawn").Pool(cores, maxtasksperchild=5) as workers:
        for done, (right, found, shown) in enumerate(workers.imap_unordered(search, jobs), 1):
            rights += right
            kinds += found
            examples |= {kind: text for kind, text in shown.items() if kind not in examples}
            print(f"{done * chunk} specs, {rights} right, {sum(kinds.values())} failures", file=sys.stderr)
    for kind, number in kinds.most_common():
        print(f"\n{number} × {kind}\n{examples[kind]}")
    told = f"{rights} right, {sum(kinds.values())} failures, {time.time() - began:.0f} s"
    print(f"{len(jobs) * chunk} specs from seed {seed}: {told}")


if __name__ == "__main__":
    main()
