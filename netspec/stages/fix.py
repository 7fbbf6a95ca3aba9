"""Fixes: each candidate is applied to a copy and all checked again; only what mends and breaks nothing stays."""

from __future__ import annotations

import codecs
import os
import stat
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from netspec.ground.diagnostics import Diagnostic, Edit, Fix, errors
from netspec.ground.reading import ReadError
from netspec.stages.mending.edits import apply_edits
from netspec.stages.spec import Spec

MOST_TRIALS = 40
BUDGETS = frozenset({"NS502", "NS503", "NS504", "NS506"})
BUDGET = 20_000  # calls and lines that the trials of one file may check again

Recheck = Callable[[dict[str, str]], Sequence[Diagnostic]]


def edited(spec: Spec, edits: Sequence[Edit]) -> dict[str, str]:
    """The texts that edits change, by path, with the edits made."""
    by_path: dict[str, list[Edit]] = {}
    for edit in edits:
        by_path.setdefault(edit.span.path, []).append(edit)
    return {path: apply_edits(spec.sources[path], found) for path, found in by_path.items()}


def mends(fix: Fix, target: Diagnostic, before: Sequence[Diagnostic], spec: Spec, recheck: Recheck) -> bool:
    """Whether applying a fix makes its finding go away and brings no other; that of an error may bring warnings.

    Warnings are told apart by their codes alone, for taking out a layer renames those behind it.
    """
    if any(edit.span.path not in spec.sources or edit.span.path == "--set" for edit in fix.edits):
        return False
    rechecked = recheck(edited(spec, fix.edits))
    if target.severity == "warning":
        left, there = (Counter(found.code for found in each) for each in (rechecked, before))
        return left[target.code] < there[target.code] and not left - there
    after, known = Counter(map(_identity, errors(rechecked))), Counter(map(_identity, errors(before)))
    return after[_identity(target)] < known[_identity(target)] and not after - known


def _identity(found: Diagnostic) -> tuple[str, ...]:
    """What stays the same of a finding; of a budget that is missed the code, for another layer changes its figures."""
    return (found.code,) if found.code in BUDGETS else (found.code, found.layer or "", found.message)


def verified(diagnostics: Sequence[Diagnostic], spec: Spec, size: int, recheck: Recheck) -> list[Diagnostic]:
    """The diagnostics with only those fixes that a full re-check confirms.

    Args:
        size: how many calls one re-check infers; bounds how many are made.
    """
    lines = sum(text.count("\n") for text in spec.sources.values())
    trials = min(MOST_TRIALS, BUDGET // max(size + lines, 1))
    found: list[Diagnostic] = []
    for diagnostic in diagnostics:
        kept = []
        for fix in diagnostic.fixes:
            if trials > 0:
                trials -= 1
                if mends(fix, diagnostic, diagnostics, spec, recheck):
                    kept.append(fix)
        found.append(replace(diagnostic, fixes=tuple(kept)) if diagnostic.fixes else diagnostic)
    return found


def write_atomically(path: str, text: str) -> None:
    """Replace a file's text in one step: it is written beside it, then renamed. Mode and byte order mark are kept.

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
            Path(name).chmod(stat.S_IMODE(target.stat().st_mode))
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ReadError(f"{path}: cannot be written: {(error.strerror or str(error)).lower()}") from None
