"""Reports → SARIF 2.1.0, the format of code scanning services and editors: one run, with the codes as its rules.

Columns count characters, and lines end as in YAML; the run declares both.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from netspec.core.codes import explanation
from netspec.core.diagnostics import Diagnostic, Edit, Fix
from netspec.core.files import is_file
from netspec.core.tree import Span
from netspec.render.json import Answer, Unreadable
from netspec.shapes.report import Report
from netspec.translation.languages import ENGLISH, TAGS, explained_in, labelled, translate

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def _artifact(path: str) -> dict[str, str]:
    pure = PurePath(path)
    return {"uri": pure.as_uri() if pure.is_absolute() else quote(os.fsencode(pure.as_posix()))}


def _region(span: Span) -> dict[str, int]:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }


def _location(span: Span, path: str, layer: str | None = None, label: str | None = None) -> dict[str, Any]:
    """The location of a span; one of the command line is that of the whole file `path`."""
    physical: dict[str, Any] = {"artifactLocation": _artifact(span.path if is_file(span.path) else path)}
    if is_file(span.path) or span.path == path:
        physical["region"] = _region(span)
    location: dict[str, Any] = {"physicalLocation": physical}
    if layer:
        location["logicalLocations"] = [{"fullyQualifiedName": layer, "kind": "member"}]
    if label:
        location["message"] = {"text": label}
    return location


def _fix(fix: Fix, sources: dict[str, str]) -> dict[str, Any]:
    by_path: dict[str, list[Edit]] = {}
    for edit in fix.edits:
        by_path.setdefault(edit.span.path, []).append(edit)

    def replacement(edit: Edit) -> dict[str, Any]:
        ends = "\r\n" if "\r\n" in sources.get(edit.span.path, "") else "\n"
        return {"deletedRegion": _region(edit.span), "insertedContent": {"text": edit.text.replace("\n", ends)}}

    return {
        "description": {"text": fix.title},
        "properties": {"safe": fix.safe},
        "artifactChanges": [
            {"artifactLocation": _artifact(path), "replacements": [replacement(edit) for edit in edits]}
            for path, edits in by_path.items()
        ],
    }


def _result(found: Diagnostic, rules: Sequence[str], report: Report, lang: str) -> dict[str, Any]:
    path, sources = report.spec.path, dict(report.spec.sources)
    typed = "" if is_file(found.span.path) or found.span.path == path else f"{found.span.path}: "
    cause = found.follows
    follows = [translate(f"follows from {cause.code} at {cause.span}", lang)] if cause else []
    notes = (labelled(note.label, note.text, lang) for note in found.notes)
    text = "\n".join([f"{typed}{found.message}", *follows, *notes])
    result = {
        "ruleId": found.code,
        "ruleIndex": rules.index(found.code),
        "level": found.severity,
        "message": {"text": text},
        "locations": [_location(found.span, path, found.layer)],
    }
    if found.frames:
        frames = dict.fromkeys(found.frames)  # SARIF requires them to differ
        result["relatedLocations"] = [_location(frame.span, path, label=frame.label) for frame in frames]
    if found.fixes:
        result["fixes"] = [_fix(fix, sources) for fix in found.fixes]
    return result


def _rule(id: str, lang: str) -> dict[str, Any]:
    code = explained_in(explanation(id), lang)
    return {
        "id": id,
        "shortDescription": {"text": code.what},
        "fullDescription": {"text": f"{code.what} {code.why}"},
        "help": {
            "text": f"{code.why}\n\n{code.example_text()}",
            "markdown": f"{code.why}\n\n{code.example_markdown()}",
        },
        "defaultConfiguration": {"level": code.severity},
    }


def sarif(answers: Iterable[Answer], version: str, lang: str = ENGLISH) -> dict[str, Any]:
    """The log of one run; its rules are the codes that were found.

    Args:
        answers: the reports, and the files that could not be read.
        version: netspec's.
        lang: the language that the answers are in.
    """
    listed = list(answers)
    reports = [answer for answer in listed if not isinstance(answer, Unreadable)]
    unreadable = [answer for answer in listed if isinstance(answer, Unreadable)]
    rules = sorted({found.code for report in reports for found in report.diagnostics})
    notifications = [
        {
            "level": "error",
            "message": {"text": answer.error},
            "locations": [{"physicalLocation": {"artifactLocation": _artifact(answer.path)}}],
        }
        for answer in unreadable
    ]
    run = {
        "tool": {"driver": {"name": "netspec", "version": version, "rules": [_rule(rule, lang) for rule in rules]}},
        "language": TAGS[lang],
        "columnKind": "unicodeCodePoints",
        "newlineSequences": ["\r\n", "\n", "\r", "\u0085", "\u2028", "\u2029"],
        "invocations": [{"executionSuccessful": not unreadable, "toolExecutionNotifications": notifications}],
        "artifacts": [{"location": _artifact(path)} for path in dict.fromkeys(report.spec.path for report in reports)],
        "results": [_result(found, rules, report, lang) for report in reports for found in report.diagnostics],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
