"""The folder of a run: made without overwriting anything, its files, and the lock of the one process that writes it.

Input: a path. Output: the RunFolder, held by this process, or a SpecError that says why not.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import socket
from dataclasses import asdict, fields
from math import isfinite
from pathlib import Path
from typing import Any

from netspec.checkpoint.run_info import VERSION, Info
from netspec.core.escapes import escaped_json
from netspec.core.files import ReadError, half_written, write_atomically
from netspec.render.runs import read_rows, read_run_json
from netspec.runtime.diagnostics import At, option_span, spec_error
from netspec.training.job import Row

LOCK = ".lock"  # the file's name in the folder; it says who holds it, for people
NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP}  # of some network file systems
MOST_RUNS = 100_000  # of one name
LONGEST_NAME = 100  # characters of a name in that of a folder; file systems take 255 bytes


class InUseError(Exception):
    """Another process holds the folder; the message says which."""


class Lock:
    """A lock on a folder; a file system without locks gives it to everybody.

    Args:
        folder: an existing folder.

    Raises:
        InUseError: it is held.
        OSError: nothing can be written there.
    """

    def __init__(self, folder: Path) -> None:
        from filelock import FileLock, Timeout

        self.path = folder / LOCK
        if self.path.is_symlink():  # the lock writes into its file
            raise OSError(errno.ELOOP, f"{LOCK} is a link")
        self._lock = FileLock(self.path, blocking=False, thread_local=False, fallback_to_soft=False)
        try:
            self._lock.acquire()
        except Timeout:
            raise InUseError(self._holder()) from None
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
        with contextlib.suppress(OSError):  # a full disk takes no name, but the lock
            self.path.write_text(f"process {os.getpid()} on {socket.gethostname()}\n", encoding="utf-8")

    def _holder(self) -> str:
        try:
            return self.path.read_text(encoding="utf-8").strip() or "another process"
        except (OSError, ValueError):  # on Windows a locked file cannot be read
            return "another process"

    def release(self, remove: bool = False) -> None:
        """Let the folder go; `remove` the file too."""
        if remove and os.name == "posix":
            self.path.unlink(missing_ok=True)  # before it is let go, so that nobody waits for a file that goes
        self._lock.release()
        if remove and os.name != "posix":
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)


class RunFolder:
    """The files of one run.

    Args:
        path: the folder.
        made: the folders that were made for it, the innermost first.
        writes: whether this process writes them; else the methods that write do nothing.
    """

    def __init__(self, path: Path, made: tuple[Path, ...] = (), writes: bool = True) -> None:
        self.path, self.made, self.writes = path, made, writes
        self.checkpoint = path / "last.ckpt"
        self.previous = path / "previous.ckpt"
        self.last = path / "last.safetensors"
        self.best = path / "best.safetensors"
        self.curves = path / "curves.png"
        self.spec = path / "spec.yaml"
        self.tokenizer = path / "tokenizer.json"
        self._metrics = path / "metrics.jsonl"
        self._info = path / "run.json"
        self._lock: Lock | None = None

    def hold(self, at: At) -> None:
        """Keep other processes out until `release`.

        Raises:
            SpecError: NS607, another one is in it.
            OSError: it cannot be written.
        """
        try:
            self._lock = Lock(self.path)
        except InUseError as error:
            wait = ("fix", "wait for it to end, or choose another folder")
            raise spec_error("NS607", f"{self.path} is in use by {error}", at, wait) from None

    def release(self) -> None:
        """Let other processes in."""
        if self._lock is not None:
            self._lock.release()

    def discard(self) -> None:
        """Remove what `make_folder` made, where no run has begun; a folder that was there before stays."""
        if self._lock is not None:
            self._lock.release(remove=True)
        for made in self.made:
            try:
                made.rmdir()
            except OSError:  # another run is in it
                return

    def write_spec(self, text: str) -> None:
        """Store the resolved spec."""
        self._write(self.spec, text)

    def write_tokenizer(self, text: str) -> None:
        """Store what makes tokens of texts."""
        self._write(self.tokenizer, text)

    def write_info(self, info: Info) -> None:
        """Store run.json."""
        content = {**asdict(info), "best": None if info.best is None else _finite(info.best)}
        self._write(self._info, escaped_json(json.dumps(content, indent=2, ensure_ascii=False)) + "\n")

    def write_rows(self, rows: list[Row]) -> None:
        """Store metrics.jsonl as a whole: what it held beyond these epochs is of a run that was cut off."""
        self._write(self._metrics, "".join(_line(row) for row in rows))

    def add_row(self, row: Row) -> None:
        """Append an epoch to metrics.jsonl."""
        if self.writes:
            with self._metrics.open("a", encoding="utf-8") as file:
                file.write(_line(row))

    def _write(self, path: Path, text: str) -> None:
        if self.writes:
            write_atomically(path, lambda file: file.write_text(text, encoding="utf-8"))

    def has_checkpoint(self) -> bool:
        """Whether there is a checkpoint to go on from."""
        return self.checkpoint.is_file() or self.previous.is_file()

    def read_rows(self) -> list[Row]:
        """The epochs in metrics.jsonl, where there is one; a last line that a kill cut off is left out.

        Raises:
            ReadError: it cannot be read.
        """
        return read_rows(self._metrics)

    def read_info(self) -> Info:
        """Read run.json.

        Raises:
            ReadError: this is no folder of a run, or one that cannot be trusted.
        """
        content = read_run_json(self.path)
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in content.items()
        }
        try:
            info = Info(**values)
        except TypeError as error:  # keys that are missing or unknown
            raise ReadError(f"{self._info}: cannot be read: {error}") from None
        if info.version != VERSION:
            raise ReadError(f"{self._info}: is of version {info.version}; this netspec reads {VERSION}")
        return info


def _finite(row: Row) -> Row:
    """A row without infinities, which JSON does not have."""
    return {name: None if isinstance(value, float) and not isfinite(value) else value for name, value in row.items()}


def _line(row: Row) -> str:
    return json.dumps(_finite(row)) + "\n"


def make_folder(out: Path | None, name: str) -> RunFolder:
    """Make the folder of a new run, and hold it; an empty one is taken too.

    Args:
        out: where it is wanted; None: the first free `runs/<name>-<n>`.
        name: of the spec.

    Raises:
        SpecError: NS607, it holds something already, is in use, or cannot be made or written.
    """
    path = out or Path("runs")
    at = option_span("--out", str(path))
    try:
        made = tuple(folder for folder in (path, *path.parents) if not folder.exists())
        if out is None:
            path = _first_free(path, re.sub(r"[^\w.-]+", "-", name)[:LONGEST_NAME].strip("-.") or "run")
            made = (path, *made)
        else:
            path.mkdir(parents=True, exist_ok=True)
            _refuse_full(path, at)
        folder = RunFolder(path, made)
        folder.hold(at)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        fix = ("fix", "choose another with --out")
        raise spec_error("NS607", f"{path} cannot be written: {reason}", at, fix) from None
    try:
        _refuse_full(path, at)  # again, as another process may have held it until now
    except BaseException:
        folder.release()
        raise
    return folder


def _refuse_full(path: Path, at: At) -> None:
    held = sorted(entry.name for entry in path.iterdir() if entry.name != LOCK)
    if not all(half_written(name) for name in held) and not _killed_at_once(path, held):
        what = "another run" if "run.json" in held else f"other files ({', '.join(held[:3])})"
        advice = ("fix", "choose a new folder"), ("or", f"netspec train --resume {path}")
        raise spec_error("NS607", f"{path} holds {what} already", at, *advice[: 2 if "run.json" in held else 1])


def _killed_at_once(path: Path, held: list[str]) -> bool:
    """Whether a run was killed here between its first file and its second: there is nothing of it to go on with."""
    try:
        content = json.loads((path / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    ours = isinstance(content, dict) and content.keys() == {field.name for field in fields(Info)}
    return ours and all(name == "run.json" or half_written(name) for name in held)


def _first_free(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, MOST_RUNS):
        path = folder / f"{name}-{number}"
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return path
    raise OSError(f"{MOST_RUNS} runs of {name} are there already")
