"""Positions: characters, UTF-16 and UTF-8 units, and lines that YAML breaks and editors do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol.types import Position, Range

from netspec.core.files import split_lines
from netspec.core.tree import Span
from netspec.language.source import compose
from netspec.lsp.positions import Positions

TEXT = "name: 网络\nnote: 🧠🧠 x\r\nend: é\n"
LETTERS = st.text(st.sampled_from("ab é网🧠\n\r\x85\u2028:#"), max_size=30)
ENCODINGS = ("utf-8", "utf-16", "utf-32")
PYTHONS = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
BYTES = {"utf-8": 1, "utf-16": 2, "utf-32": 4}


@pytest.mark.parametrize(
    ("encoding", "chinese", "emoji"),
    [("utf-16", (6, 8), (6, 10)), ("utf-8", (6, 12), (6, 14)), ("utf-32", (6, 8), (6, 8))],
)
def test_chinese_and_emoji(encoding: str, chinese: tuple[int, int], emoji: tuple[int, int]) -> None:
    positions = Positions(TEXT, encoding)
    network = positions.range(Span("", 1, 7, 1, 9))
    assert (network.start, network.end) == (Position(0, chinese[0]), Position(0, chinese[1]))
    brains = positions.range(Span("", 2, 7, 2, 9))
    assert (brains.start, brains.end) == (Position(1, emoji[0]), Position(1, emoji[1]))
    assert positions.place(Position(1, emoji[1])) == (2, 9)


@given(LETTERS, st.sampled_from(ENCODINGS), st.integers(0, 30))
def test_columns_are_units_of_the_encoding_and_lead_back(text: str, encoding: str, offset: int) -> None:
    offset = min(offset, len(text))
    if text[offset - 1 : offset + 1] == "\r\n":
        offset += 1  # no editor puts its cursor between these
    positions = Positions(text, encoding)
    position = positions.position(offset)
    lines = text[:offset].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    assert position.line == len(lines) - 1
    assert position.character == len(lines[-1].encode(PYTHONS[encoding])) // BYTES[encoding]
    assert positions.offset(position) == offset


@given(LETTERS, st.integers(0, 30))
def test_places_are_those_of_spans(text: str, offset: int) -> None:
    offset = min(offset, len(text))
    if text[offset - 1 : offset + 1] == "\r\n":
        offset += 1
    positions = Positions(text)
    line, column = positions.place(positions.position(offset))
    before = split_lines(text[:offset])
    assert (line, column) == (len(before), len(before[-1]) + 1)
    assert positions.span_offset(line, column) == offset


def test_a_position_behind_the_end_of_a_line_or_in_half_an_emoji_is_near() -> None:
    positions = Positions("a🧠b\nc")
    assert positions.offset(Position(0, 99)) == 3
    assert positions.offset(Position(9, 0)) == 5
    assert positions.offset(Position(0, 2)) == 1  # in the middle of the emoji: before it


def test_a_line_that_yaml_breaks_is_one_for_the_editor() -> None:
    text = "a: 1  # x\u2028b: 2\n"
    root, found = compose(text, "p")
    assert (found, root is not None) == ([], True)
    key = next(key for key, _ in root if key.text == "b")
    assert key.span.line == 2
    assert Positions(text).range(key.span).start == Position(0, 10)


def test_a_change_replaces_what_the_editor_means() -> None:
    positions = Positions("x: 🧠🧠\ny: 1\n")
    place = Range(Position(0, 5), Position(1, 3))
    assert positions.changed(place, "!\nz: ") == "x: 🧠!\nz: 1\n"
