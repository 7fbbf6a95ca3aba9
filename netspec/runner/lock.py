"""A run's folder belongs to one process at a time: a lock that the system lets go when the process dies."""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path

LOCK = ".lock"  # the file's name in the folder; it says who holds it, for people


class InUseError(Exception):
    """Another process holds the folder; the message says which."""


class Lock:
    """A lock on a folder.

    Args:
        folder: an existing folder.

    Raises:
        InUseError: it is held.
        OSError: nothing can be written there.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / LOCK
        self.handle = self._take()
        with contextlib.suppress(OSError):  # a full disk takes no name, but the lock
            os.truncate(self.handle, 0)
            os.write(self.handle, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._close)  # a child that outlives this process would hold it on

    def _take(self) -> int:
        while True:
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
            try:
                if not _try_lock(handle):
                    raise InUseError(self._holder())
                found = os.fstat(handle)
                with contextlib.suppress(FileNotFoundError):
                    if os.path.samestat(found, self.path.stat()):
                        return handle
            except BaseException:
                os.close(handle)
                raise
            os.close(handle)  # its holder removed the file before it let go: there is none, or another one

    def _holder(self) -> str:
        try:
            return self.path.read_text(encoding="utf-8").strip() or "another process"
        except (OSError, ValueError):  # on Windows a locked file cannot be read
            return "another process"

    def release(self, remove: bool = False) -> None:
        """Let the folder go; `remove` the file too."""
        if remove and os.name == "posix":
            self.path.unlink(missing_ok=True)  # before it is let go, so that nobody waits for a file that goes
        if self.handle >= 0:
            _unlock(self.handle)  # for children too that were just forked and have not closed theirs yet
        self._close()
        if remove and os.name != "posix":
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)

    def _close(self) -> None:
        if self.handle >= 0:
            os.close(self.handle)
            self.handle = -1


def _try_lock(handle: int) -> bool:
    """Whether the lock could be had; a file system that knows no locks gives it to everybody."""
    try:
        import fcntl
    except ImportError:
        return _try_lock_windows(handle)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _unlock(handle: int) -> None:
    with contextlib.suppress(ImportError, OSError):
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_UN)


def _try_lock_windows(handle: int) -> bool:
    import msvcrt

    try:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]  # there on Windows alone
    except OSError:
        return False
    return True
