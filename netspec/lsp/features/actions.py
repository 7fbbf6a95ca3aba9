"""Verified fixes of findings → quick fixes: a safe one is preferred, any other says that it is a suggestion."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable

from lsprotocol import types

from netspec.core.diagnostics import Diagnostic, Edit, errors
from netspec.core.escapes import safe
from netspec.fixes.verify import edited
from netspec.lint.ignores import DIRECTIVE, ignorable
from netspec.lsp.again import checked_again
from netspec.lsp.analysis import Analysis
from netspec.lsp.features.diagnostics import as_told
from netspec.lsp.places import positions_of, uri_of
from netspec.translation.languages import translate

FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.netspec"
MOST_ROUNDS, MOST_SECONDS = 100, 3.0  # of fixes, one after the other
KINDS = (types.CodeActionKind.QuickFix.value, FIX_ALL)


def code_actions(analysis: Analysis, place: types.Range, only: Iterable[str] | None = None) -> list[types.CodeAction]:
    """The fixes of what is wrong at a place, and, where they are asked for, all safe fixes of the text together.

    Args:
        analysis: with explained findings.
        place: the range of the cursor or selection.
        only: the kinds that are asked for; all where left out.
    """
    wanted = None if only is None else tuple(only)
    found: list[types.CodeAction] = []
    if _asked(types.CodeActionKind.QuickFix.value, wanted):
        found += quick_fixes(analysis, place)
    if wanted is not None and _asked(FIX_ALL, wanted):  # it makes checks of its own
        found += all_safe_fixes(analysis)
    return found


def _asked(kind: str, wanted: tuple[str, ...] | None) -> bool:
    return wanted is None or any(kind == each or kind.startswith(f"{each}.") for each in wanted)


def quick_fixes(analysis: Analysis, place: types.Range) -> list[types.CodeAction]:
    """The fixes of the findings that meet a range.

    Args:
        analysis: with explained findings.
        place: the range.
    """
    actions, lang = [], analysis.lang
    for found in analysis.diagnostics:
        told = as_told(analysis, found)
        if not _meet(told.range, place):
            continue
        for fix in found.fixes:
            edit = workspace_edit(analysis, fix.edits)
            if edit is None:
                continue
            title = fix.title if fix.safe else f"{fix.title} (suggestion)"
            kind = types.CodeActionKind.QuickFix
            actions.append(
                types.CodeAction(
                    safe(translate(title, lang)), kind, [told], is_preferred=True if fix.safe else None, edit=edit
                )
            )
        if ignorable(found.code) is None and analysis.is_here(found.span):
            actions.append(_ignoring(analysis, found, told))
    return actions


def _ignoring(analysis: Analysis, found: Diagnostic, told: types.Diagnostic) -> types.CodeAction:
    """The comment that ignores a warning at its line."""
    positions = analysis.positions
    line = told.range.start.line
    text = positions.line_text(line)
    directive = DIRECTIVE.search(text)
    if directive is not None and directive[2] is not None:
        at, written = directive.end(), f",{found.code}"
    else:
        at, written = len(text), f"  # netspec: ignore={found.code}"
    position = positions.position(positions.offset(types.Position(line, 0)) + at)
    edit = types.TextEdit(types.Range(position, position), written)
    title = translate(f"Ignore {found.code} on this line", analysis.lang)
    change = types.WorkspaceEdit(changes={analysis.document.uri: [edit]})
    return types.CodeAction(title, types.CodeActionKind.QuickFix, [told], edit=change)


def all_safe_fixes(analysis: Analysis) -> list[types.CodeAction]:
    """One action that makes the safe fix of one error after the other, as `netspec check --fix` does.

    Args:
        analysis: with explained findings.
    """
    report = analysis.report if analysis.is_whole else None
    if report is None:
        return []
    texts: dict[str, str] = {}
    count, until = 0, time.monotonic() + MOST_SECONDS
    while count < MOST_ROUNDS and time.monotonic() < until:
        found = (each for each in errors(report.diagnostics) if each.fixes and each.fixes[0].safe)
        fixed = next(found, None)
        if fixed is None:
            break
        texts |= edited(report.spec, fixed.fixes[0].edits)
        report = checked_again(report.spec, texts, fixes=True)
        count += 1
    changes = {}
    for path, text in texts.items():
        uri, positions = uri_of(analysis, path), positions_of(analysis, path)
        edit = None if positions is None else positions.difference(text)
        if uri is None or edit is None:
            return []
        changes[uri] = [edit]
    title = translate(f"Make {count} safe fix{'' if count == 1 else 'es'}", analysis.lang)
    return [types.CodeAction(title, FIX_ALL, edit=types.WorkspaceEdit(changes=changes))] if changes else []


def workspace_edit(analysis: Analysis, edits: Iterable[Edit]) -> types.WorkspaceEdit | None:
    """Edits of texts as the protocol has them; None where one is of no file.

    Args:
        analysis: of the text.
        edits: of it and of the files that it names.
    """
    changes: defaultdict[str, list[types.TextEdit]] = defaultdict(list)
    for edit in edits:
        uri, positions = uri_of(analysis, edit.span.path), positions_of(analysis, edit.span.path)
        if uri is None or positions is None:
            return None
        changes[uri].append(types.TextEdit(positions.range(edit.span), edit.text))
    return types.WorkspaceEdit(changes=dict(changes))


def _meet(one: types.Range, other: types.Range) -> bool:
    return _key(one.start) <= _key(other.end) and _key(other.start) <= _key(one.end)


def _key(position: types.Position) -> tuple[int, int]:
    return position.line, position.character
