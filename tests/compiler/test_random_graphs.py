"""Random networks: netspec's verdict and shapes are those of torch by hand, and so are the compiled module's.

`make search` looks at more networks, other ones each time; the usual round is short and always the same.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import replace

import pytest
import torch
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

import netspec
from netspec.layers.table import TABLE
from tests.compiler.graphs import BATCH, Drawn, graphs, shapes
from tests.compiler.networks import outputs
from tests.layers import test_dtypes
from tests.rounds import left_out

LONG = int(os.environ.get("NETSPEC_GRAPHS", "0"))
SETTINGS = settings(
    derandomize=not LONG,
    database=None,
    deadline=None,
    max_examples=LONG or 40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
# Another number of axes, which torch would read without a batch; samples that are mixed. Modules of integers are
# refused too: they are there to be trained, and no gradient goes through integers.
STRICTER = {"NS403", "NS406"}


def disagreement(drawn: Drawn) -> str | None:
    """Where netspec and torch differ on a network."""
    spec = netspec.loads(drawn.text())
    report = netspec.check(spec)
    errors = [each for each in report.diagnostics if each.severity == "error"]
    if errors:
        first = errors[0]
        if first.layer == drawn.refused:
            return None
        unequal = first.code == "NS405" and "equally many axes" in first.message
        word = first.message.split()[0].rstrip(":")
        module = first.code == "NS408" and (
            word not in TABLE or not TABLE[word].is_function or word in test_dtypes.STRICTER
        )
        empty = first.code == "NS404" and any(0 in shape for shape, _ in drawn.shapes)  # some backends let it pass
        if (
            first.code in STRICTER or unequal or module or empty
        ):  # a module is trained, and through integers goes no gradient
            return None
        return f"netspec: {first.layer} {first.code} {first.message}; torch: {drawn.refused} {drawn.error}"
    if drawn.refused:
        return f"netspec accepts; torch: {drawn.refused} {drawn.error}"
    inferred = [(tensor.shape, tensor.dtype) for tensor in report.outputs.values() if tensor]
    if inferred != drawn.shapes:
        return f"netspec: {inferred}; torch: {drawn.shapes}"
    model = netspec.compile(spec, device="meta")
    compiled = shapes(outputs(model(torch.zeros(BATCH, *drawn.input, device="meta"))))
    return None if compiled == drawn.shapes else f"compiled: {compiled}; torch: {drawn.shapes}"


@SETTINGS
@given(graphs())
def test_same_verdict_and_shapes_as_torch_by_hand(drawn: Drawn) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = disagreement(drawn)
    assert found is None, f"{found}\n{drawn.text()}"


@pytest.mark.parametrize("name", ["Flatten", "add", *map(left_out, ("Conv2d", "Linear", "reshape"))])
def test_a_wrong_rule_would_be_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    layer = TABLE[name]

    def broken(*everything: object) -> tuple[int, ...]:
        first, *rest = layer.shape(*everything)  # type: ignore[misc]
        return (first + 1, *rest)  # type: ignore[operator,return-value]

    monkeypatch.setitem(TABLE, name, replace(layer, shape=broken))
    assert find(
        graphs(), lambda drawn: disagreement(drawn) is not None, settings=settings(SETTINGS, phases=[Phase.generate])
    )


def test_most_graphs_are_worth_looking_at() -> None:
    accepted: list[int] = []

    @settings(SETTINGS, max_examples=60)
    @given(st.data())
    def collect(data: st.DataObject) -> None:
        drawn = data.draw(graphs())
        accepted.append(0 if drawn.refused else len(drawn.items))

    collect()
    assert sum(count > 0 for count in accepted) > len(accepted) / 4
    assert max(accepted) > 4
