"""The arguments of `netspec check` (files, folders, patterns, `-`) → the files to check; and a watch over them."""

from __future__ import annotations

import glob
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from netspec.core.spec_files import SUFFIXES, is_spec, walk
from netspec.render.json import Unreadable

_PATTERN = re.compile(r"[*?\[]")


def _in_folder(folder: str, parts: bool) -> list[str | Unreadable]:
    """The specs below a folder, and the folders that cannot be read."""
    refused: list[OSError] = []
    paths = [Path(below, name) for below, names in walk(folder, refused.append) for name in names]
    unreadable = [
        Unreadable(error.filename, f"{error.filename}: cannot be read: {(error.strerror or str(error)).lower()}")
        for error in refused
    ]
    return [*(str(path) for path in paths if is_spec(path, parts=parts)), *unreadable]


def _expanded(argument: str, parts: bool) -> Iterator[str | Unreadable]:
    if argument != "-" and os.path.isdir(argument):  # noqa: PTH112 - a name too long is no folder, and no error here
        found: Sequence[str | Unreadable] = _in_folder(argument, parts)
        nothing = f"{argument}: holds no spec (*.yaml or *.yml with a key netspec)"
    elif _PATTERN.search(argument) and not os.path.lexists(argument):  # a file may be called net[1].yaml
        matches = glob.glob(argument, recursive=True)  # noqa: PTH207 - paths as typed
        found = sorted(match for match in matches if Path(match).is_file())
        nothing = f"{argument}: matches no file"
    else:
        found, nothing = [argument], ""
    yield from found
    if not found:
        yield Unreadable(argument, nothing)


def expand(arguments: Iterable[str], *, parts: bool = False) -> list[str | Unreadable]:
    """The files that arguments mean, each once, in the order of the arguments.

    Args:
        arguments: as typed.
        parts: of folders, take the files too that only have blocks for specs.
    """
    found: dict[str, str | Unreadable] = {}
    for argument in arguments:
        for each in _expanded(argument, parts):
            path = each if isinstance(each, str) else each.path
            found.setdefault(path if path == "-" else os.path.realpath(path), each)
    return list(found.values())


INTERVAL = 0.3  # seconds
GRAIN = 20_000_000  # nanoseconds that a file's modification time may be behind the clock

State = tuple[int, int] | tuple[str, ...] | None


def state(path: str) -> State:
    """A value that changes when a file is written, or when a spec is added to a folder or removed."""
    try:
        if Path(path).is_dir():
            return tuple(sorted(name for name in os.listdir(path) if name.endswith(SUFFIXES)))  # noqa: PTH208 - quick
        found = Path(path).stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size


def _first_state(path: str, started: int) -> State:
    """The state of a file that was read after `started`; None where it may have been written after it was read."""
    found = state(path)
    return None if found and isinstance(found[0], int) and found[0] > started - GRAIN else found


def watched_paths(arguments: Iterable[str], files: Iterable[str]) -> set[str]:
    """The files, and every folder to which another one may be added."""
    paths = set(files)
    paths |= {os.path.dirname(path) or "." for path in paths}  # noqa: PTH120 - as typed
    for argument in arguments:
        paths |= {folder for folder, _ in walk(argument)}
    return paths


def _wait() -> None:
    time.sleep(INTERVAL)


def watch(arguments: tuple[str, ...], run: Callable[[], Iterable[str]], wait: Callable[[], None] = _wait) -> None:
    """Call `run` now and after every change of a file; never returns.

    Args:
        arguments: files and folders as typed.
        run: returns the files that it read.
        wait: is called before the files are looked at again.
    """
    before: dict[str, State] = {}
    while True:
        started = time.time_ns()
        files = watched_paths(arguments, run())
        before = {path: before[path] if path in before else _first_state(path, started) for path in files}
        while (now := {path: state(path) for path in files}) == before:
            wait()
        before = now
