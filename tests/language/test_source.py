"""The source stage: YAML 1.2 scalars, PyYAML's values where both versions agree, and an answer to any text."""

from __future__ import annotations

import math
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from netspec.core.files import split_lines
from netspec.core.tree import Mapping, Node, Scalar, Sequence, plain
from netspec.language import source
from netspec.language.composer import DEEPEST, scalar_value
from netspec.language.source import compose
from tests.rounds import left_out

LETTERS = st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn"], exclude_characters="\u2028\u2029\ufeff")
words = st.text(LETTERS, max_size=12)
atoms = st.one_of(st.none(), st.booleans(), st.integers(-(10**9), 10**9), words)
documents = st.recursive(
    atoms,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(words.filter(bool), inner, max_size=4)),
    max_leaves=12,
)


@settings(max_examples=120, deadline=None)
@given(documents, st.booleans(), st.booleans())
def test_pyyamls_documents_are_read_as_pyyaml_reads_them(value: Any, flow: bool, unicode: bool) -> None:
    text = yaml.safe_dump(value, default_flow_style=flow, allow_unicode=unicode, sort_keys=False)
    root, found = compose(text, "t")
    assert found == []
    assert root is not None
    assert plain(root) == value


@settings(max_examples=120, deadline=None)
@given(documents, st.booleans())
def test_spans_cover_what_they_say(value: Any, flow: bool) -> None:
    text = yaml.safe_dump(value, default_flow_style=flow, allow_unicode=True, sort_keys=False, width=10_000)
    root, _ = compose(text, "t")
    assert root is not None
    lines = split_lines(text)

    def visit(node: Node) -> None:
        span = node.span
        assert (span.line, span.column) <= (span.end_line, span.end_column)
        if isinstance(node, Sequence):
            for item in node.items:
                visit(item)
        elif isinstance(node, Mapping):
            for key, inner in node:
                visit(key)
                visit(inner)
        elif node.plain and span.line == span.end_line and node.text:
            assert lines[span.line - 1][span.column - 1 : span.end_column - 1] == node.text

    visit(root)


YAML_LIKE = st.text("abn1: -[]{}&*!#|>'\"\\\n\t,?%@`~<.\u2028\x85\r\u7573\x00\x07", max_size=80)


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(max_size=80), YAML_LIKE))
def test_any_text_gets_an_answer(text: str) -> None:
    root, found = compose(text, "t")
    assert root is not None or found or not text.strip() or text.lstrip().startswith(("#", "-", "%", "\ufeff", "."))
    for item in found:
        assert item.span.line >= 1
        assert item.span.column >= 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3), ("1E3", 1000.0), ("+.5", 0.5), ("1.", 1.0), ("-0", 0), ("+3", 3), ("0o17", 15), ("0xff", 255),
        ("true", True), ("True", True), ("TRUE", True), ("false", False), ("null", None), ("~", None), ("", None),
        (".inf", math.inf), ("-.INF", -math.inf), ("yes", "yes"), ("no", "no"), ("on", "on"), ("off", "off"),
        ("y", "y"), ("0123", "0123"), ("08", "08"), ("12:30", "12:30"), ("1_000", "1_000"), ("0b11", "0b11"),
        ("1e", "1e"), ("2001-12-14", "2001-12-14"), ("tRUE", "tRUE"), ("1.2.3", "1.2.3"), ("-", "-"), (".", "."),
        ("--1", "--1"), ("9" * 41, "9" * 41), ("=", "="), ("1 2", "1 2"), ("٣", "٣"),
    ],
)  # fmt: skip
def test_scalars_of_yaml_1_2(text: str, value: object) -> None:
    assert scalar_value(text) == value
    assert type(scalar_value(text)) is type(value)


def test_not_a_number() -> None:
    value = scalar_value(".nan")
    assert isinstance(value, float)
    assert math.isnan(value)


@pytest.mark.parametrize("text", ["'1'", '"1"', "|\n  1\n", ">-\n  1\n"])
def test_what_is_quoted_is_text(text: str) -> None:
    root, _ = compose(f"a: {text}", "t")
    assert isinstance(root, Mapping)
    value = root.get("a")
    assert isinstance(value, Scalar)
    assert isinstance(value.value, str)
    assert not value.plain


def test_merge_keys_as_yaml_has_them() -> None:
    text = "a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc: {<<: [*a, *b], z: 5}\nd:\n  <<: *b\n  w: 0\n"
    root, found = compose(text, "t")
    assert found == []
    assert root is not None
    assert plain(root) == yaml.safe_load(text)


LOADERS = [yaml.SafeLoader, *([yaml.CSafeLoader] if yaml.__with_libyaml__ else [])]
BELOW_THE_ROOT = DEEPEST - 1  # collections that may be open at once inside the document's own mapping


@pytest.fixture(params=LOADERS, ids=lambda loader: loader.__name__)
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyYAML's own parser, then libyaml's where PyYAML has it."""
    monkeypatch.setattr(source, "Loader", request.param)


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("head", ["layers: ", "名: [层, 😀, ", *map(left_out, ("layers: [1, 2, ", "'[[': # [[[\n  "))])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("[ ", " ]"), ("{a: ", "}"), ("&x [", "]")])
@pytest.mark.parametrize("count", [BELOW_THE_ROOT + 1, 3_000, left_out(20_000)])
def test_the_limit_of_depth_is_ours_with_every_parser(head: str, opening: str, closing: str, count: int) -> None:
    within = BELOW_THE_ROOT - head.endswith(", ")
    text = "netspec: 1\r\n" + head + opening * within + closing * within + "]" * head.endswith(", ")
    assert compose(text, "t")[1] == []
    for text in ("netspec: 1\n" + head + opening * count, "netspec: 1\n" + head + opening * count + closing * count):
        root, found = compose(text, "t")
        assert root is None
        assert [item.code for item in found] == ["NS103"]
        last = head.splitlines()[-1]
        column = len(last) + len(opening) * within + opening.find("[" if "[" in opening else "{") + 1
        assert (found[0].span.line, found[0].span.column) == (2 + head.count("\n"), column - opening.count("&") * 3)


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("netspec: 1\nname: [a", (2, 7)),
        ("netspec: 1\nname: [a\n", (2, 7)),
        ("netspec: 1\nname: {a: 1", (2, 7)),
        ("netspec: 1\nname: 'a", (2, 7)),
        ("netspec: 1\nname: [a, b\ninput: 3", (3, 6)),
        ("netspec: 1\n" + "[" * 5_000, (2, 1)),
        ("train:\n  epochs: 3\n  batch_size 4\n", (3, 3)),
        ("netspec: 1\nlayers\n", (2, 1)),
    ],
)
def test_every_parser_points_at_the_same_place(text: str, place: tuple[int, int]) -> None:
    found = compose(text, "t")[1]
    assert [(item.code, item.span.line, item.span.column) for item in found] == [("NS100", *place)]
