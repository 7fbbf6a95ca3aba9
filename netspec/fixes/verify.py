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

from netspec.core.diagnostics import UNSOUGHT, Cause, Diagnostic, Edit, Fix, errors
from netspec.core.files import ReadError
from netspec.fixes.edits import apply_edits
from netspec.language.spec import Spec

MOST_TRIALS = 40
LONG_LINE = 40  # characters that count as a line: a flow list stands on one
BUDGETS = frozenset({"NS502", "NS503", "NS504", "NS506"})
BUDGET = 20_000  # calls, lines and findings that the trials of one file may check again
LARGEST_TRIAL = 30_000  # calls, lines and findings up to which one trial is made even so

Recheck = Callable[[dict[str, str]], Sequence[Diagnostic]]


def edited(spec: Spec, edits: Sequence[Edit]) -> dict[str, str]:
    """The texts that edits change, by path, with the edits made."""
    by_path: dict[str, list[Edit]] = {}
    for edit in edits:
        by_path.setdefault(edit.span.path, []).append(edit)
    return {path: apply_edits(spec.sources[path], found) for path, found in by_path.items()}


def resolves(fix: Fix, target: Diagnostic, before: Sequence[Diagnostic], spec: Spec, recheck: Recheck) -> bool:
    """Whether applying a fix makes its finding go away and brings no other; that of an error may bring warnings."""
    return _left(fix, target, before, spec, recheck) is not None


def _left(
    fix: Fix, target: Diagnostic, before: Sequence[Diagnostic], spec: Spec, recheck: Recheck
) -> tuple[Diagnostic, ...] | None:
    """What is found after a fix; None where it does not mend its finding or brings another.

    Warnings are told apart by their codes alone, for taking out a layer renames those behind it.
    """
    if any(edit.span.path not in spec.sources or edit.span.path == "--set" for edit in fix.edits):
        return None
    rechecked = tuple(recheck(edited(spec, fix.edits)))
    if target.severity == "warning":
        left, there = (Counter(found.code for found in each) for each in (rechecked, before))
        return rechecked if left[target.code] < there[target.code] and not left - there else None
    notes = Counter((found.code, _path(found)) for found in before if found.follows is not None)
    after, known = Counter(map(_identity, errors(rechecked))), Counter(map(_identity, errors(before)))
    more = after - known
    new = [found for found in errors(rechecked) if _identity(found) in more]
    gone = after[_identity(target)] < known[_identity(target)]
    return rechecked if gone and not Counter((found.code, _path(found)) for found in new) - notes else None


def _identity(found: Diagnostic) -> tuple[str, ...]:
    """What stays the same of a finding; of a budget that is missed the code, for another layer changes its figures.

    An item that is put in or taken out renumbers those behind it: numbers in a path do not tell.
    """
    return (found.code,) if found.code in BUDGETS else (found.code, _path(found), found.message)


def _path(found: Diagnostic) -> str:
    return ".".join("#" if part.isdigit() else part for part in (found.layer or "").split("."))


def verified(diagnostics: Sequence[Diagnostic], spec: Spec, size: int, recheck: Recheck) -> list[Diagnostic]:
    """The diagnostics with only those fixes that a full re-check confirms, the one that leaves the fewest errors first.

    An error that goes when an earlier one's first fix is made follows from that one: it becomes a note.

    Args:
        size: how many calls one re-check infers; bounds how many are made.
    """
    lines = sum(max(text.count("\n"), len(text) // LONG_LINE) for text in spec.sources.values())
    work = size + lines + len(diagnostics)
    trials = min(MOST_TRIALS, max(BUDGET // max(work, 1), work <= LARGEST_TRIAL))
    found = list(diagnostics)
    told = False
    for index, diagnostic in enumerate(diagnostics):
        if found[index].follows is not None:
            continue
        tried: list[tuple[Fix, tuple[Diagnostic, ...]]] = []
        notes = tuple(note for note in diagnostic.notes if note != UNSOUGHT)
        ended = notes != diagnostic.notes
        for fix in diagnostic.fixes:
            if trials <= 0:
                ended = ended or not tried
                break
            trials -= 1
            left = _left(fix, diagnostic, diagnostics, spec, recheck)
            if left is not None:
                tried.append((fix, left))
        tried.sort(key=lambda pair: len(errors(pair[1])))
        if ended and not told and diagnostic.severity == "error":
            notes, told = (*notes, UNSOUGHT), True
        found[index] = replace(diagnostic, notes=notes, fixes=tuple(fix for fix, _ in tried))
        if tried and diagnostic.severity == "error":
            _let_follow(found, index, tried[0][1])
    return found


def _let_follow(found: list[Diagnostic], index: int, left: Sequence[Diagnostic]) -> None:
    """Mark the errors behind one that its first fix takes away too; what comes before it cannot follow from it."""
    there = Counter((other.code, other.message) for other in left)
    cause = Cause(found[index].code, found[index].span)
    for other, diagnostic in enumerate(found[index + 1 :], index + 1):
        gone = (diagnostic.code, diagnostic.message) not in there
        if gone and diagnostic.severity == "error" and _of_shapes(diagnostic):
            found[other] = replace(diagnostic, notes=(), fixes=(), follows=cause)


def _of_shapes(diagnostic: Diagnostic) -> bool:
    return diagnostic.code.startswith("NS4")


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
