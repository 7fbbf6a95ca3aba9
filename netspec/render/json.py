"""Reports → JSON, version 1, for editors, CI and scripts; and JSON for a stream of any encoding."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TextIO

from netspec.core.dataclass import dataclass
from netspec.core.diagnostics import Diagnostic
from netspec.core.escapes import escaped_json
from netspec.core.tree import Span
from netspec.shapes.report import Report, shown_sizes


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that could not be read, or where netspec failed by a `fault` of its own; `error` is one line."""

    path: str
    error: str
    fault: bool = False

    @property
    def ok(self) -> bool:
        """Always false, as a report with errors is."""
        return False


Answer = Report | Unreadable


def json_text(content: object, stream: TextIO, indent: int | None = None) -> str:
    """JSON in the encoding of a stream.

    Args:
        content: plain data.
        stream: where it will be written; characters beyond ASCII are escaped unless it is UTF-8.
        indent: spaces for each level; one line where left out.
    """
    encoding = getattr(stream, "encoding", None) or "utf-8"  # text in memory has none
    ascii_only = encoding.lower().replace("-", "").replace("_", "") != "utf8"
    return escaped_json(json.dumps(content, indent=indent, ensure_ascii=ascii_only))


VERSION = 1


def _region(span: Span) -> dict[str, int]:
    return {"line": span.line, "column": span.column, "end_line": span.end_line, "end_column": span.end_column}


def _other_path(span: Span, path: str) -> dict[str, str]:
    return {} if span.path == path else {"path": span.path}


def _follows(found: Diagnostic, path: str) -> dict[str, Any]:
    """The finding that this one follows from, if there is one."""
    cause = found.follows
    if cause is None:
        return {}
    return {"follows": {"code": cause.code, **_other_path(cause.span, path), **_region(cause.span)}}


def diagnostic_json(found: Diagnostic, path: str) -> dict[str, Any]:
    """One diagnostic.

    Args:
        found: the diagnostic.
        path: the spec's file; a path is written only for spans in other files (an include, a model).
    """
    return {
        "code": found.code,
        "severity": found.severity,
        "message": found.message,
        "layer": found.layer,
        **_other_path(found.span, path),
        **_region(found.span),
        **_follows(found, path),
        "hint": found.fixes[0].title if found.fixes else next((n.text for n in found.notes if n.label == "or"), None),
        "notes": [{"label": note.label, "text": note.text} for note in found.notes],
        "frames": [{"label": frame.label, "path": frame.span.path, **_region(frame.span)} for frame in found.frames],
        "fixes": [
            {
                "title": fix.title,
                "safe": fix.safe,
                "edits": [{**_other_path(e.span, path), **_region(e.span), "text": e.text} for e in fix.edits],
            }
            for fix in found.fixes
        ],
    }


def report_json(report: Report) -> dict[str, Any]:
    """One file's report; `outputs` are shapes of one sample, null where unknown.

    Args:
        report: of one file; where sizes vary, the shapes are those at the sizes in `at`.
    """
    outputs = {name: None if tensor is None else list(tensor.shape) for name, tensor in report.outputs.items()}
    path = report.spec.path
    found = [diagnostic_json(diagnostic, path) for diagnostic in report.diagnostics]
    sizes = shown_sizes(report)
    at = {"at": sizes} if sizes else {}
    return {"path": path, "ok": report.ok, "outputs": outputs, **at, "diagnostics": found}


def answer_json(answer: Answer) -> dict[str, Any]:
    """The report of one file; a file that could not be read has an `error` instead of diagnostics."""
    if isinstance(answer, Unreadable):
        return {"path": answer.path, "ok": False, "outputs": {}, "diagnostics": [], "error": answer.error}
    return report_json(answer)


def document(files: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The reports of all files as one document."""
    listed = list(files)
    return {"version": VERSION, "ok": all(file["ok"] for file in listed), "files": listed}
