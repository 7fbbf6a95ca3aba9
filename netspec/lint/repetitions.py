"""Findings that say the same of several layers → one finding, which says of how many.

`once`: an error inside a repeat, or a block that is used several times, is found at each of its layers, each time with
the sizes that arrive there; the first is shown. `one_for_each_pattern`: a habit, as a bias before every norm.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from netspec.core.diagnostics import Diagnostic, Fix, Note

HABITS = frozenset({"NS906"})
MOST_LINES = 8  # that a note names


def once(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The diagnostics, of those with one code at one span only the first, with a note of the others.

    Args:
        diagnostics: of a check, verified; those of a group that are counted come before those that follow from others.
    """
    groups: dict[object, list[Diagnostic]] = {}
    for found in diagnostics:
        groups.setdefault((found.code, found.span, _kind(found.message)), []).append(found)
    return [_with_count(same) for same in groups.values()]


def _kind(message: str) -> str:
    """A message without its numbers."""
    return "".join("#" if sign.isdigit() else sign for sign in message).replace("##", "#")


def _with_count(same: list[Diagnostic]) -> Diagnostic:
    first = next((found for found in same if found.follows is None), same[0])
    times = sum(found.times for found in same)
    if times == 1 or first.severity == "warning":
        return first
    further = times - first.times
    if not further:
        note = Note("in", f"{times} repetitions")
    else:
        note = Note("and", f"in {further} further repetition{'' if further == 1 else 's'}")
    return replace(first, notes=(*first.notes, note))


def one_for_each_pattern(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The diagnostics, of a habit only the first with each message; its fix mends all.

    Args:
        diagnostics: of a check, without the ignored ones.
    """
    groups: dict[object, list[Diagnostic]] = {}
    for found in diagnostics:
        key = (
            (found.code, found.message, bool(found.fixes))
            if found.code in HABITS
            else (found.code, found.span, found.message)
        )
        groups.setdefault(key, []).append(found)
    return [_for_all(same) if len(same) > 1 else same[0] for same in groups.values()]


def _for_all(same: list[Diagnostic]) -> Diagnostic:
    first, *others = sorted(same, key=lambda found: found.span)
    lines = list(dict.fromkeys(found.span.line for found in others))
    shown = ", ".join(map(str, lines[:MOST_LINES])) + (", …" if len(lines) > MOST_LINES else "")
    note = Note("and", f"at {len(others)} further place{'' if len(others) == 1 else 's'}: line {shown}")
    edits = tuple(edit for found in (first, *others) for fix in found.fixes[:1] for edit in fix.edits)
    whole = all(found.fixes for found in same)
    fixes = (Fix(f"{first.fixes[0].title} in all {len(same)}", edits),) if whole else ()
    return replace(first, notes=(*first.notes, note), fixes=fixes)
