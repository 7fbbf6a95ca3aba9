"""Text in columns: nothing wider than asked, nothing lost, the caret under what it marks."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netspec.checker import check
from netspec.core.diagnostics import Diagnostic, Edit, Fix, Note
from netspec.core.tree import Span
from netspec.language.load import load, loads
from netspec.render.summary import totals
from netspec.render.tables import ELLIPSIS, cut, width, wrap
from netspec.render.text import PIPE, Look, excerpt, render, render_one
from netspec.shapes.report import Report

WORDS = st.lists(st.text("abc×→界\u0301", min_size=1, max_size=9), max_size=30).map(" ".join)
TERMINAL = Look(60, wrap_message=True)
INDENTS = st.integers(0, 6).map(" ".__mul__)


@given(WORDS, st.integers(20, 60), INDENTS, INDENTS)
def test_wrapped_lines_fit_and_say_the_same(text: str, columns: int, first: str, hanging: str) -> None:
    lines = wrap(text, columns, first, hanging)
    assert "".join("".join(lines).split()) == "".join(text.split())
    if "界" not in text:
        assert " ".join(" ".join(lines).split()) == " ".join(text.split())
    for line in lines:
        assert width(line) <= columns or not set(line.strip()) & {" ", "界"}
    for before, after in pairwise(lines):  # no line ends earlier than it has to
        if "→" not in text:
            assert width(before) + 1 + width(re.split(r" |(?<=.)(?=界)|(?<=界)(?!\u0301)", after.lstrip())[0]) > columns


def test_chinese_breaks_between_characters_but_not_before_a_mark_that_closes() -> None:
    text = "这个版本的 netspec 读取语言的版本 1，得到的是（文本）'1'。"
    assert wrap(text, 20, hanging="  ") == [
        "这个版本的 netspec",
        "  读取语言的版本 1，",
        "  得到的是（文本）",
        "  '1'。",
    ]
    assert all(width(line) <= 20 for line in wrap("没有逗号的一句很长很长的话" * 5, 20))


def test_a_chain_of_shapes_breaks_before_its_arrows() -> None:
    assert wrap("1×28×28 → conv1 32×24×24 → pool 32×12×12", 26, hanging="  ") == [
        "1×28×28 → conv1 32×24×24",
        "  → pool 32×12×12",
    ]


def characters(wide: list[bool]) -> str:
    """A line in which no character stands twice, of one or two columns each."""
    return "".join(chr((0x4E00 if twice else 0x100) + index) for index, twice in enumerate(wide))


@given(st.lists(st.booleans(), min_size=1, max_size=150).map(characters), st.data(), st.integers(20, 80))
def test_a_cut_line_fits_and_keeps_what_is_marked(line: str, data: st.DataObject, columns: int) -> None:
    start = data.draw(st.integers(0, len(line) - 1))
    end = data.draw(st.integers(start + 1, len(line)))
    shown, before, marked = cut(line, start, end, columns)
    body = shown.removeprefix(ELLIPSIS).removesuffix(ELLIPSIS)
    assert width(shown) <= columns
    assert body in line
    assert len(body) == len(line) or width(shown) >= columns - 3  # no more is cut than has to be
    at = shown.index(line[start])
    assert width(shown[:at]) == before
    below = shown[at:].removesuffix(ELLIPSIS)
    assert marked == min(width(line[start:end]), width(below))


@given(st.text(st.sampled_from("ab \t\u0301\x07\x1b\u202e")), st.integers(0, 30), st.integers(0, 30))
def test_a_cut_line_is_safe(line: str, start: int, length: int) -> None:
    start = min(start, len(line))
    shown, before, marked = cut(line, start, min(start + length, len(line)), 20)
    assert shown.isprintable()
    assert before >= 0
    assert marked >= 1


@pytest.mark.parametrize("columns", [60, 80])
def test_everything_that_a_wrong_spec_is_told_fits(columns: int, bad_reports: list[Report]) -> None:
    look = Look(columns, wrap_message=True)
    for report in bad_reports:
        for line in render(report.diagnostics, report.spec.sources, look).splitlines():
            longest = max(map(width, line.split()), default=0)  # a path, say, which is not broken
            assert width(line) <= columns or longest > columns - 16, line


def test_in_a_pipe_a_message_is_one_line() -> None:
    span = Span("net.yaml", 1, 1, 1, 2)
    found = Diagnostic("NS401", "word " * 40 + "end", span, notes=(Note("note", "long " * 40 + "end"),))
    piped, shown = render_one(found, {}).splitlines(), render_one(found, {}, TERMINAL).splitlines()
    assert piped[0].endswith("end")
    assert max(map(len, piped[1:])) <= 80
    assert len(piped) == 6
    assert max(map(len, shown)) <= 60
    assert shown[1].startswith("    word")
    assert [line[: len("  = note     ")].strip() for line in piped[2:]] == ["= note", "", "", ""]


LONG = "layers: [" + "{Linear: 10}, " * 30 + "{Linaer: 10}" + ", {Linear: 10}" * 30 + "]"


def test_a_long_line_is_cut_around_its_caret() -> None:
    column = LONG.index("Linaer") + 1
    _, line, caret = excerpt(Span("net.yaml", 1, column, 1, column + 6), {"net.yaml": LONG})
    at = caret.index("^")
    assert line[at : at + 6] == "Linaer"
    assert caret[at:] == "^^^^^^"
    assert len(line) == 80
    assert line.startswith(f"1 | {ELLIPSIS}")
    assert line.endswith(ELLIPSIS)
    assert 25 < at < 55


@pytest.mark.parametrize("text", ["界界 x: 5", "a\tb x: 5", "e\u0301 x: 5"])
def test_the_caret_stands_below_wide_and_odd_characters(text: str) -> None:
    column = text.index("5") + 1
    _, line, caret = excerpt(Span("n", 1, column, 1, column + 1), {"n": text})
    assert width(line[: line.index("5")]) == caret.index("^")


def test_a_line_of_megabytes_is_cut_at_once() -> None:
    text = "x" * 4_000_000 + "y" + "x" * 4_000_000
    _, line, caret = excerpt(Span("n", 1, 4_000_001, 1, 4_000_002), {"n": text})
    assert line[caret.index("^")] == "y"
    assert len(line) <= 80


# -- what only a terminal gets ----------------------------------------------------------------------------------------

WRONG = "netspec: 1\ninput: [4]\nlayers:\n  - {name: fc, Linear: {in_features: 5, out_features: 3}}\n"


def test_colours_and_links_are_all_that_a_look_adds() -> None:
    report = check(load("dir/my net.yaml", overlay={"dir/my net.yaml": WRONG}))
    plain = render(report.diagnostics, report.spec.sources)
    rich = render(report.diagnostics, report.spec.sources, replace(PIPE, color=True, links=True))
    assert "\x1b" not in plain
    assert "\x1b]8;;file:///" in rich
    assert "/dir/my%20net.yaml\x1b\\dir/my net.yaml:4:38\x1b]8;;\x1b\\" in rich
    assert re.sub(r"\x1b\[[\d;]*m|\x1b]8;;.*?\x1b\\", "", rich) == plain


@pytest.mark.parametrize(("path", "offered"), [("net.yaml", True), ("<stdin>", False), ("<text>", False)])
def test_check_fix_is_named_where_it_can_write(path: str, offered: bool) -> None:
    span = Span(path, 1, 1, 1, 2)
    found = Diagnostic("NS401", "wrong", span, fixes=(Fix("in_features: 4", (Edit(span, "4"),)),))
    assert ("(netspec check --fix --unsafe)" in render_one(found, {path: "5"})) is offered
    assert "(netspec check --fix)" not in render_one(found, {path: "5"})
    safe = replace(found, fixes=(replace(found.fixes[0], safe=True),))
    assert ("(netspec check --fix)" in render_one(safe, {path: "5"})) is offered
    assert "in_features: 4" in render_one(found, {path: "5"})


@pytest.mark.parametrize(
    ("layers", "shown"),
    [
        ("[{Linear: 3}]", "input 4 → 3; "),
        ("[{name: fc, Linear: 3}]", "input 4 → fc 3; "),
        ("[{Linear: 4}, {name: halves, chunk: 2}]", "input 4 → halves.0 2, halves.1 2; "),
        ("[{Linear: 4}, {chunk: 2}]", "input 4 → 2, 2; "),
    ],
)
def test_a_layer_without_a_name_shows_only_its_shape(layers: str, shown: str) -> None:
    assert totals(check(loads(f"netspec: 1\ninput: [4]\nlayers: {layers}\n"))).startswith(shown)
