"""`conforms` against jsonschema as the oracle: whatever it accepts, jsonschema accepts."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netspec.core.conforms import conforms
from netspec.core.tree import Mapping, plain
from netspec.language.sections.data_keys import DATA_SCHEMA
from netspec.language.sections.expect_keys import EXPECT_SCHEMA
from netspec.language.sections.train_keys import TRAIN_SCHEMA
from netspec.language.source import compose
from tests.spec_cases import ROOT, SHIPPED, name_of

SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-3, 3) | st.text("ab1", max_size=3)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3)
)
TYPES = st.sampled_from(["null", "boolean", "string", "array", "object", "integer", "number"])
COUNTS, BOUNDS = st.integers(0, 3), st.integers(-3, 3)


def keywords(schemas: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Schemas of any of the keywords that the sections use, and of two that `conforms` does not know."""
    names = st.sampled_from("xyz")
    return st.fixed_dictionaries(
        {},
        optional={
            "type": TYPES | st.lists(TYPES, min_size=1, max_size=2, unique=True),
            "enum": st.lists(SCALARS, min_size=1, max_size=2),
            "anyOf": st.lists(schemas, min_size=1, max_size=2),
            "properties": st.dictionaries(names, schemas, max_size=2),
            "additionalProperties": st.booleans() | schemas,
            "required": st.lists(names, max_size=2, unique=True),
            "items": schemas,
            **dict.fromkeys(("minItems", "minLength", "maxLength", "minProperties", "maxProperties"), COUNTS),
            **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), BOUNDS),
            "pattern": st.sampled_from(["^a", "[0-9]$", "b"]),
            "not": schemas,
            "const": SCALARS,
        },
    )


SCHEMAS = st.recursive(keywords(st.just({})), keywords, max_leaves=4)


@given(VALUES, SCHEMAS)
def test_a_yes_is_jsonschemas_yes(value: object, schema: dict[str, Any]) -> None:
    if conforms(value, schema):
        assert jsonschema.Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        (True, {"type": "integer"}),
        (True, {"enum": [1]}),
        ("", {"minLength": 1}),
        ({"x": 1, "y": 2}, {"properties": {"x": {}}, "additionalProperties": False}),
        ({"y": "a"}, {"additionalProperties": {"type": "integer"}}),
        ({}, {"required": ["x"]}),
        ([1, "a"], {"items": {"type": "integer"}}),
        (0, {"exclusiveMinimum": 0}),
        ("-", {"pattern": "^[a-z]+$"}),
        (3, {"anyOf": [{"type": "string"}, {"maximum": 2}]}),
        (3, {"multipleOf": 3}),  # fits, and is none of the keywords: no yes without certainty
    ],
)
def test_a_wrong_value_gets_no_yes(value: object, schema: dict[str, Any]) -> None:
    assert not conforms(value, schema)


@pytest.mark.parametrize("path", SHIPPED, ids=name_of)
def test_the_sections_of_the_shipped_specs_get_a_yes(path: Any) -> None:
    tree, _ = compose(path.read_text("utf-8"), path.name)
    assert isinstance(tree, Mapping)
    for name, schema in (("data", DATA_SCHEMA), ("train", TRAIN_SCHEMA), ("expect", EXPECT_SCHEMA)):
        node = tree.get(name)
        assert node is None or conforms(plain(node), schema)


def imports_jsonschema(spec: str) -> bool:
    """Whether a cold check of a spec imports jsonschema."""
    script = (
        "import sys; from netspec.cli.main import main\n"
        f"try: main(['check', {spec!r}])\n"
        "except SystemExit: print('LOADED', 'jsonschema' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout.split()[-1] == "True"


def test_a_right_spec_is_checked_without_jsonschema() -> None:
    assert not imports_jsonschema("specs/vgg16.yaml")


def test_an_import_of_jsonschema_would_show() -> None:
    assert imports_jsonschema("tests/specs/bad/ns203_sections.yaml")
