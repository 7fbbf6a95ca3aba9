"""Whatever a check calls right compiles, and its forward on meta gives the proved shapes for all batches and modes.

`make splices` asks the same of changed specs of the repository.
"""

from __future__ import annotations

import os
from random import Random

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

import netspec
from netspec.expansion.scope import ScopeBuilder
from tests.compiler.networks import outputs
from tests.compiler.proved import differs, disproved, one_value
from tests.compiler.wiring import SHAPE, network
from tests.spec_cases import RIGHT, ROOT, name_of, sweep

LONG = int(os.environ.get("NETSPEC_GRAPHS", "0"))
SETTINGS = settings(
    derandomize=not LONG,
    database=None,
    deadline=None,
    max_examples=LONG or 30,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
INPUTS = "netspec: 1\ninputs: {a: [4], b: [4]}\nlayers:\n"


def fault_of(text: str) -> str | None:
    """What is wrong with a network that is right by construction; None where nothing is."""
    report = netspec.check(netspec.loads(text))
    wrong = [f"{each.span} {each.code} {each.message}" for each in report.diagnostics if each.severity == "error"]
    shapes = {tensor and tensor.shape for tensor in report.outputs.values()}
    if wrong or shapes != {tuple(SHAPE)}:
        return f"{wrong}, {shapes}"
    return disproved(text)


@SETTINGS
@given(st.randoms(use_true_random=False))
def test_a_wired_network_compiles_to_what_is_proved(chance: Random) -> None:
    text = network(chance)
    assert fault_of(text) is None, text


@pytest.mark.parametrize("path", sweep(RIGHT, 4), ids=name_of)
def test_the_right_specs_compile_to_what_is_proved(path: object) -> None:
    spec = netspec.load(str(path))
    report = netspec.check(spec)
    assert differs(report, netspec.compile(spec, device="meta")) is None


def test_a_forward_takes_the_inputs_that_no_layer_takes() -> None:
    text = INPUTS + "  - {when: false, add: {}, from: [a, b]}\n  - {name: c, Linear: 3, from: a}\n"
    model = netspec.compile(netspec.loads(text))
    (found,) = outputs(model(torch.zeros(2, 4), torch.zeros(2, 4)))
    assert found.shape == (2, 3)


def test_a_batch_of_one_value_is_the_only_one_left_out() -> None:
    report = netspec.check(netspec.loads("netspec: 1\ninput: [4, 1, 1]\nlayers: [BatchNorm2d, Flatten]\n"))
    assert one_value(report, 1)
    assert not one_value(report, 2)
    norm = nn.BatchNorm2d(4)
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        norm(torch.zeros(1, 4, 1, 1))


# -- that these can fail ----------------------------------------------------------------------------------------------


def test_too_few_inputs_would_show(monkeypatch: pytest.MonkeyPatch) -> None:
    finish = ScopeBuilder.finish

    def chained(self: ScopeBuilder, *results: object) -> object:
        self.inputs = dict([*self.inputs.items()][:1]) if not self.path else self.inputs
        return finish(self, *results)  # type: ignore[arg-type]

    text = INPUTS + "  - {name: c, Linear: 3, from: a}\n"
    assert disproved(text) is None
    monkeypatch.setattr(ScopeBuilder, "finish", chained)
    text += "  - ReLU\n"  # another text, which is not compiled yet
    assert "takes 2 positional arguments" in str(disproved(text))


@pytest.mark.parametrize("wrong", [(5,), (2, 2)])
def test_another_shape_would_show(wrong: tuple[int, ...]) -> None:
    class Wrong(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.new_zeros(x.shape[0], *wrong)

    report = netspec.check(netspec.loads("netspec: 1\ninput: [4]\nlayers: [Linear: 4]\n"))
    assert "proved" in str(differs(report, Wrong()))


def test_a_mode_that_fails_would_show() -> None:
    class Untrainable(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if self.training:
                raise RuntimeError("only in eval mode")
            return x

    report = netspec.check(netspec.loads("netspec: 1\ninput: [4]\nlayers: [ReLU]\n"))
    assert "train: RuntimeError: only in eval mode" in str(differs(report, Untrainable()))


def test_an_order_is_that_of_the_state_dict() -> None:
    keys = [*netspec.compile(netspec.load(ROOT / "tests/specs/ok/order.yaml")).state_dict()]
    merging = ["merging.reduction.weight", "merging.norm.weight", "merging.norm.bias"]
    assert keys[:6] == ["bias", "scale", "last.weight", "last.bias", *merging[:2]]
    assert keys[-4:] == ["group.2.weight", "group.2.bias", "group.0.weight", "group.0.bias"]


def test_steps_that_take_all_before_them_are_quick() -> None:
    """The widths of what enters each block are worked out once, not once for each way that leads to them."""
    layers = ["  - {name: b0, Block: {}, from: [input, input]}"]
    for index in range(1, 40):
        layers.append(
            f"  - {{name: b{index}, Block: {{}}, from: [input, {', '.join(f'b{at}' for at in range(index))}]}}"
        )
    block = "blocks: {Block: {layers: [{concat: {}, from: [input.0, input.1]}, {Linear: 2}]}}\n"
    text = f"netspec: 1\ninput: [4]\n{block}layers:\n" + "\n".join(layers) + "\n"
    assert "class Block" in netspec.to_python(netspec.loads(text))
