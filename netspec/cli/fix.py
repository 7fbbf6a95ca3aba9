"""`--fix` and `--diff`: the fixes of a spec, made on its texts in memory, then written at once or shown as a diff."""

from __future__ import annotations

import codecs
import difflib
import os
import re
import stat
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from netspec.checker import check
from netspec.core.diagnostics import errors
from netspec.core.escapes import safe
from netspec.core.files import ReadError, is_file, read_text
from netspec.fixes.verify import edited
from netspec.language.load import load
from netspec.language.plugins import Plugins
from netspec.render.text import Look, paint
from netspec.shapes.report import Report

MOST_ROUNDS = 100
MOST_SECONDS = 3.0  # after which no round but the first begins; another call continues with what is left
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True)
class FixedSpec:
    """A spec before and after its fixes, the texts that differ by path (old, new), and a line for each fix."""

    before: Report
    after: Report
    texts: dict[str, tuple[str, str]]
    fixes: tuple[str, ...]


def fix_spec(
    path: str,
    settings: tuple[str, ...],
    plugins: Plugins,
    ignore: tuple[str, ...] = (),
    torch: str | None = None,
    *,
    unsafe: bool = False,
) -> FixedSpec:
    """Make the first fix of one error after the other, each on the result of the last one; nothing is written.

    Args:
        path: the spec's file.
        settings: assignments of its parameters.
        plugins: which of them may run.
        ignore: codes of warnings that are left out.
        torch: the version to check for.
        unsafe: make suggestions too; else an error whose first fix is not safe stays.

    Raises:
        ReadError: the file cannot be read.
    """
    started = time.process_time()
    before = after = check(load(path, settings, plugins=plugins), ignore=ignore, torch=torch)
    texts = {name: text for name, text in before.spec.sources.items() if name != "--set"}
    fixes: list[str] = []
    for _ in range(MOST_ROUNDS):
        found = next(
            (found for found in errors(after.diagnostics) if found.fixes and (unsafe or found.fixes[0].safe)), None
        )
        if found is None:
            break
        texts |= edited(after.spec, found.fixes[0].edits)
        fixes.append(f"{found.span}: {found.fixes[0].title}")
        after = check(load(path, settings, overlay=texts, plugins=plugins), ignore=ignore, torch=torch)
        if time.process_time() - started > MOST_SECONDS:
            break
    old = before.spec.sources
    changed = {name: (old[name], text) for name, text in texts.items() if name in old and old[name] != text}
    return FixedSpec(before, after, changed, tuple(fixes))


def write(fixed: FixedSpec) -> None:
    """Write the changed texts into their files, each in one step.

    Raises:
        ReadError: a file cannot be written, or is no longer what was checked.
    """
    files = {path: texts for path, texts in fixed.texts.items() if is_file(path)}
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


def diff(fixed: FixedSpec, look: Look) -> Iterator[str]:
    """The lines of a unified diff, as `patch -p0` takes them; on a terminal coloured and without control characters."""
    kinds = {"-": "error", "+": "fix", "@": "place"}
    for path, (old, new) in fixed.texts.items():
        header = f"{path}\t" if " " in path else path  # else `patch` takes what follows the space for a date
        for line in difflib.unified_diff(_LINE.findall(old), _LINE.findall(new), header, header):
            text = line.removesuffix("\n")
            yield paint(safe(text), kinds.get(line[0], ""), look) if look.wrap_message else text
            if not line.endswith("\n"):
                yield "\\ No newline at end of file"
