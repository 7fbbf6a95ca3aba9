"""Writing files so that a reader finds the old one or the new one, whole: beside their place, to the disk, renamed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a new file that then takes the place of `path`."""
    temporary = path.with_name(f".{path.name}.writing")
    try:
        write(temporary)
        temporary.chmod(path.parent.stat().st_mode & 0o666)  # safetensors makes files that only their owner can read
        flush(temporary)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if os.name == "posix":
        flush(path.parent)


def flush(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
