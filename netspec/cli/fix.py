"""`--fix` and `--diff`: the fixes of a spec, made on its texts in memory, then written at once or shown as a diff."""

from __future__ import annotations

import time

from netspec.checker import check
from netspec.core.dataclass import dataclass
from netspec.core.diagnostics import errors
from netspec.fixes.verify import edited
from netspec.language.load import load
from netspec.language.plugins import Plugins
from netspec.shapes.report import Report

MOST_ROUNDS = 100
MOST_SECONDS = 3.0  # after which no round but the first begins; another call continues with what is left


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
