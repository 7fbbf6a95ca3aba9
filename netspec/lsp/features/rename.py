"""A name at a position and a new one → the edits of all its places, where the check then finds the same as before."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from lsprotocol import types

from netspec.core.diagnostics import Edit, errors
from netspec.core.names import item_name_fault, name_fault, variable_fault
from netspec.fixes.verify import edited
from netspec.lsp.again import checked_again
from netspec.lsp.analysis import Analysis
from netspec.lsp.features.actions import workspace_edit
from netspec.lsp.features.definition import definitions, occurrence_at
from netspec.lsp.occurrences import INPUT, ITEM, PARAMETER

_PLAIN = re.compile(r"\w[\w.-]*")  # what YAML takes without quotes
_FAULTS = {ITEM: item_name_fault, INPUT: variable_fault}


class CannotRename(Exception):
    """A name stays as it is; the message is one line that says why."""


def renamable(analysis: Analysis, position: types.Position) -> types.PrepareRenamePlaceholder | None:
    """The name at a position, where it can be renamed.

    Args:
        analysis: of the text.
        position: the cursor's.
    """
    found = occurrence_at(analysis, position)
    if found is None or not analysis.is_whole or not definitions(analysis, found.symbol) or "{" in found.symbol.name:
        return None
    return types.PrepareRenamePlaceholder(analysis.positions.range(found.span), found.symbol.name)


def rename(analysis: Analysis, position: types.Position, name: str) -> types.WorkspaceEdit | None:
    """The edits that give the name at a position another one; None where there is none.

    Args:
        analysis: of the text.
        position: the cursor's.
        name: the new one.

    Raises:
        CannotRename: it is no name, or the spec would mean something else with it.
    """
    found = occurrence_at(analysis, position)
    if found is None or renamable(analysis, position) is None or analysis.report is None:
        return None
    if _PLAIN.fullmatch(name) is None:
        raise CannotRename(f"{name!r} is no name")
    fault = _FAULTS.get(found.symbol.kind, name_fault)(name)
    if fault is not None:
        raise CannotRename(fault[1])
    same_kind = {each.symbol for each in analysis.occurrences if each.symbol.kind == found.symbol.kind}
    taken = [each for each in same_kind if each.name == name]
    if any(each.scope == found.symbol.scope or each.kind == PARAMETER for each in taken):
        raise CannotRename(f"{name} is the name of another {found.symbol.kind} already")
    same = dict.fromkeys(each.span for each in analysis.occurrences if each.symbol == found.symbol)
    edits = [Edit(span, name) for span in same]
    if any(edit.span.path not in analysis.report.spec.sources for edit in edits):
        raise CannotRename(f"{found.symbol.name} stands in what is no file")
    _verify(analysis, edited(analysis.report.spec, edits))
    return workspace_edit(analysis, edits)


def _verify(analysis: Analysis, texts: Mapping[str, str]) -> None:
    """Check the spec with the new name.

    Raises:
        CannotRename: there are other findings than before, or another network.
    """
    report = analysis.report
    assert report is not None
    after = checked_again(report.spec, texts)
    before = Counter(each.code for each in errors(report.diagnostics))
    new = Counter(each.code for each in errors(after.diagnostics)) - before
    if new:
        worst = next(each for each in errors(after.diagnostics) if each.code in new)
        raise CannotRename(f"with that name the spec would be wrong: {worst.message}")
    if (report.graph is None) != (after.graph is None) or report.parameters != after.parameters:
        raise CannotRename("with that name the spec would be another network")
