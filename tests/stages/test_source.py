"""The source stage: YAML 1.2 scalars, PyYAML's values where both versions agree, and an answer to any text."""

from __future__ import annotations

import math
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from netspec.ground.reading import split_lines
from netspec.ground.tree import Mapping, Node, Scalar, Sequence, plain
from netspec.stages.source import compose, scalar_value

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
