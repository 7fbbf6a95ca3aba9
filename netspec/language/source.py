"""text → located tree: the first stage. PyYAML's events go to the composer, and its errors become findings."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import yaml

from netspec.core.diagnostics import Diagnostic, Edit, Fix, Note
from netspec.core.files import split_lines
from netspec.core.tree import Node, Span, shorten
from netspec.language.composer import Composer, Stop

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # PyYAML without libyaml is slower, with the same events


# An expression as `widths[i] * 2` in a collection, without the quotes that YAML wants there.
_INDEXED = re.compile(r"[:,\[{]\s*(?P<text>[\w(][^,{}\[\]:#'\"]*\[[^\[\]{}]{1,100}\][^,{}\[\]#]*)(?=[,}\]])")


def _position(mark: Any, lines: tuple[str, ...]) -> tuple[int, int]:
    """Line and column of a mark, from 0; libyaml puts the end of a text without a last line break one line too low."""
    return (mark.line, mark.column) if mark.line < len(lines) else (len(lines) - 1, len(lines[-1]))


def _not_yaml(error: yaml.MarkedYAMLError, text: str, path: str) -> Diagnostic:
    """The parser's error as a finding; where the text ends inside a collection, it is at its start."""
    start, mark = error.context_mark, error.problem_mark or error.context_mark
    lines = split_lines(text)
    message = " ".join(filter(None, (error.context, error.problem)))
    notes: tuple[Note, ...] = ()
    if mark is None:
        return Diagnostic("NS100", message, Span(path, 1, 1, 1, 2))
    line, column = _position(mark, lines)
    if start is not None and error.context == "while scanning a simple key":
        line, column = _position(start, lines)  # the parser's mark depends on its version
    elif start is not None and line == len(lines) - 1 and not lines[line][column:].strip():
        (line, column), message = _position(start, lines), f"it is not closed: {message}"
    elif start is not None and (start.line, start.column) != (0, 0):
        notes = (Note("note", f"it starts at line {start.line + 1}, column {start.column + 1}"),)
    if lines[line][column : column + 1] == "\t":
        message = "a tab: YAML indents with spaces only"
    span = Span(path, line + 1, column + 1, line + 1, column + 2)
    item = next((each for each in _INDEXED.finditer(lines[line]) if each.start("text") < column <= each.end()), None)
    if item is None:
        return Diagnostic("NS100", message, span, notes=notes)
    text = f'"{item["text"].strip()}"'
    whole = replace(span, column=item.start("text") + 1, end_column=item.start("text") + len(text) - 1)
    message = f"in {{…}} and […] an expression with brackets needs quotes: {shorten(text)}"
    return Diagnostic("NS100", message, span, fixes=(Fix(shorten(text), (Edit(whole, text),)),))


def _before(text: str, mark: Any) -> str:
    """The text in front of a mark."""
    lines = split_lines(text)
    return "\n".join([*lines[: mark.line], lines[mark.line][: mark.column]])


def compose(text: str, path: str) -> tuple[Node | None, list[Diagnostic]]:
    """Read YAML text into a located tree.

    Args:
        text: the text of one file.
        path: what spans call the file.

    Returns:
        The root (None where the text is no YAML, or holds nothing) and what was found wrong.
    """
    composer = Composer(path, text)
    try:
        for event in yaml.parse(text, Loader=Loader):
            composer.feed(event)
    except Stop as stop:
        return None, [*composer.diagnostics, stop.diagnostic]
    except yaml.MarkedYAMLError as error:
        if "nesting" in str(error.problem) and error.problem_mark is not None:
            # libyaml has its own limit since 0.2.6 and reads ahead, so it may stop before the composer does. Of the
            # text up to there it reads all, and the composer's limit gives the span.
            return compose(_before(text, error.problem_mark), path)
        return None, [*composer.diagnostics, _not_yaml(error, text, path)]
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        number = ord(error.character) if isinstance(error.character, str) else error.character
        message = f"the character U+{number:04X} is not allowed"
        return None, [Diagnostic("NS100", message, Span(path, line, column, line, column + 1))]
    return composer.root, composer.diagnostics
