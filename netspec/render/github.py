"""Reports → GitHub workflow commands, a line for each finding, which appear as annotations in a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netspec.core.diagnostics import Diagnostic
from netspec.core.escapes import safe
from netspec.core.files import is_file
from netspec.render.json import Answer, Unreadable
from netspec.translation.languages import ENGLISH, labelled, translate, word

_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def _line(severity: str, properties: dict[str, str | int], message: str) -> str:
    """A workflow command; GitHub calls a note a notice."""
    command = "notice" if severity == "note" else severity
    listed = ",".join(f"{name}={safe(str(value)).translate(_PROPERTY)}" for name, value in properties.items())
    return f"::{command} {listed}::{message.translate(_DATA)}"


def annotation(found: Diagnostic, lang: str = ENGLISH) -> str:
    """One finding as a workflow command.

    Args:
        found: the finding; its notes and first fix become further lines of the message.
        lang: the language that it is in.
    """
    span = found.span
    location: dict[str, str | int] = {}
    if is_file(span.path):
        location |= {"file": span.path, "line": span.line, "col": span.column}
        location |= {"endLine": span.end_line, "endColumn": span.end_column}
    lines = [found.message if location else f"{span.path}: {found.message}"]
    inside = word("frame", "in {label} at {span}", lang)
    lines += [inside.format(label=frame.label, span=frame.span) for frame in found.frames]
    if found.follows:
        lines.append(translate(f"follows from {found.follows.code} at {found.follows.span}", lang))
    lines += [labelled("fix", fix.title, lang) for fix in found.fixes[:1]]
    lines += [labelled(note.label, note.text, lang) for note in found.notes]
    return _line(found.severity, {**location, "title": found.code}, "\n".join(map(safe, lines)))


def workflow_commands(answers: Iterable[Answer], lang: str = ENGLISH) -> Iterator[str]:
    """A line for each finding, and for each file that could not be read."""
    for answer in answers:
        if isinstance(answer, Unreadable):
            yield _line("error", {"file": answer.path, "title": "netspec"}, safe(answer.error))
        else:
            yield from (annotation(found, lang) for found in answer.diagnostics)
