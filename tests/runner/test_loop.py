"""The loop against loops written by hand in the test."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable

import pytest
import torch
from torch import nn

from netspec.compiler.module import compile_spec
from netspec.core.diagnostics import Diagnostic
from netspec.language.sections.class_families import OPTIMIZER
from netspec.language.sections.torch_classes import classes_of
from netspec.language.spec import Spec
from netspec.trainer.train import Run
from netspec.training.evaluation import is_better
from netspec.training.plan import prepare
from netspec.training.setup import make_state

Make = Callable[..., Spec]
Start = Callable[..., Run]

ROWS = [[0.1, 0.2, 0.3], [1.0, -0.5, 0.0], [0.4, 0.9, -1.2], [-0.3, 0.7, 0.5], [0.2, 0.2, 0.8], [-1.0, 0.1, 0.6]]
X = torch.tensor([*ROWS, [0.5, 0.5, 0.5]])
Y = torch.tensor([0.6, 0.5, 0.1, 0.9, 1.2, -0.3, 1.5])[:, None]


def by_hand(epochs: int, **options: object) -> tuple[nn.Module, list[float]]:
    """The table's network trained the way a person would write it; the mean loss of each epoch over its samples."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, **options)  # type: ignore[arg-type]
    means = []
    for epoch in range(epochs):
        total = 0.0
        for index in torch.randperm(7, generator=torch.Generator().manual_seed(epoch)).split(3):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(X[index]), Y[index])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(index)
        means.append(total / 7)
    return model, means


def weights(model: nn.Module) -> list[torch.Tensor]:
    return list(model.state_dict().values())


def test_the_runner_ends_with_the_weights_of_a_loop_by_hand_bit_for_bit(run: Start, table: str) -> None:
    ours = run(table)
    model, means = by_hand(3, fused=True)
    assert all(torch.equal(a, b) for a, b in zip(weights(ours.model), weights(model), strict=True))
    assert [row["train_loss"] for row in ours.history] == pytest.approx(means, rel=1e-6)


def test_the_fused_step_is_the_plain_step_to_rounding(run: Start, table: str) -> None:
    ours = run(table)
    model, _ = by_hand(3)
    for a, b in zip(weights(ours.model), weights(model), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-7)


def test_the_metrics_are_those_of_the_trained_model(run: Start, table: str) -> None:
    from sklearn.metrics import r2_score

    ours = run(table)
    with torch.no_grad():
        expected = r2_score(Y, ours.model(X))
    assert ours.history[-1]["train_r2"] == pytest.approx(expected, rel=1e-5)


def test_gradients_are_clipped(run: Start, table: str) -> None:
    ours = run(table, "train.clip_grad_norm=1e-9", "train.epochs=1", "train.optimizer={SGD: {lr: 1.0}}")
    torch.manual_seed(0)
    start = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))
    moved = sum((a - b).square().sum() for a, b in zip(weights(ours.model), weights(start), strict=True))
    assert math.sqrt(float(moved)) < 1e-7


@pytest.mark.parametrize("name", sorted(set(classes_of(OPTIMIZER)) - {"Muon"}))
def test_every_optimizer_trains(name: str, run: Start, table: str) -> None:
    size = 7 if name == "LBFGS" else 3  # its line of steps is for whole sets
    ours = run(table, f"train.optimizer={{{name}: }}", "train.epochs=4", f"train.batch_size={size}")
    assert len(ours.history) == 4
    assert ours.history[-1]["train_loss"] < ours.history[0]["train_loss"] + 1e-3


@pytest.mark.parametrize("name", [name for name in ("Muon",) if hasattr(torch.optim, name)])
def test_optimizers_for_other_weights_are_refused_in_torchs_words(
    name: str, make: Make, table: str, refused: Callable[..., list[Diagnostic]]
) -> None:
    spec = make(table, f"train.optimizer={{{name}: }}")
    (found,) = refused(lambda: make_state(prepare(spec, "cpu")))
    assert found.code == "NS605"
    assert found.notes[0].label == "torch"


@pytest.mark.parametrize(
    ("scheduler", "rates"),
    [
        ("{StepLR: {step_size: 2, gamma: 0.1}}", [0.05, 0.05, 0.005, 0.005]),
        ("{ExponentialLR: 0.5}", [0.05, 0.025, 0.0125, 0.00625]),
        ("{MultiStepLR: {milestones: [1, 3], gamma: 0.1}}", [0.05, 0.005, 0.005, 0.0005]),
        (
            "{ReduceLROnPlateau: {patience: 0, threshold: 1e9}}",
            [0.05, 0.005, 0.0005, 0.00005],
        ),  # no loss is ever that much better
    ],
)
def test_schedulers_step_once_an_epoch(scheduler: str, rates: list[float], run: Start, table: str) -> None:
    ours = run(table, f"train.scheduler={scheduler}", "train.epochs=4")
    assert [row["lr"] for row in ours.history] == pytest.approx(rates)


def test_one_cycle_steps_once_a_batch_over_the_whole_run(make: Make, run: Start, table: str) -> None:
    ours = run(table, "train.scheduler={OneCycleLR: 0.1}", "train.epochs=4")
    parameter = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([parameter], lr=0.05, momentum=0.9)
    reference = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=12)
    rates = []
    for step in range(11):
        optimizer.step()
        reference.step()
        if step in (2, 5, 8):
            rates.append(optimizer.param_groups[0]["lr"])
    assert [row["lr"] for row in ours.history[:3]] == pytest.approx(rates)


def test_a_last_batch_of_one_is_left_out_where_a_batch_norm_needs_two(run: Start, table: str) -> None:
    ours = run(table.replace("Tanh", "BatchNorm1d"))
    assert len(ours.history) == 3


def test_early_stopping(run: Start, table: str) -> None:
    ours = run(table, "train.early_stopping=2", "train.epochs=50", "train.optimizer={SGD: {lr: 0.0}}")
    assert ours.status == "stopped early"
    assert ours.best is not None
    assert len(ours.history) == ours.best["epoch"] + 2 < 50


def test_the_best_epoch() -> None:
    row = {"epoch": 1, "train_loss": 1.0, "val_loss": 2.0, "val_accuracy": 0.5}
    assert is_better(row, None)
    assert is_better({**row, "val_accuracy": 0.6, "val_loss": 9.0}, row)
    assert is_better({**row, "val_loss": 1.0}, row)
    assert not is_better({**row, "train_loss": 0.1}, row)
    assert is_better({"epoch": 2, "train_loss": 0.5}, {"epoch": 1, "train_loss": 0.6})


def test_augmentation_is_for_training_only(run: Start, make: Make) -> None:
    text = """netspec: 1
input: [1, 8, 8]
layers: [Flatten, {Linear: 10}]
data: {sklearn: digits, val: 0.5, augment: [{RandomCrop: {size: 8, padding: 2}}]}
train: {loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.1}}, epochs: 1}
"""
    ours = run(text)
    again = prepare(make(text), "cpu")
    assert again.data.val is not None
    with torch.no_grad():
        share = (ours.model(again.data.val.inputs[0]).argmax(1) == again.data.val.targets[0]).float().mean().item()
    assert ours.history[0]["val_accuracy"] == pytest.approx(share, abs=1e-6)


def test_a_loss_that_is_not_finite_ends_the_run_and_keeps_what_was_good(
    run: Start, table: str, refused: Callable[..., list[Diagnostic]], make: Make
) -> None:
    from safetensors.torch import load_file

    whole = run(table, out="whole")
    text = table.replace("lr: 0.05, momentum: 0.9", "lr: 1e30")
    (found,) = refused(run, text, out="broken")
    assert found.code == "NS609"
    assert "epoch 1, step" in found.message
    folder = whole.folder.parent / "broken"
    kept = load_file(folder / "last.safetensors")
    torch.manual_seed(0)
    start = compile_spec(make(text)).state_dict()
    assert all(torch.equal(kept[name], start[name]) for name in start)
    assert json.loads((folder / "run.json").read_text())["status"] == "failed"


def test_what_is_kept_of_a_run_that_diverged_is_its_last_good_epoch(
    run: Start, table: str, refused: Callable[..., list[Diagnostic]]
) -> None:
    from safetensors.torch import load_file

    text = table.replace("lr: 0.05, momentum: 0.9", "lr: 4.0").replace("epochs: 3", "epochs: 500")
    (found,) = refused(run, text, out="broken")
    epochs = int(re.findall(r"after (\d+) epoch", {note.label: note.text for note in found.notes}["kept"])[0])
    assert epochs > 1
    good = run(text, f"train.epochs={epochs}", out="good").folder
    broken = good.parent / "broken"
    rows = [json.loads(line) for line in (broken / "metrics.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in rows] == list(range(1, epochs + 1))
    assert rows[-1]["train_loss"] == json.loads((good / "metrics.jsonl").read_text().splitlines()[-1])["train_loss"]
    assert torch.load(broken / "last.ckpt", weights_only=True)["epoch"] == epochs
    kept, expected = load_file(broken / "last.safetensors"), load_file(good / "last.safetensors")
    assert all(torch.equal(kept[name], expected[name]) for name in expected)


EMBEDDING = """netspec: 1
input: {{shape: [2], dtype: int64}}
layers: [{{Embedding: {{num_embeddings: 3, embedding_dim: 4}}}}, Flatten, {{Linear: 2}}]
data: {{inline: {{x: {x}, y: [0, 1, 1]}}}}
train: {{loss: CrossEntropyLoss, optimizer: SGD, epochs: 1}}
"""


def test_whole_numbers_go_into_an_embedding(run: Start, refused: Callable[..., list[Diagnostic]]) -> None:
    assert len(run(EMBEDDING.format(x="[[0, 1], [2, 2], [1, 0]]"), out="a").history) == 1
    (found,) = refused(run, EMBEDDING.format(x="[[0, 1], [2, 2], [1, 0.5]]"), out="b")
    assert (found.code, "fractions" in found.message) == ("NS602", True)
    (found,) = refused(run, EMBEDDING.format(x="[[0, 1], [2, 2], [1, 3]]"), out="c")
    assert (found.code, "3 in row 3" in found.message) == ("NS602", True)
