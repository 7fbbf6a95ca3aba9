"""A text that is no YAML, as half typed ones are → one that is, by the least change, with every position kept.

Brackets that are open at the end of their line are closed there, else the line is emptied. What is left is read as if
it had been written, so that shapes, names and symbols of all other lines stay known.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import yaml

from netspec.core.files import split_lines
from netspec.core.interruption import checkpoint
from netspec.language.source import Loader

MOST_ROUNDS = 6
LARGEST = 300_000  # characters; a larger text is not read again and again
_TOKEN = re.compile(r"""'(?:[^']|'')*'|"(?:[^"\\]|\\.)*"|(?:(?<=\s)|^)\#.*|[\[\]{}]""")
_CLOSERS = {"[": "]", "{": "}"}


def readable(text: str) -> str | None:
    """The text with as few lines changed as make it YAML; itself where it is; None where a few rounds do not do.

    Args:
        text: of a spec.
    """
    if len(text) > LARGEST:
        return None
    for _ in range(MOST_ROUNDS):
        error = _error(text)
        if error is None:
            return text
        better = _mended(text, error)
        if better is None or better == text:
            return None
        text = better
    return text if _error(text) is None else None


def _error(text: str) -> yaml.MarkedYAMLError | None:
    checkpoint()
    try:
        for _ in yaml.parse(text, Loader=Loader):
            pass
    except yaml.MarkedYAMLError as error:
        return error
    except yaml.YAMLError:  # a character that is not allowed
        return yaml.MarkedYAMLError()
    return None


def _mended(text: str, error: yaml.MarkedYAMLError) -> str | None:
    """The text with the line changed that an error is most likely about."""
    lines = list(split_lines(text))
    marks = [mark for mark in (error.context_mark, error.problem_mark) if mark is not None]
    numbers = [number for mark in marks for number in (mark.line, mark.line - 1) if 0 <= number < len(lines)]
    found = [mark.line for mark in marks if 0 <= mark.line < len(lines) and lines[mark.line].strip()]
    if error.context is not None and "flow" in error.context:
        for number in dict.fromkeys(numbers):
            closed = closed_line(lines[number])
            if closed != lines[number]:
                return _with_line(text, lines, number, closed)
    at = found or [number for number in numbers if lines[number].strip()]
    if not at:
        return None
    simple_key = error.context is not None and "simple key" in error.context
    return _with_line(text, lines, at[0] if simple_key else at[-1], "")


def _with_line(text: str, lines: list[str], number: int, line: str) -> str:
    """The text with a line replaced; the other lines keep their breaks."""
    start = 0
    for before in lines[:number]:
        start += len(before)
        start += 2 if text[start : start + 2] == "\r\n" else 1
    return text[:start] + line + text[start + len(lines[number]) :]


def closed_line(line: str) -> str:
    """A line with the brackets closed that are open at its end, before a comment.

    Args:
        line: of a spec.
    """
    opened: list[str] = []
    end = len(line.rstrip())
    for token in _TOKEN.finditer(line):
        sign = token[0]
        if sign.startswith("#"):
            end = len(line[: token.start()].rstrip())
            break
        if sign in _CLOSERS:
            opened.append(_CLOSERS[sign])
        elif opened and sign == opened[-1]:
            opened.pop()
    return line[:end] + "".join(reversed(opened)) + line[end:]


def same_lines(before: str, after: str) -> Callable[[int], int | None]:
    """Where lines of a text are in a later version, of which the first and last lines are the same; None for others.

    Args:
        before, after: the versions; lines count from 0.
    """
    old, new = before.splitlines(), after.splitlines()
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1

    def line_of(line: int) -> int | None:
        if line < head:
            return line
        return line + len(new) - len(old) if line >= len(old) - tail else None

    return line_of


def without_comment(line: str) -> str:
    """A line up to its comment.

    Args:
        line: of a spec.
    """
    comment = next((token.start() for token in _TOKEN.finditer(line) if token[0].startswith("#")), len(line))
    return line[:comment].rstrip()
