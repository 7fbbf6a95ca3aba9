"""Files that are whole: written beside their place, flushed to the disk, then renamed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path


def write_atomically(path: Path, write: Callable[[Path], object], keep: Path | None = None) -> None:
    """Let `write` fill a new file that then takes the place of `path`: a reader finds the old one or the new, whole.

    Args:
        path: where it goes.
        write: is given the file to fill; what it raises leaves everything as it was.
        keep: where the file goes that was at `path` before.
    """
    temporary = path.with_name(f".{path.name}.writing")
    try:
        write(temporary)
        temporary.chmod(path.parent.stat().st_mode & 0o666)  # safetensors makes files that only their owner can read
        flush(temporary)
        if keep is not None and path.exists():
            path.replace(keep)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if os.name == "posix":
        flush(path.parent)


def flush(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)  # Windows flushes what may be written
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sweep(folder: Path) -> None:
    """Remove what a process that was killed had half written."""
    for path in folder.iterdir():
        if half_written(path.name):
            path.unlink(missing_ok=True)


def half_written(name: str) -> bool:
    """Whether a file of this name is one that `write_atomically` fills."""
    return name.startswith(".") and name.endswith(".writing")
