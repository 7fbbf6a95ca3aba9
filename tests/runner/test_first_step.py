"""The trial of the first step: it changes nothing, and what torch refuses is known before a run begins."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from netspec.core.diagnostics import Diagnostic
from netspec.language.spec import Spec
from netspec.runtime.randomness import random_state
from netspec.trainer.train import Run
from netspec.training import setup
from netspec.training.plan import prepare
from netspec.training.setup import make_state, prepare_training, try_first_step

Make = Callable[..., Spec]
Start = Callable[..., Run]
Refused = Callable[..., list[Diagnostic]]

RANDOM = """netspec: 1
input: [3, 8, 8]
layers: [{Conv2d: {out_channels: 4, kernel_size: 3}}, BatchNorm2d, ReLU, {Dropout: 0.3}, Flatten, {Linear: 4}]
data:
  FakeData: {size: 20, image_size: [3, 8, 8], num_classes: 4}
  augment: [{RandomCrop: {size: 8, padding: 1}}]
train: {epochs: 2, batch_size: 8, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.1}}}
"""


def test_the_trial_changes_nothing(make: Make) -> None:
    plan = prepare(make(RANDOM), "cpu")
    job, state = make_state(plan)
    before = {name: value.clone() for name, value in state.model.state_dict().items()}
    generators = random_state()
    try_first_step(plan, job, state)
    assert all(torch.equal(value, before[name]) for name, value in state.model.state_dict().items())
    assert all(parameter.grad is None for parameter in state.model.parameters())
    after = random_state()
    assert torch.equal(after["torch"], generators["torch"])
    assert after["python"] == generators["python"]
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in state.model.modules())


def test_a_run_with_the_trial_ends_like_one_without(run: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = run(RANDOM, out="tried")
    monkeypatch.setattr(setup, "try_first_step", lambda *args: None)
    bare = run(RANDOM, out="bare")
    pairs = zip(tried.model.state_dict().values(), bare.model.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


NORM = """netspec: 1
input: [4]
layers: [{{Linear: 8}}, {{name: norm, BatchNorm1d: }}, {{Linear: 3}}]
data: {data}
train: {{batch_size: {size}, loss: CrossEntropyLoss, optimizer: SGD}}
"""


@pytest.mark.parametrize(
    ("data", "size", "code", "line", "column"),
    [("{sklearn: iris}", 1, "NS613", 5, 21), ("{inline: {x: [[1, 2, 3, 4]], y: [0]}}", 64, "NS613", 4, 8)],
)
def test_a_batch_of_one_does_not_suit_a_batch_norm(
    data: str, size: int, code: str, line: int, column: int, run: Start, refused: Refused, tmp_path: Path
) -> None:
    (found,) = refused(run, NORM.format(data=data, size=size))
    assert (found.code, found.span.line, found.span.column) == (code, line, column)
    assert "BatchNorm1d" in found.message
    assert [path.name for path in tmp_path.iterdir()] == ["net.yaml"]


@pytest.mark.parametrize(
    ("layers", "line", "said"),
    [
        ("[{name: a, Linear: 4}, {Linear: 3}]", 3, "a (Linear)"),
        ("[{name: b, layers: [{name: deep, Linear: 4}]}, {Linear: 3}]", 3, "b.deep (Linear)"),
    ],
)
def test_what_torch_refuses_is_said_at_the_layer(
    layers: str, line: int, said: str, make: Make, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = itertools.count()

    def broken(self: torch.nn.Linear, x: torch.Tensor) -> torch.Tensor:
        raise RuntimeError(f"torch does not like it {next(calls)}")

    spec = make(
        NORM.format(data="{sklearn: iris}", size=8).replace(
            "[{Linear: 8}, {name: norm, BatchNorm1d: }, {Linear: 3}]", layers
        )
    )
    monkeypatch.setattr(torch.nn.Linear, "forward", broken)
    (found,) = refused(prepare_training, spec, "cpu")
    assert (found.code, found.span.line) == ("NS609", line)
    assert said in found.message
    assert found.notes[0].text == "torch does not like it 0"
