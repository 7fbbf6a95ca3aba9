"""--dry-run, --overfit and --find-rate: they say what a run would do, and write nothing."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, log
from pathlib import Path

import pytest
import torch
from torch import nn

from netspec.core.diagnostics import Diagnostic
from netspec.language.spec import Spec
from netspec.trainer.train import Run
from netspec.training.plan import prepare
from netspec.training.rate_finder import find_rate, smoothed, steepest
from netspec.training.trial_runs import dry_run, overfit
from tests.cli.commands import netspec as command

Make = Callable[..., Spec]
Start = Callable[..., Run]
Refused = Callable[..., list[Diagnostic]]

IRIS = """netspec: 1
input: [4]
layers: [{Linear: 8}, ReLU, {Dropout: 0.5}, {Linear: 3}]
data: {sklearn: iris, val: 0.2}
train:
  epochs: 3
  batch_size: 16
  loss: CrossEntropyLoss
  optimizer: {SGD: {lr: 0.1}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "net.yaml").write_text(IRIS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_dry_run_is_the_runs_first_step(run: Start, make: Make) -> None:
    dry = dry_run(make(IRIS), "cpu")
    ours = run(IRIS, "train.steps=1")
    assert dry.row["train_loss"] == ours.history[0]["train_loss"]
    assert (dry.steps, dry.epochs, dry.parameters) == (8, 3, 4 * 8 + 8 + 8 * 3 + 3)
    assert {"train_loss", "val_loss", "val_accuracy"} == dry.row.keys()


def test_overfitting_takes_the_same_batch_each_step(make: Make) -> None:
    spec = make(IRIS.replace("{Dropout: 0.5}, ", ""))
    done = overfit(spec, "cpu", 5)
    plan = prepare(spec, "cpu")
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, fused=True)
    batch = torch.randperm(120, generator=torch.Generator().manual_seed(0))[:16]
    losses = []
    for _ in range(5):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(plan.data.train.inputs[0][batch]), plan.data_checks.train[0][batch])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert done.losses == pytest.approx(losses)
    assert (done.samples, done.learned) == (16, False)


def test_a_batch_is_learned_with_dropout_and_mixing_off(make: Make) -> None:
    done = overfit(make(IRIS, "train.optimizer={Adam: {lr: 0.05}}"), "cpu")
    assert done.learned
    assert len(done.losses) < 500


def test_a_network_that_learns_nothing_is_told(make: Make) -> None:
    done = overfit(make(IRIS, "train.freeze='*.weight'", "train.optimizer={SGD: {lr: 0.0}}"), "cpu", 7)
    assert not done.learned
    assert len(set(done.losses)) == 1
    assert len(done.losses) == 7


def test_the_smoothed_loss_of_a_constant_is_that_constant() -> None:
    assert smoothed([3.0] * 5) == pytest.approx([3.0] * 5)
    assert smoothed([1.0, 2.0])[1] == pytest.approx((0.09 + 0.2) / 0.19)  # Kingma and Ba's correction of the bias


def test_the_steepest_place_of_a_known_curve() -> None:
    rates = [10 ** (-5 + index / 20) for index in range(101)]
    losses = [1 / (1 + exp(4 * (log(rate) - log(1e-3)))) for rate in rates]  # falls fastest in the middle, at 1e-3
    assert steepest(rates, [*losses]) == pytest.approx(1e-3)
    assert steepest([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0]) is None


def test_the_rates_grow_by_the_same_factor_until_the_loss_is_bad(make: Make) -> None:
    text = IRIS.replace("{Dropout: 0.5}, {Linear: 3}", "{Linear: 1}").replace("[4]", "[10]")
    spec = make(text.replace("iris, val: 0.2", "diabetes"), "train.loss=MSELoss")
    found = find_rate(spec)
    factors = [later / rate for rate, later in zip(found.rates, found.rates[1:], strict=False)]
    assert factors == pytest.approx([(10 / 1e-7) ** (1 / 99)] * len(factors))
    assert found.rates[0] == 1e-7
    assert len(found.rates) < 100  # it diverged before
    assert found.rate is not None
    assert found.rates[found.losses.index(min(found.losses))] > found.rate


def test_the_commands_write_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = command("train", "net.yaml", "--dry-run", capsys=capsys)
    assert done.code == 0
    assert "3 epochs of 8 steps; nothing was written" in done.out
    done = command("train", "net.yaml", "--overfit=3", capsys=capsys)
    assert (done.code, "is not learned" in done.out) == (1, True)
    done = command("train", "net.yaml", "--set", "train.optimizer={Adam: {lr: 0.05}}", "--overfit", capsys=capsys)
    assert (done.code, "is learned" in done.out) == (0, True)
    done = command("train", "net.yaml", "--find-rate", capsys=capsys)
    assert (done.code, "falls fastest at" in done.out) == (0, True)
    assert [path.name for path in folder.iterdir()] == ["net.yaml"]


@pytest.mark.usefixtures("real_pictures")
def test_the_curve_of_rates_as_a_picture(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("train", "net.yaml", "--find-rate", "--out", "rates.png", capsys=capsys).code == 0
    assert (folder / "rates.png").read_bytes().startswith(b"\x89PNG")
    done = command("train", "net.yaml", "--find-rate", "--out", "none/rates.png", capsys=capsys)
    assert (done.code, "NS607" in done.err) == (1, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--overfit", "net.yaml"),
        ("net.yaml", "--dry-run", "--find-rate"),
        ("net.yaml", "--dry-run", "--out", "a"),
        ("--resume", "a", "--overfit"),
        ("net.yaml", "--overfit=0"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = command("train", *arguments, capsys=capsys)
    assert done.code == 2
    assert "Traceback" not in done.err


@pytest.mark.parametrize("option", ["--dry-run", "--overfit", "--find-rate"])
def test_errors_are_shown_at_their_place(option: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = command("train", "net.yaml", "--set", "train.optimizer={SGD: {lr: nan}}", option, capsys=capsys)
    assert (done.code, "error[NS6" in done.err) == (1, True)
