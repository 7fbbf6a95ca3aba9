"""Losses that take several outputs: variances beside means, given pairs and triplets of a shared encoder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from netspec.core.diagnostics import Diagnostic
from netspec.language.spec import Spec
from netspec.trainer.train import Run
from netspec.training.plan import prepare
from tests.spec_cases import check_says

Make = Callable[..., Spec]
Start = Callable[..., Run]
Refused = Callable[..., list[Diagnostic]]
SPREAD = """netspec: 1
name: spread
input: [1]
layers:
  - {name: body, layers: [{Linear: 16}, Tanh]}
  - {name: mean, Linear: 1}
  - {name: wide, Linear: 1, from: body}
  - {name: variance, Softplus: {}}
outputs: [mean, variance]
data: {CSV: {path: rows.csv, target: y}, val: 0.25}
train:
  epochs: 25
  batch_size: 32
  loss: {mean: {GaussianNLLLoss: {}, var: variance}}
  optimizer: {Adam: {lr: 0.02}}
"""
PAIRS = """netspec: 1
name: pairs
inputs: {left: [2], right: [2]}
layers:
  - {name: near, from: left, layers: [{Linear: 8}, Tanh, {Linear: 3}]}
  - {name: far, share: near, from: right}
outputs: [near, far]
data:
  inline:
    x: {left: [[1, 2], [2, 1], [0, 1], [3, 3]], right: [[1, 2], [0, 1], [0, 1], [1, 3]]}
    y: [1, -1, 1, -1]
train: {epochs: 3, batch_size: 4, loss: {near: {CosineEmbeddingLoss: {}, input2: far}}, optimizer: {SGD: {lr: 0.1}}}
"""
TRIPLETS = """netspec: 1
name: triplets
inputs: {anchor: [2], alike: [2], other: [2]}
layers:
  - {name: a, from: anchor, layers: [{Linear: 8}, Tanh, {Linear: 3}]}
  - {name: b, share: a, from: alike}
  - {name: c, share: a, from: other}
outputs: [a, b, c]
data:
  inline: {x: {anchor: [[1, 2], [2, 1]], alike: [[1, 2.5], [2, 0]], other: [[2, 2], [1, 1]]}}
  target: input
train:
  epochs: 1
  batch_size: 2
  loss: {a: {TripletMarginLoss: {margin: 0.5}, positive: b, negative: c}}
  optimizer: {SGD: {lr: 0.0}}
"""


def test_the_variance_is_learned_where_it_differs(run: Start, tmp_path: Path) -> None:
    """Better than the best constant variance about the true mean, whose loss is ½ ln s² + ½."""
    random = torch.Generator().manual_seed(0)
    x = torch.rand(800, generator=random) * 2 - 1
    deviation = 0.05 + (x > 0).float()
    y = 3 * x + deviation * torch.randn(800, generator=random)
    lines = [f"{a:.5f},{b:.5f}" for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    (tmp_path / "rows.csv").write_text("x,y\n" + "\n".join(lines), encoding="utf-8")
    done = run(SPREAD)
    constant = 0.5 * ((y - 3 * x).square().mean().log() + 1).item()
    assert done.history[-1]["val_loss"] < constant - 0.5
    with torch.inference_mode():
        _, variances = done.model.eval()(torch.tensor([[-0.5], [0.5]]))
    assert variances[1] > 20 * variances[0]


def test_predict_gives_the_variance_in_the_unit_of_the_file(run: Start, tmp_path: Path, capsys: object) -> None:
    from netspec.inference.loaded_run import load_run

    rows = [f"2024-01-{day:02},{100 + 50 * (day % 3)}" for day in range(1, 31)]
    (tmp_path / "rows.csv").write_text("day,sold\n" + "\n".join(rows), encoding="utf-8")
    series = "{TimeSeries: {path: rows.csv, window: 3, time: day, normalize: zscore}}"
    done = run(
        SPREAD.replace("input: [1]", "input: [3]").replace("{CSV: {path: rows.csv, target: y}, val: 0.25}", series),
        "train.epochs=1",
    )
    loaded = load_run(done.folder)
    (found,) = loaded.predict(tmp_path / "rows.csv")
    last = torch.tensor([100.0 + 50 * (day % 3) for day in (28, 29, 30)])
    sold = torch.tensor([100.0 + 50 * (day % 3) for day in range(1, 31)])
    mean, deviation = sold.mean(), sold.std(correction=0)
    with torch.inference_mode():
        expected, variance = loaded.model()((last[None] - mean) / deviation)
    assert found.values == pytest.approx([(expected * deviation + mean).item()], rel=1e-5)
    assert found.further == (("variance", (pytest.approx((variance * deviation**2).item(), rel=1e-5),)),)
    assert json.loads(json.dumps(found.plain()))["outputs"] == {"variance": [pytest.approx(found.further[0][1][0])]}


def test_given_pairs_are_compared_by_torch(run: Start) -> None:
    done = run(PAIRS)
    model = done.model.eval()
    with torch.inference_mode():
        left = torch.tensor([[1.0, 2], [2, 1], [0, 1], [3, 3]])
        right = torch.tensor([[1.0, 2], [0, 1], [0, 1], [1, 3]])
        near, far = model(left, right)
        expected = nn.CosineEmbeddingLoss()(near, far, torch.tensor([1, -1, 1, -1]))
        assert torch.equal(far, model.near(right))  # one encoder
    again = run(PAIRS, "train.optimizer.SGD.lr=0.0", "train.weights=" + str(done.folder), out="again")
    assert again.history[-1]["train_loss"] == pytest.approx(expected.item(), rel=1e-4)


def test_given_triplets_need_no_targets(run: Start) -> None:
    done = run(TRIPLETS)
    a, b, c = (torch.tensor(rows) for rows in ([[1.0, 2], [2, 1]], [[1, 2.5], [2, 0]], [[2.0, 2], [1, 1]]))
    with torch.inference_mode():
        expected = nn.TripletMarginLoss(margin=0.5)(*done.model.eval()(a, b, c))
    assert done.history[-1]["train_loss"] == pytest.approx(expected.item(), rel=1e-5)


LOSS = "{near: {CosineEmbeddingLoss: {}, input2: far}}"


@pytest.mark.parametrize(
    ("text", "change", "code", "words"),
    [
        (PAIRS, ("", ""), "", ""),
        (TRIPLETS, ("", ""), "", ""),
        (SPREAD, ("", ""), "", ""),
        (PAIRS, ("input2: far", "input2: fra"), "NS617", "has no output 'fra'; did you mean far?"),
        (PAIRS, ("input2: far", "input2: near"), "NS617", "is another output than near itself"),
        (PAIRS, ("input2: far", "input2: [far]"), "NS617", "is the name of an output, not"),
        (PAIRS, ("input2: far", "inputs2: far"), "NS617", "no 'inputs2' beside it; did you mean input2?"),
        (PAIRS, ("CosineEmbeddingLoss: {}", "MSELoss: {}"), "NS617", "MSELoss has no 'input2' beside it"),
        (PAIRS, (LOSS, "CosineEmbeddingLoss"), "NS617", "CosineEmbeddingLoss takes them together"),
        (PAIRS, ("CosineEmbeddingLoss", "MarginRankingLoss"), "NS603", "compares one number a sample, near is 3"),
        (PAIRS, ("{SGD: {lr: 0.1}}", "SGD, metrics: recall_at_1"), "NS616", "recall_at_1 cannot be measured"),
        (PAIRS, ("from: right}", "from: right}\n  - {name: last, Linear: 4}"), "", ""),
        (PAIRS, ("input2: far", "input2: far, weight: -1"), "NS617", "weight of a loss is a number"),
        (TRIPLETS, (", negative: c", ""), "NS617", "TripletMarginLoss takes negative from another output"),
        (TRIPLETS, ("input", "input"), "", ""),
        (SPREAD, (", var: variance", ""), "NS617", "GaussianNLLLoss takes var from another output"),
        (SPREAD, ("wide, Linear: 1", "wide, Linear: 3"), "NS603", "mean is 1, variance is 3"),
        (SPREAD, ("Softplus", "Tanh"), "NS618", "the last layer of variance is Tanh"),
        (SPREAD, ("Softplus", "exp"), "", ""),
        (SPREAD, ("outputs: [mean, variance]", "outputs: [mean]"), "NS617", "no output 'variance'"),
    ],
)
def test_what_the_check_says(text: str, change: tuple[str, str], code: str, words: str) -> None:
    check_says(text.replace(*change) if change[0] else text, code, words)


def test_targets_of_pairs_are_1_or_minus_1(make: Make, refused: Refused) -> None:
    assert prepare(make(PAIRS.replace("y: [1, -1, 1, -1]", "y: [1, 0, 1, 0]"))).data_checks.train[0].tolist() == [
        *(1.0, -1.0, 1.0, -1.0)
    ]
    (found,) = refused(prepare, make(PAIRS.replace("y: [1, -1, 1, -1]", "y: [1, 2, 1, -1]")))
    assert "CosineEmbeddingLoss takes 1 or -1 (or 0) for each pair, and there is a target 2 in row 2" in found.message
