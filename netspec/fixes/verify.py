"""Diagnostics with candidate fixes → with verified fixes: each is made on a copy of the texts and checked again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from netspec.core.diagnostics import UNSOUGHT, Cause, Diagnostic, Edit, Fix, errors
from netspec.fixes.edits import apply_edits
from netspec.fixes.safety import is_safe
from netspec.language.spec import Spec
from netspec.shapes.recovery import DIMENSIONED
from netspec.shapes.report import Report

MOST_TRIALS = 40
LINE = 3  # the time to read a line, in calls
LONG_LINE = 40  # characters that count as a line: a flow list stands on one
EXPECTATIONS = frozenset({"NS502", "NS503", "NS504", "NS506"})
MOST_WORK = 12_000  # calls, lines and findings that the check of one file and its trials may look at together
MOST_GROWTH = 2  # how many times as many layers as the spec has a trial may have
LARGEST_TRIAL = 6_000  # calls, lines and findings up to which one trial is made even so

Recheck = Callable[[dict[str, str]], Report]


def edited(spec: Spec, edits: Sequence[Edit]) -> dict[str, str]:
    """The texts that edits change, by path, with the edits made.

    Args:
        spec: whose texts are edited.
        edits: of one or more of its files.
    """
    by_path: dict[str, list[Edit]] = {}
    for edit in edits:
        by_path.setdefault(edit.span.path, []).append(edit)
    return {path: apply_edits(spec.sources[path], found) for path, found in by_path.items()}


def _after_fix(
    fix: Fix, target: Diagnostic, before: Sequence[Diagnostic], spec: Spec, recheck: Recheck
) -> Report | None:
    """The report after a fix; None where it does not resolve its finding, or brings another.

    The fix of an error may bring warnings. Warnings are compared by their codes alone: removing a layer renames the
    layers behind it.
    """
    if any(edit.span.path not in spec.sources or edit.span.path == "--set" for edit in fix.edits):
        return None
    report = recheck(edited(spec, fix.edits))
    after = report.diagnostics
    if target.severity == "warning":
        new, old = (Counter(found.code for found in each) for each in (after, before))
        return report if new[target.code] < old[target.code] and not new - old else None
    new_errors, old_errors = (Counter(map(_identity, errors(each))) for each in (after, before))
    added = new_errors - old_errors
    consequences = Counter((found.code, _path(found)) for found in before if found.follows is not None)
    uncovered = Counter((found.code, _path(found)) for found in errors(after) if _identity(found) in added)
    resolved = new_errors[_identity(target)] < old_errors[_identity(target)]
    return report if resolved and not uncovered - consequences else None


def _identity(found: Diagnostic) -> tuple[str, ...]:
    """What identifies an error before and after a fix; for a missed budget only its code, as its numbers change."""
    return (found.code,) if found.code in EXPECTATIONS else (found.code, _path(found), found.message)


def _path(found: Diagnostic) -> str:
    """The layer's path without numbers, which change where an item is inserted or removed."""
    return ".".join("#" if part.isdigit() else part for part in (found.layer or "").split("."))


def verified(report: Report, recheck: Recheck) -> list[Diagnostic]:
    """The diagnostics with only those fixes that a full re-check confirms; the one that leaves the fewest errors first.

    An error that disappears with the first fix of an earlier error follows from that one: it becomes a note.

    The first fix of an error may be safe. Of the others none is: the first is as good a reading.

    Args:
        report: of the whole check, its diagnostics in reading order.
        recheck: checks the spec with some of its texts replaced.
    """
    diagnostics, spec = report.diagnostics, report.spec
    size = len(report.graph.calls) if report.graph else 1  # what one re-check infers
    lines = sum(max(text.count("\n"), len(text) // LONG_LINE) for text in spec.sources.values())
    work = size + LINE * lines + len(diagnostics)
    trials = min(MOST_TRIALS, max(MOST_WORK // max(work, 1) - 1, work <= LARGEST_TRIAL))
    found = list(diagnostics)
    noted = False
    for index, diagnostic in enumerate(diagnostics):
        if found[index].follows is not None:
            continue
        confirmed: list[tuple[Fix, Report]] = []
        notes = tuple(note for note in diagnostic.notes if note != UNSOUGHT)
        ended = notes != diagnostic.notes
        for fix in diagnostic.fixes:
            if trials <= 0:
                ended = ended or not confirmed
                break
            trials -= 1
            after = _after_fix(fix, diagnostic, diagnostics, spec, recheck)
            if after is not None:
                confirmed.append((fix, after))
        confirmed.sort(key=lambda pair: len(errors(pair[1].diagnostics)))
        if diagnostic.code == "NS204":
            confirmed = _of_known_axes(confirmed, spec)
        if ended and not noted and diagnostic.severity == "error":
            notes, noted = (*notes, UNSOUGHT), True
        fixes = tuple(
            replace(fix, safe=rank == 0 and is_safe(fix, diagnostic, report, after))
            for rank, (fix, after) in enumerate(confirmed)
        )
        found[index] = replace(diagnostic, notes=notes, fixes=fixes)
        if confirmed and diagnostic.severity == "error":
            _mark_consequences(found, index, confirmed[0][1].diagnostics)
    return found


def _of_known_axes(confirmed: list[tuple[Fix, Report]], spec: Spec) -> list[tuple[Fix, Report]]:
    """The fixes of a name that may be any of `BatchNorm1d`, `2d` and `3d`: only the one for the axes of the input.

    Where a shape is known, one of them is confirmed. Where none is, to offer another would be to guess.
    """
    siblings = [DIMENSIONED.fullmatch(fix.title) for fix, _ in confirmed]
    named = [match for match in siblings if match is not None]
    if len(named) < 2 or len(named) != len(confirmed) or len({match[1] for match in named}) != 1:
        return confirmed
    axes = str(len(spec.inputs[0].sizes) - 1) if len(spec.inputs) == 1 else ""
    return [pair for pair, match in zip(confirmed, named, strict=True) if match[2] == axes]


def _mark_consequences(found: list[Diagnostic], index: int, after: Sequence[Diagnostic]) -> None:
    """Turn the later errors of shapes that the first fix of one removes too into notes."""
    remaining = {(other.code, other.message) for other in after}
    cause = Cause(found[index].code, found[index].span)
    for later, diagnostic in enumerate(found[index + 1 :], index + 1):
        removed = (diagnostic.code, diagnostic.message) not in remaining
        if removed and diagnostic.severity == "error" and diagnostic.code.startswith("NS4"):
            found[later] = replace(diagnostic, notes=(), fixes=(), follows=cause)
