"""`netspec check --watch`: look at the files again and again, and answer anew when one of them changes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from netspec.cli.sources import SUFFIXES, walk

INTERVAL = 0.3  # seconds
GRAIN = 20_000_000  # nanoseconds that the time of a file may lie behind the clock

State = tuple[int, int] | tuple[str, ...] | None


def state(path: str) -> State:
    """What changes when a file is written, or when a spec is added to a folder or goes from it."""
    try:
        if Path(path).is_dir():
            return tuple(sorted(name for name in os.listdir(path) if name.endswith(SUFFIXES)))  # noqa: PTH208 - quick
        found = Path(path).stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size


def _first_state(path: str, started: int) -> State:
    """The state of a file that was read after `started`; none where it may have been written after it was read."""
    found = state(path)
    return None if found and isinstance(found[0], int) and found[0] > started - GRAIN else found


def watched(arguments: Iterable[str], files: Iterable[str]) -> set[str]:
    """The files, and every folder in which another could turn up."""
    paths = set(files)
    paths |= {os.path.dirname(path) or "." for path in paths}  # noqa: PTH120 - as typed
    for argument in arguments:
        paths |= {place for place, _ in walk(argument)}
    return paths


def watch(arguments: tuple[str, ...], answer: Callable[[], Iterable[str]], wait: Callable[[], None]) -> None:
    """Call `answer`, which returns the files it read, now and after every change of one of them; never returns.

    Args:
        arguments: files and folders as typed.
        wait: called between two looks at the files.
    """
    before: dict[str, State] = {}
    while True:
        started = time.time_ns()
        files = watched(arguments, answer())
        before = {path: before[path] if path in before else _first_state(path, started) for path in files}
        while True:
            now = {path: state(path) for path in files}
            if now != before:
                break
            wait()
        before = now


def pause() -> None:
    """Wait until it is time for another look."""
    time.sleep(INTERVAL)
