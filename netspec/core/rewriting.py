"""Changed texts of specs → their files, each written in one step, and only where nobody else has changed it."""

from __future__ import annotations

import codecs
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from netspec.core.files import ReadError, is_file, read_text

Change = tuple[str, str]  # the old text and the new one


def write(texts: Mapping[str, Change]) -> None:
    """Write changed texts into their files, each in one step; texts of no file stay unwritten.

    Args:
        texts: the old and the new text of each file, by path.

    Raises:
        ReadError: a file cannot be written, or is no longer what was checked.
    """
    files = {path: change for path, change in texts.items() if is_file(path)}
    for path, (old, _) in files.items():
        if read_text(path) != old:
            raise ReadError(f"{path}: was changed while it was checked; nothing is written")
        refuse_protected(path)
    for path, (_, new) in files.items():
        replace_text(path, new)


def refuse_protected(path: str | Path) -> None:
    """Refuse a file that nobody, or not this user, may write; a new one in its place would not ask for that.

    Args:
        path: an existing file.

    Raises:
        ReadError: it is write-protected.
    """
    mode = Path(path).stat().st_mode
    if not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) or not os.access(path, os.W_OK):
        raise ReadError(f"{path}: is write-protected; nothing is written")


def replace_text(path: str | Path, text: str) -> None:
    """Replace the text of a file in one step. Its owner, its mode and its byte order mark are kept.

    Args:
        path: an existing file.
        text: the new one.

    Raises:
        ReadError: it cannot be written.
    """
    target = Path(path).resolve()
    try:
        with target.open("rb") as file:
            mark = codecs.BOM_UTF8 if file.read(3) == codecs.BOM_UTF8 else b""
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(mark + text.encode())
                file.flush()
                os.fsync(file.fileno())
            _keep_owner(Path(name), target.stat())
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ReadError(f"{path}: cannot be written: {(error.strerror or str(error)).lower()}") from None


def _keep_owner(path: Path, old: os.stat_result) -> None:
    """Give a new file the owner, the group and the mode of the one whose place it takes."""
    new = path.stat()
    if os.name == "posix" and (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
        os.chown(path, old.st_uid, old.st_gid)
    path.chmod(stat.S_IMODE(old.st_mode))
