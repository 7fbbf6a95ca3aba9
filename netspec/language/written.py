"""The text of a spec as it is written: values with their comments, anchors and empty lines, for writing it again.

Input: YAML that the composer reads. Output: a Value, in whose entries every comment of the text has its place.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import field
from typing import Any

import yaml

from netspec.core.dataclass import dataclass
from netspec.core.files import line_starts
from netspec.language.source import Loader

_COMMENT = re.compile(r"#[^\n\r\x85\u2028\u2029]*(?<!\s)")
_BLOCK_SCALAR = re.compile(r"[|>][-+0-9]*[ \t]+(#[^\n\r\x85\u2028\u2029]*)")


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment with its `#`, and the column in which it stood, counted from 0."""

    text: str
    column: int


@dataclass(slots=True)
class Value:
    """A value as written.

    Args:
        kind: `scalar` (an alias too), `list` or `mapping`.
        text: a scalar as written, quotes and anchor included; of one line.
        anchor: `&name ` of a list or mapping.
        flow: whether it is written with brackets.
        entries: of a list or mapping.
        end: lines of comments behind the last entry; an empty text is an empty line.
        column: of its first entry, from 0.
        start, stop: where it stands in the text.
        breaks: whether it holds lists of layers that are written line by line; see `layout`.
        keeps: whether it stays line by line where it is; see `layout`.
    """

    kind: str
    text: str = ""
    anchor: str = ""
    flow: bool = True
    entries: list[Entry] = field(default_factory=list)
    end: list[str] = field(default_factory=list)
    column: int = 0
    start: int = 0
    stop: int = 0
    breaks: bool = False
    keeps: bool = False


@dataclass(slots=True)
class Entry:
    """An item of a list (`key` is None), or a key with its value.

    Args:
        key: as written.
        value: of the entry.
        before: lines of comments before it; an empty text is an empty line.
        after: the comment at the end of its line.
        start, stop: where it stands in the text, with the comma behind it.
        name: its key without quotes.
    """

    key: str | None
    value: Value
    before: list[str] = field(default_factory=list)
    after: Comment | None = None
    start: int = 0
    stop: int = 0
    name: str = ""


def quoted(value: str) -> str:
    """A text as a YAML scalar of one line, in double quotes."""
    dumped: Any = yaml.safe_dump(value, default_style='"', width=10**9, allow_unicode=True)
    return str(dumped).strip()


class _Reader:
    """Builds the Values of one text from its events."""

    def __init__(self, text: str) -> None:
        self.text, self.starts = text, line_starts(text)
        self.events: Iterator[Any] = iter(yaml.parse(text, Loader=Loader))

    def read(self) -> Value:
        for event in self.events:
            if isinstance(event, yaml.NodeEvent):
                return self.value(event)
        return Value("scalar")

    def value(self, event: Any) -> Value:
        start, stop = event.start_mark.index, event.end_mark.index
        if isinstance(event, yaml.AliasEvent):
            return Value("scalar", self.text[start:stop], start=start, stop=stop)
        if isinstance(event, yaml.ScalarEvent):
            return Value("scalar", self.scalar(event, self.text[start:stop]), start=start, stop=stop)
        kind = "mapping" if isinstance(event, yaml.MappingStartEvent) else "list"
        anchor = f"&{event.anchor} " if event.anchor else ""
        made = Value(kind, anchor=anchor, flow=bool(event.flow_style), column=event.start_mark.column, start=start)
        while not isinstance(inner := next(self.events), yaml.CollectionEndEvent):
            made.entries.append(self.entry(inner, kind))
        end: Any = inner.end_mark
        made.stop = end.index if made.flow or not made.entries else made.entries[-1].stop
        if made.entries and anchor and not made.flow:
            made.column = made.entries[0].start - self.starts[bisect_right(self.starts, made.entries[0].start) - 1]
        return made

    def entry(self, event: Any, kind: str) -> Entry:
        first = self.value(event)
        if kind == "list":
            return Entry(None, first, start=first.start, stop=first.stop)
        value = self.value(next(self.events))
        stop = max(first.stop, value.stop)
        return Entry(first.text, value, start=first.start, stop=stop, name=getattr(event, "value", ""))

    def scalar(self, event: Any, text: str) -> str:
        """A scalar on one line."""
        if not re.search("[\n\r\x85\u2028\u2029]", text):
            return text
        anchor = f"&{event.anchor} " if event.anchor else ""
        plain = not event.style and "\n" not in event.value
        return anchor + (event.value if plain else quoted(event.value))


def comments_in(text: str) -> Iterator[tuple[int, str]]:
    """The comments of a text and where each begins: what is behind `#` between the tokens."""
    end = 0
    tokens: Iterator[Any] = iter(yaml.scan(text, Loader=Loader))
    for token in tokens:
        start, stop = token.start_mark.index, token.end_mark.index
        if start > end:
            yield from ((match.start(), match[0]) for match in _COMMENT.finditer(text, end, start))
        if isinstance(token, yaml.ScalarToken) and token.style in ("|", ">"):
            header = _BLOCK_SCALAR.match(text, start, stop)
            yield from [(header.start(1), header[1])] if header else []
        end = max(end, stop)
    yield from ((match.start(), match[0]) for match in _COMMENT.finditer(text, end))


@dataclass
class _Placer:
    """Gives each comment its entry."""

    text: str
    root: Value
    entries: list[Entry] = field(default_factory=list)  # in the order of the text, outer ones before inner ones
    inside: dict[int, list[Value]] = field(default_factory=dict)  # by an entry's id: the collections around it
    starts: list[int] = field(default_factory=list)  # of the lines

    def collect(self, value: Value, around: list[Value]) -> None:
        around = [*around, value]
        for index, entry in enumerate(value.entries):
            following = value.entries[index + 1].start if index + 1 < len(value.entries) else value.stop
            comma = re.compile(r"[ \t]*,").match(self.text, entry.stop) if value.flow else None
            if comma is not None and comma.end() <= following:
                entry.stop = comma.end()
            self.entries.append(entry)
            self.inside[id(entry)] = around
            self.collect(entry.value, around)

    def place(self) -> list[str]:
        """Place all; returns the lines at the head of the text."""
        self.collect(self.root, [])
        starts = [entry.start for entry in self.entries]
        head: list[str] = []
        waiting: dict[int, list[str]] = {}
        latest: Value | None = None  # comments behind each other end the same collection or one around it
        for index, comment in comments_in(self.text):
            line = self.starts[self.line(index)]
            before = self.text[line:index].rstrip()
            position = bisect_right(starts, index)
            if before and (owner := self.owner(line + len(before) - 1, position)) is not None and owner.after is None:
                owner.after, latest = Comment(comment, index - line), None
                continue
            lines = [""] * (not before and self.blank_above(index)) + [comment]
            following = self.entries[position] if position < len(self.entries) else None
            ended = self.ended(position, index, index - line, following)
            if latest is not None and latest not in ended:
                ended = ended[:1]
            if ended and not (latest is None and position == 0):
                latest = latest if latest in ended else ended[-1]
                latest.end += lines
            elif position == 0:
                head += lines
            else:
                assert following is not None
                waiting.setdefault(id(following), []).extend(lines)
        for entry in self.entries:
            entry.before = waiting.get(id(entry), [])
            line = self.starts[self.line(entry.start)]
            if not self.text[line : entry.start].strip(" -"):  # it is the first of its line
                entry.before += [""] * self.blank_above(entry.start)
        return head

    def owner(self, index: int, position: int) -> Entry | None:
        """The innermost entry that the character at `index` belongs to."""
        for entry in reversed(self.entries[:position]):
            if entry.start <= index < max(entry.stop, entry.value.stop):
                return entry
            if entry.start <= index and self.text[index] == ":" and entry.value.start > index:
                return entry
        return None

    def ended(self, position: int, index: int, column: int, following: Entry | None) -> list[Value]:
        """The collections that end before the next entry and that a comment in `column` can belong to."""
        if position == 0:
            return [] if following is not None else [self.root]
        last = self.entries[position - 1]
        open_before = [*self.inside[id(last)], *([last.value] if not last.value.entries and last.value.flow else [])]
        around = self.inside[id(following)] if following is not None else []
        floor = -1 if following is None else around[-1].column if not around[-1].flow else -1
        found = []
        for value in open_before:
            if value in around or value.kind == "scalar":
                continue
            if value.start < index < value.stop if value.flow else floor < value.column <= column:
                found.append(value)
        return found or ([self.root] if following is None else [])

    def line(self, index: int) -> int:
        """The number of the line that a character is in, from 0."""
        return bisect_right(self.starts, index) - 1

    def blank_above(self, index: int) -> bool:
        """Whether the line above that of a character is empty."""
        number = self.line(index)
        return number > 0 and not self.text[self.starts[number - 1] : self.starts[number]].strip()


def read_written(text: str) -> tuple[list[str], Value]:
    """The lines of comments at the head of a text, and its root.

    Args:
        text: YAML that `compose` reads without a finding.
    """
    root = _Reader(text).read()
    return _Placer(text, root, starts=line_starts(text)).place(), root
