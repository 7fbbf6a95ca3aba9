"""Any case: ours is torch's verdict, but for what is refused on purpose, and nothing but a ShapeError is ever raised.

`make search` looks at more cases, other ones each time; the usual round is short and always the same.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest

from netspec.core.shapes import ShapeError
from netspec.layers.record import Case, Layer
from netspec.layers.table import TABLE
from tests.layers.helpers import named, on_purpose, ours, resolve, theirs, verdict
from tests.layers.random_cases import different, extreme_case, random_case

LONG = int(os.environ.get("NETSPEC_CASES", "0"))
COUNT = LONG or 30  # cases of a layer
SEED = time.time_ns() if LONG else 0
EACH = pytest.mark.parametrize("layer", TABLE.values(), ids=TABLE)


def disagreement(layer: Layer, case: Case) -> str | None:
    """Both verdicts where they differ."""
    mine, other = ours(layer, case), theirs(layer, case)
    if mine.refusal is not None and (other.refusal is not None or on_purpose(layer, case, mine, other)):
        return None
    return None if mine == other else f"netspec: {mine}; torch: {other}"


@EACH
def test_same_verdict_as_torch(layer: Layer) -> None:
    for case in different(random_case, layer, COUNT, SEED):
        with named(case, f"seed {SEED}: "):
            assert disagreement(layer, case) is None


@pytest.mark.parametrize("name", ["Conv2d", "MaxPool2d", "add", "reshape", "CircularPad1d"])
def test_a_rule_that_refuses_nothing_is_caught(name: str) -> None:
    layer = TABLE[name]

    def careless(*everything: object) -> tuple[int, ...]:
        try:
            return layer.shape(*everything)  # type: ignore[return-value]
        except ShapeError:
            return (1,)

    broken = replace(layer, shape=careless)
    assert any(disagreement(broken, case) is not None for case in different(random_case, broken, COUNT))


def test_a_rule_off_by_one_is_caught() -> None:
    layer = TABLE["AvgPool2d"]
    broken = replace(layer, shape=lambda a, x: tuple(n + a.ceil_mode for n in layer.shape(a, x)))
    assert any(disagreement(broken, case) is not None for case in different(random_case, broken, COUNT))


def overlooked(layer: Layer, case: Case) -> bool:
    """Whether older versions judge a case otherwise, and the record does not say that its arguments matter."""
    now = str(verdict(layer, case))
    older = ((change, str(verdict(replace(layer, shape=change.shape), case))) for change in layer.earlier)
    return any(then != now and not change.matters(case.args) for change, then in older)


@pytest.mark.parametrize("name", [layer.name for layer in TABLE.values() if layer.earlier])
def test_a_change_matters_wherever_it_shows(name: str) -> None:
    for case in different(random_case, TABLE[name], COUNT, SEED):
        with named(case, f"seed {SEED}: "):
            assert not overlooked(TABLE[name], case)


@pytest.mark.parametrize("name", ["BatchNorm2d", "ZeroPad2d", "ReflectionPad2d", "pad"])
def test_a_change_that_is_overlooked_is_caught(name: str) -> None:
    layer = TABLE[name]
    broken = replace(layer, earlier=tuple(replace(change, matters=lambda given: False) for change in layer.earlier))
    assert any(overlooked(broken, case) for case in different(random_case, broken, 2000))


@EACH
def test_nothing_but_facts_is_raised(layer: Layer) -> None:
    for case in different(extreme_case, layer, COUNT, SEED):
        with named(case, f"seed {SEED}: "):
            try:
                args = resolve(layer, case)
                result = layer.shape(args, *case.inputs)
            except ShapeError:
                continue
            first = result[0] if isinstance(result, list) else result
            assert all(isinstance(length, int) and length >= 0 for length in first)
            assert layer.parameters(args, *case.inputs) >= 0
            assert layer.macs(args, first, *case.inputs) >= 0
            if layer.code is not None:
                compile(layer.code(args, *(f"x{i}" for i in range(len(case.inputs)))), "code", "eval")


@EACH
def test_rules_survive_claims_that_are_wrong(layer: Layer) -> None:
    """The engine asks a rule for a shape after it found a claim to be wrong, so that it can go on."""
    unchecked = replace(layer, args=tuple(replace(arg, infer=None) for arg in layer.args))
    inferred = [arg.name for arg in layer.args if arg.infer is not None]
    chance = Random(SEED)
    for case in different(extreme_case, layer, COUNT, SEED) if inferred else ():
        number = chance.randint(1, 9)
        claims = {name: case.args.get(name, number) for name in inferred}
        with named(case, f"seed {SEED}: "), suppress(ShapeError):
            layer.shape(resolve(unchecked, Case(case.inputs, {**case.args, **claims})), *case.inputs)


# Where inputs differ as they are meant to: joined along an axis, states beside sequences, keys beside queries.
TAKE_UNEQUAL = {
    *(
        "bmm",
        "gather",
        "index_select",
        "concat",
        "Bilinear",
        "einsum",
        "MultiheadAttention",
        "scaled_dot_product_attention",
    ),
    *("RNN", "GRU", "LSTM", "RNNCell", "GRUCell", "LSTMCell"),
    *("Transformer", "TransformerDecoder", "TransformerDecoderLayer"),
}


def test_broadcasting_is_said_where_it_happens() -> None:
    """A record that broadcasts says so: the check for forgotten axes rests on it."""
    for layer in TABLE.values():
        for case in layer.right:
            unequal = any(x != y for x, y in pairwise(case.inputs))
            assert not unequal or layer.name in TAKE_UNEQUAL or layer.broadcasts or layer.unbatched
