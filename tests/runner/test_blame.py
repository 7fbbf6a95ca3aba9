"""A run that is no longer finite says which layer was the first; which one that is, is known by how it is made bad."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from netspec.core.diagnostics import Diagnostic
from netspec.language.spec import Spec
from netspec.trainer.train import Run
from netspec.training.job import NotFiniteError
from netspec.training.plan import prepare
from netspec.training.setup import make_state
from netspec.training.step import require_finite

Make = Callable[..., Spec]
Start = Callable[..., Run]
Refused = Callable[..., list[Diagnostic]]

NET = """netspec: 1
input: [2]
layers:
{layers}
data:
  inline:
    x: [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [0.5, 0.5]]
    y: [1.0, 2.0, 3.0, 4.0]
train: {{epochs: 20, batch_size: 2, loss: MSELoss, optimizer: {{SGD: {{lr: {lr}}}}}}}
"""
LINES = ["  - {name: first, Linear: 4}", "  - {name: second, Linear: 4}", "  - {name: third, Linear: 1}"]


def net(lr: float, **changed: str) -> str:
    lines = [changed.get(name, line) for name, line in zip(("first", "second", "third"), LINES, strict=True)]
    return NET.format(layers="\n".join(lines), lr=lr)


def first(found: Diagnostic) -> str:
    notes = {note.label: note.text for note in found.notes}
    assert "the state" in notes["kept"]
    return notes["first"]


def test_a_rate_that_is_too_large(run: Start, refused: Refused) -> None:
    (found,) = refused(run, net(1e20))
    assert found.code == "NS609"
    assert "learning rate 1e+20" in found.message
    assert "(epoch 1, step" in first(found)
    assert "no longer finite: epoch 1, step" in found.message


def test_a_layer_that_goes_bad_in_the_seventh_step(
    run: Start, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, plain, sums = net(0.01, second="  - {name: second, Tanh: }"), torch.nn.Tanh.forward, list[float]()

    def noted(self: torch.nn.Tanh, x: torch.Tensor) -> torch.Tensor:
        if self.training:
            sums.append(float(x.detach().sum()))
        return plain(self, x)

    with monkeypatch.context() as patch:
        patch.setattr(torch.nn.Tanh, "forward", noted)
        run(text, "train.epochs=5", out="whole")
    _, *steps = sums  # the trial's comes first

    def breaks(self: torch.nn.Tanh, x: torch.Tensor) -> torch.Tensor:
        return plain(self, x) / (0.0 if float(x.detach().sum()) == steps[6] else 1.0)

    monkeypatch.setattr(torch.nn.Tanh, "forward", breaks)
    (found,) = refused(run, text, out="broken")
    assert "no longer finite: epoch 4, step 1, learning rate 0.01" in found.message
    assert first(found).startswith("second (Tanh) at ")
    assert first(found).endswith(":5:20 gave what is not finite (epoch 4, step 1, learning rate 0.01)")


def test_a_function_is_named_by_its_own_line(run: Start, refused: Refused) -> None:
    (found,) = refused(run, net(0.1, second="  - {name: low, log: }"))
    assert first(found).startswith("low (log) at ")
    assert ":5:17 gave what is not finite (epoch 1, step 1" in first(found)


def test_a_gradient_that_is_infinite_where_the_loss_is_not(run: Start, refused: Refused) -> None:
    text = net(0.1, second="  - Sigmoid\n  - Dropout: 0.5\n  - sqrt")  # whose slope at 0 is infinite
    (found,) = refused(run, text)
    assert first(found).startswith("first (Linear) at ")
    assert "got a gradient that is not finite (epoch 1, step 1" in first(found)


def test_a_sample_that_is_no_number(run: Start, refused: Refused) -> None:
    found, *_ = refused(run, net(0.1).replace("[5.0, 6.0]", "[5.0, .inf]"))
    assert found.code in ("NS601", "NS609")
    assert found.code == "NS601" or first(found).startswith("a sample is not finite")


def test_weights_that_are_not_finite_are_not_stored(make: Make) -> None:
    _, state = make_state(prepare(make(net(0.1)), "cpu"))
    state.step = 1
    require_finite(state)
    with torch.no_grad():
        state.model.get_parameter("second.bias")[1] = float("inf")
    with pytest.raises(NotFiniteError, match="the weights are no longer finite: epoch 1, step 1"):
        require_finite(state)
