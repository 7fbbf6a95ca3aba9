"""Diagnostics → text for people: the message, the location, the line with a caret, the arithmetic, the fixes.

In a pipe a message stays on one line, so that grep and problem matchers find it; the rest is wrapped at 80 columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from netspec.core.dataclass import dataclass
from netspec.core.diagnostics import Diagnostic
from netspec.core.escapes import safe
from netspec.core.files import COMMAND_LINE, is_file, split_lines
from netspec.core.tree import Span
from netspec.render.tables import cut, pad, width, wrap
from netspec.translation.languages import ENGLISH, colon, in_language, translate, word

_COLORS = {"error": "1;31", "warning": "1;33", "note": "2", "place": "34", "caret": "1;31", "label": "1", "fix": "32"}
# What applies a safe fix, and a suggestion; not broken where its line is wrapped.
APPLIES = "(netspec check --fix)".replace(" ", "\u00a0")
APPLIES_UNSAFE = "(netspec check --fix --unsafe)".replace(" ", "\u00a0")


@dataclass(frozen=True, slots=True)
class Look:
    """How text is formatted.

    Args:
        width: columns of a line.
        wrap_message: whether messages are wrapped too, as on a terminal.
        color: whether there are colours.
        links: whether locations are links to files.
        lang: the language of what is said.
    """

    width: int = 80
    wrap_message: bool = False
    color: bool = False
    links: bool = False
    lang: str = ENGLISH


PIPE = Look()


def paint(text: str, kind: str, look: Look) -> str:
    """`text` in the colour of a kind, where there are colours."""
    return f"\x1b[{_COLORS[kind]}m{text}\x1b[0m" if look.color and kind in _COLORS else text


def linked(text: str, path: str, look: Look) -> str:
    """`text` as a link to a file (OSC 8), where there are links."""
    if not look.links or not is_file(path):
        return text
    return f"\x1b]8;;{Path(path).absolute().as_uri()}\x1b\\{text}\x1b]8;;\x1b\\"


def message_lines(text: str, look: Look, hanging: int = 0) -> list[str]:
    """A message as lines: one in a pipe, wrapped with a hanging indent on a terminal."""
    return wrap(safe(text), look.width, hanging=" " * hanging) if look.wrap_message else [safe(text)]


def excerpt(span: Span, sources: Mapping[str, str], look: Look = PIPE) -> list[str]:
    """The line of a span, cut around it, with a caret below; nothing where the source is unknown."""
    lines = split_lines(sources[span.path]) if span.path in sources else ()
    if not 1 <= span.line <= len(lines):
        return []
    line, number = lines[span.line - 1], str(span.line)
    end = span.end_column if span.end_line == span.line else len(line) + 1
    shown, before, marked = cut(line, span.column - 1, end - 1, look.width - len(number) - 3)
    bar = paint(" " * len(number) + " |", "place", look)
    return [
        bar,
        f"{paint(f'{number} |', 'place', look)} {shown}",
        f"{bar} {' ' * before}{paint('^' * marked, 'caret', look)}",
    ]


def render_one(found: Diagnostic, sources: Mapping[str, str], look: Look = PIPE) -> str:
    """One diagnostic as a paragraph."""
    found, lang = in_language(found, look.lang), look.lang
    span = found.span
    margin = " " * len(str(span.line))
    code, sign = f"{word('severity', found.severity, lang)}[{found.code}]", colon(lang)
    head, *more = message_lines(f"{code}{sign}{found.message}", look, hanging=4)
    lines = [paint(code, found.severity, look) + sign + paint(head[len(code + sign) :], "label", look)]
    lines += [paint(line, "label", look) for line in more]
    place = "--set" if span.path == COMMAND_LINE else linked(safe(str(span)), span.path, look)
    lines += [paint(f"{margin}--> ", "place", look) + place, *excerpt(span, sources, look)]

    def note(label: str, text: str, kind: str = "") -> None:
        label = word("label", label, lang)
        indent = " " * (len(margin) + 3 + max(8, width(label)) + 1)
        first, *rest = wrap(safe(text), look.width, first=indent, hanging=indent)
        sign, name = paint("=", "place", look), paint(pad(label, 8), "label", look)
        lines.append(f"{margin} {sign} {name} {paint(first[len(indent) :], kind, look)}")
        lines.extend(indent + paint(line[len(indent) :], kind, look) for line in rest)

    def say(text: str) -> str:
        return translate(text, lang)

    if found.follows is not None:
        note("follows", say(f"from {found.follows.code} at line {found.follows.span.line}: not counted"))
    for frame in found.frames:
        note("in", word("frame", "{label} at {span}", lang).format(label=frame.label, span=frame.span))
    for item in found.notes:
        if item.label not in ("or", "torch"):
            note(item.label, item.text)
    for index, fix in enumerate(found.fixes):
        how = f"  {APPLIES if fix.safe else APPLIES_UNSAFE}" if index == 0 and applicable(found) else ""
        note("fix" if index == 0 else "or", fix.title + how, "fix")
    for item in found.notes:
        if item.label in ("or", "torch"):
            note(item.label, item.text)
    return "\n".join(lines)


def applicable(found: Diagnostic) -> bool:
    """Whether `netspec check --fix --unsafe` can write the first fix of a finding."""
    return found.severity == "error" and any(
        all(is_file(edit.span.path) for edit in fix.edits) for fix in found.fixes[:1]
    )


def fixable(diagnostics: Iterable[Diagnostic]) -> str:
    """`; 1 fixable with --fix, 2 more with --fix --unsafe`, for the line that sums a file up; empty for none."""
    first = [found.fixes[0] for found in diagnostics if applicable(found)]
    safe = sum(fix.safe for fix in first)
    parts = [f"{safe} fixable with --fix"] if safe else []
    if rest := len(first) - safe:
        parts.append(f"{rest} {'more' if safe else 'fixable'} with --fix --unsafe")
    return "; " + ", ".join(parts) if parts else ""


def render(diagnostics: Iterable[Diagnostic], sources: Mapping[str, str], look: Look = PIPE) -> str:
    """Diagnostics as text, with a blank line between them.

    Args:
        diagnostics: the findings.
        sources: the texts that their spans lie in, by path.
        look: how the text is formatted; for a pipe where left out.
    """
    return "\n\n".join(render_one(found, sources, look) for found in diagnostics)
