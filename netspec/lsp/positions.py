"""Positions: lines and columns of spans (from 1, in characters) ↔ those of the protocol (from 0, in units) ↔ offsets.

The units of the protocol are those of UTF-16 where an editor and the server agree on nothing else: a letter of Latin or
Chinese is one, an emoji two. Lines differ too: YAML breaks them at U+0085, U+2028 and U+2029 as well, an editor does
not. All conversions are here.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property

from lsprotocol.types import Position, PositionEncodingKind, Range, TextEdit

from netspec.core.dataclass import dataclass
from netspec.core.files import line_starts
from netspec.core.tree import Span

_BREAK = re.compile("\r\n|[\n\r]")  # of lines in the protocol
UTF8, UTF16, UTF32 = (
    kind.value for kind in (PositionEncodingKind.Utf8, PositionEncodingKind.Utf16, PositionEncodingKind.Utf32)
)


def units(text: str, encoding: str) -> int:
    """How many units a text has.

    Args:
        text: of one line.
        encoding: `utf-8`, `utf-16` or `utf-32`.
    """
    if text.isascii() or encoding == UTF32:
        return len(text)
    return (
        len(text.encode("utf-8", "surrogatepass")) if encoding == UTF8 else len(text) + sum(c > "\uffff" for c in text)
    )


@dataclass(frozen=True)
class Positions:
    """Converts the positions in one text.

    Args:
        text: the text.
        encoding: of the protocol's columns.
    """

    text: str
    encoding: str = UTF16

    @cached_property
    def starts(self) -> list[int]:
        """Where each line of the protocol starts."""
        return [0, *(match.end() for match in _BREAK.finditer(self.text))]

    @cached_property
    def _span_starts(self) -> list[int]:
        return line_starts(self.text)

    def line_text(self, line: int) -> str:
        """A line of the protocol without its break; empty behind the last one.

        Args:
            line: its number, from 0.
        """
        if not 0 <= line < len(self.starts):
            return ""
        end = self.starts[line + 1] if line + 1 < len(self.starts) else len(self.text)
        return self.text[self.starts[line] : end].rstrip("\r\n")

    def offset(self, position: Position) -> int:
        """How many characters stand before a position; one behind the end of its line is its end.

        Args:
            position: of the protocol.
        """
        if position.line >= len(self.starts):
            return len(self.text)
        line = self.line_text(position.line)
        if line.isascii() or self.encoding == UTF32:
            column = min(position.character, len(line))
        else:
            column = passed = 0
            for character in line:
                passed += units(character, self.encoding)
                if passed > position.character:
                    break
                column += 1
        return self.starts[position.line] + column

    def position(self, offset: int) -> Position:
        """The position before which so many characters stand.

        Args:
            offset: of a character.
        """
        offset = max(0, min(offset, len(self.text)))
        line = bisect_right(self.starts, offset) - 1
        return Position(line, units(self.text[self.starts[line] : offset], self.encoding))

    def range(self, span: Span) -> Range:
        """The range of a span of this text.

        Args:
            span: its path does not count.
        """
        start = self.position(self.span_offset(span.line, span.column))
        return Range(start, self.position(self.span_offset(span.end_line, span.end_column)))

    def span_offset(self, line: int, column: int) -> int:
        """How many characters stand before a line and column of a span.

        Args:
            line, column: from 1.
        """
        starts = self._span_starts
        return len(self.text) if line > len(starts) else min(starts[max(line, 1) - 1] + column - 1, len(self.text))

    def place(self, position: Position) -> tuple[int, int]:
        """The line and column, from 1, that a span has at a position.

        Args:
            position: of the protocol.
        """
        offset = self.offset(position)
        line = bisect_right(self._span_starts, offset)
        return line, offset - self._span_starts[line - 1] + 1

    @property
    def whole(self) -> Range:
        """The range of the whole text."""
        return Range(Position(0, 0), self.position(len(self.text)))

    def changed(self, changed: Range, text: str) -> str:
        """The text after a change of it.

        Args:
            changed: what is replaced.
            text: what is written there.
        """
        start = self.offset(changed.start)
        return self.text[:start] + text + self.text[max(start, self.offset(changed.end)) :]

    def difference(self, new: str) -> TextEdit | None:
        """The edit that makes the text another one, of the lines that differ alone; None where they are the same.

        Args:
            new: the other text.
        """
        if new == self.text:
            return None
        before, after = self.text.splitlines(keepends=True), new.splitlines(keepends=True)
        start = _common(before, after)
        end = _common(before[start:][::-1], after[start:][::-1])
        first, last = sum(map(len, before[:start])), sum(map(len, before[len(before) - end :]))
        place = Range(self.position(first), self.position(len(self.text) - last))
        return TextEdit(place, "".join(after[start : len(after) - end]))


def _common(one: list[str], other: list[str]) -> int:
    """How many lines are the same at the start."""
    pairs = zip(one, other, strict=False)
    return next((index for index, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
