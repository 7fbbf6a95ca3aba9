"""Kinds of numbers: what functions take and give is what torch takes and gives, dtype by dtype."""

from __future__ import annotations

from dataclasses import replace

import pytest

from netspec.core.shapes import DTYPES
from netspec.layers.record import Layer
from netspec.layers.table import TABLE
from tests.layers.helpers import ours, theirs

WRITTEN = "whether the number that is written is whole decides what comes out"
NOT_ON_GPUS = "torch has products of integers on the CPU alone"
STRICTER = {  # functions of integers that torch has and a spec has not, and why
    "pow": WRITTEN,
    "clamp": WRITTEN,
    "pad": "reflect and replicate take floating point alone",
    "interpolate": "uint8 alone, and only in some modes",
    "matmul": NOT_ON_GPUS,
    "einsum": NOT_ON_GPUS,
    "square": "of bool torch makes int64",
    "bmm": NOT_ON_GPUS,
    "linear": NOT_ON_GPUS,
    "bilinear": NOT_ON_GPUS,
    **{f"conv{kind}{axes}d": NOT_ON_GPUS for kind in ("", "_transpose") for axes in (1, 2, 3)},
    "embedding": "weights are floating point",
    "hardtanh": "negative bounds are none of uint8",
    "threshold": WRITTEN,
    "masked_fill": WRITTEN,
    "all": "of uint8 torch makes uint8: say which numbers are meant, as with ne",
    "any": "of uint8 torch makes uint8: say which numbers are meant, as with ne",
    "gather": "int32 came with a later torch",
    "where": "torch deprecates conditions of uint8",
}
FUNCTIONS = [layer for layer in TABLE.values() if layer.is_function]
HALVES = {"float16", "bfloat16"}  # which some functions have on the CPU and some have not


def disagreements(layer: Layer) -> list[str]:
    """The dtypes of which torch makes something else, for the first example that all inputs share one dtype in."""
    found = []
    for dtype in sorted(DTYPES - HALVES):
        case = replace(layer.right[0], dtype=dtype)
        mine, other = ours(layer, case), theirs(layer, case)
        if (mine.refusal is None) != (other.refusal is None) or mine.dtypes != other.dtypes:
            found.append(f"{dtype}: netspec {mine}; torch {other}")
    return found


@pytest.mark.parametrize("layer", FUNCTIONS, ids=lambda layer: layer.name)
def test_same_kinds_of_numbers_as_torch(layer: Layer) -> None:
    found = disagreements(layer)
    if layer.name in STRICTER:
        assert found, "it needs no reason any more"
        assert all("DtypeError" in line for line in found)
    else:
        assert found == []


@pytest.mark.parametrize("takes", ["any", "float"])
def test_a_wrong_kind_would_be_found(takes: str) -> None:
    assert disagreements(replace(TABLE["neg"], takes=takes))


def test_two_kinds_together() -> None:
    for name, expected in {"add": "float32", "sub": "float32", "mul": "float32", "div": "float32"}.items():
        case = replace(TABLE[name].right[0], dtype=("int64", "float32"))
        assert ours(TABLE[name], case) == theirs(TABLE[name], case)
        assert ours(TABLE[name], case).dtypes == (expected,)
