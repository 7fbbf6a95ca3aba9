"""Files of specs that a command changes: written in one step, or shown as a diff."""

from __future__ import annotations

import codecs
import difflib
import os
import re
import stat
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from netspec.core.escapes import safe
from netspec.core.files import ReadError, is_file, read_text
from netspec.render.text import Look, paint

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
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
        if _protected(Path(path)):
            raise ReadError(f"{path}: is write-protected; nothing is written")
    for path, (_, new) in files.items():
        _write_text(path, new)


def _protected(path: Path) -> bool:
    """Whether nobody, or not this user, may write a file; a new one in its place would not ask for that."""
    return not path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) or not os.access(path, os.W_OK)


def _write_text(path: str, text: str) -> None:
    """Replace the text of a file in one step. Its owner, its mode and its byte order mark are kept.

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


def diff(texts: Mapping[str, Change], look: Look) -> Iterator[str]:
    """The lines of a unified diff, as `patch -p0` takes them; on a terminal coloured and without control characters.

    Args:
        texts: the old and the new text of each file, by path.
        look: of the terminal or pipe that they go to.
    """
    kinds = {"-": "error", "+": "fix", "@": "place"}
    for path, (old, new) in texts.items():
        header = f"{path}\t" if " " in path else path  # else `patch` takes what follows the space for a date
        for line in difflib.unified_diff(_LINE.findall(old), _LINE.findall(new), header, header):
            text = line.removesuffix("\n")
            yield paint(safe(text), kinds.get(line[0], ""), look) if look.wrap_message else text
            if not line.endswith("\n"):
                yield "\\ No newline at end of file"
