"""`--fix` and `--diff`: the fixes of a spec, made on its texts in memory, then written at once or shown as a diff."""

from __future__ import annotations

import difflib
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

from netspec.checker import check
from netspec.core.files import ReadError, is_file, read_text
from netspec.fixes.verify import edited, write_atomically
from netspec.language.load import load
from netspec.language.plugins import Plugins
from netspec.render.tables import safe
from netspec.render.text import Look, paint
from netspec.shapes.report import Report

MOST_ROUNDS = 100
MOST_SECONDS = 3.0  # after which no round begins but the first; another call goes on with what is left over
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
) -> FixedSpec:
    """Make the first fix of one error after the other, each on what the last one left; nothing is written.

    Raises:
        ReadError: the file cannot be read.
    """
    started = time.process_time()
    before = after = check(load(path, settings, plugins=plugins), ignore=ignore, torch=torch)
    texts = {name: text for name, text in before.spec.sources.items() if name != "--set"}
    fixes: list[str] = []
    for _ in range(MOST_ROUNDS):
        found = next((found for found in after.diagnostics if found.fixes and found.severity == "error"), None)
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


def write(mended: FixedSpec) -> None:
    """Write the changed texts into their files, each in one step.

    Raises:
        ReadError: a file cannot be written, or is no longer what was checked.
    """
    for path, (old, _) in mended.texts.items():
        if is_file(path) and read_text(path) != old:
            raise ReadError(f"{path}: was changed while it was checked; nothing is written")
    for path, (_, new) in mended.texts.items():
        if is_file(path):
            write_atomically(path, new)


def diff(mended: FixedSpec, look: Look) -> Iterator[str]:
    """The lines of a unified diff, as `patch -p0` takes them; on a terminal coloured and without control characters."""
    kinds = {"-": "error", "+": "fix", "@": "place"}
    for path, (old, new) in mended.texts.items():
        named = f"{path}\t" if " " in path else path  # else `patch` takes what follows the space for a date
        for line in difflib.unified_diff(_LINE.findall(old), _LINE.findall(new), named, named):
            text = line.removesuffix("\n")
            yield paint(safe(text), kinds.get(line[0], ""), look) if look.color else text
            if not line.endswith("\n"):
                yield "\\ No newline at end of file"
