"""Findings of the check → the protocol's diagnostics."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol import types

from netspec.core.diagnostics import Diagnostic
from netspec.core.escapes import safe
from netspec.core.files import is_file
from netspec.core.tree import Span
from netspec.lsp.analysis import Analysis
from netspec.lsp.places import location_of
from netspec.translation.languages import in_language, labelled, translate

SOURCE = "netspec"
_SEVERITIES = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "note": types.DiagnosticSeverity.Information,
}
_START = types.Range(types.Position(0, 0), types.Position(0, 0))
MOST_NOTES = 12


def diagnostics(analysis: Analysis) -> list[types.Diagnostic]:
    """What is wrong with a text; what is wrong in a file that it names stands where it names that file.

    Args:
        analysis: of the text.
    """
    if analysis.error is not None:
        error = types.DiagnosticSeverity.Error
        return [types.Diagnostic(_START, safe(translate(analysis.error, analysis.lang)), severity=error, source=SOURCE)]
    return [as_told(analysis, found) for found in analysis.diagnostics]


def as_told(analysis: Analysis, found: Diagnostic) -> types.Diagnostic:
    """One finding as the protocol has it.

    Args:
        analysis: of the text.
        found: one of its findings.
    """
    place, found = place_of(analysis, found.span), in_language(found, analysis.lang)
    message = "\n".join(safe(line) for line in _lines(analysis, found))
    tags = [types.DiagnosticTag.Unnecessary] if found.code in UNUSED else None
    return types.Diagnostic(
        place,
        message,
        severity=_SEVERITIES[found.severity],
        code=found.code,
        source=SOURCE,
        tags=tags,
        related_information=list(_related(analysis, found)) or None,
    )


UNUSED = frozenset({"NS901", "NS902"})  # whose text editors show in grey


def place_of(analysis: Analysis, span: Span) -> types.Range:
    """Where a span is told: in this text itself, or where this text names the span's file; else at its start.

    Args:
        analysis: of the text.
        span: of a finding.
    """
    origins = analysis.report.spec.origins if analysis.report is not None else {}
    seen = set()
    while not analysis.is_here(span) and span.path in origins and span.path not in seen:
        seen.add(span.path)
        span = origins[span.path]
    return analysis.positions.range(span) if analysis.is_here(span) else _START


def _lines(analysis: Analysis, found: Diagnostic) -> Iterator[str]:
    yield found.message if analysis.is_here(found.span) else f"{found.span}: {found.message}"
    for note in found.notes[:MOST_NOTES]:
        yield labelled(note.label, note.text, analysis.lang)
    if found.follows is not None:
        yield translate(f"follows from {found.follows.code} at line {found.follows.span.line}", analysis.lang)
    for fix in found.fixes[:3]:
        yield labelled("fix" if fix.safe else "suggestion", fix.title, analysis.lang)


def _related(analysis: Analysis, found: Diagnostic) -> Iterator[types.DiagnosticRelatedInformation]:
    steps = [(frame.label, frame.span) for frame in found.frames]
    if found.follows is not None:
        steps.append((translate(f"follows from this {found.follows.code}", analysis.lang), found.follows.span))
    if not analysis.is_here(found.span):
        steps.insert(0, (found.message, found.span))
    for label, span in steps:
        if is_file(span.path) or analysis.is_here(span):
            location = location_of(analysis, span)
            if location is not None:
                yield types.DiagnosticRelatedInformation(location, safe(label))
