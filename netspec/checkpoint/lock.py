"""A run's folder belongs to one process at a time: a lock that the system lets go when the process dies."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from pathlib import Path

LOCK = ".lock"  # the file's name in the folder; it says who holds it, for people
NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP}  # as some network file systems say


class InUseError(Exception):
    """Another process holds the folder; the message says which."""


class Lock:
    """A lock on a folder; a file system that knows no locks gives it to everybody.

    Args:
        folder: an existing folder.

    Raises:
        InUseError: it is held.
        OSError: nothing can be written there.
    """

    def __init__(self, folder: Path) -> None:
        from filelock import FileLock, Timeout

        self.path = folder / LOCK
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
