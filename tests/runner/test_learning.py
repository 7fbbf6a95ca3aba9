"""The keys that say how a network learns, against torch's own classes and loops by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch import nn
from torch.optim.lr_scheduler import ChainedScheduler, CosineAnnealingLR, LinearLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torchvision.transforms import v2

from netspec.checkpoint.checkpoint import load_checkpoint_weights
from netspec.core.diagnostics import Diagnostic
from netspec.data.batches import Batch
from netspec.inference.loaded_run import load_run
from netspec.language.spec import Spec
from netspec.reports.progress import Silent
from netspec.trainer.resume import spec_to_resume
from netspec.trainer.train import Run, train
from netspec.training.evaluation import epochs_since_best, is_better
from netspec.training.plan import prepare
from netspec.training.setup import make_state
from netspec.training.step import take_step

Make = Callable[..., Spec]
Start = Callable[..., Run]
Refused = Callable[..., list[Diagnostic]]

IRIS = """netspec: 1
input: [4]
layers: [{Linear: 8}, BatchNorm1d, ReLU, {Linear: 3}]
data: {sklearn: iris, val: 0.2}
train:
  epochs: 4
  batch_size: 16
  loss: CrossEntropyLoss
  optimizer: {SGD: {lr: 0.1, momentum: 0.9}}
"""
DIGITS = """netspec: 1
input: [1, 8, 8]
layers: [{Conv2d: {out_channels: 4, kernel_size: 3}}, ReLU, Flatten, {Linear: 10}]
data: {sklearn: digits, val: 0.5}
train: {epochs: 1, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.1}}}
"""


def same(a: nn.Module, b: nn.Module) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


def rates(spec: Spec) -> list[float]:
    """The learning rate of every step of a run."""
    job, state = make_state(prepare(spec, "cpu"))
    seen: list[float] = []
    state.optimizer.register_step_pre_hook(lambda optimizer, *_: seen.append(optimizer.param_groups[0]["lr"]))
    while state.epoch < job.epochs:
        order = torch.arange(len(job.train))
        for batch in job.train.batches(order[: job.steps_in(state.epoch) * job.batch_size], job.batch_size):
            take_step(job, state, batch)
            if state.scheduler is not None and job.step_scheduler == "batch":
                state.scheduler.step()
            state.step += 1
        if state.scheduler is not None and job.step_scheduler == "epoch":
            state.scheduler.step()
        state.epoch, state.step = state.epoch + 1, 0
    return seen


def reference(make: Callable[[torch.optim.Optimizer], Any], steps: int) -> list[float]:
    """The rates that a scheduler of torch gives, stepping after each batch."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    scheduler, seen = make(optimizer), []
    for _ in range(steps):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return seen


def test_steps_end_a_run_in_the_middle_of_an_epoch(run: Start) -> None:
    ours = run(IRIS.replace("epochs: 4", "steps: 21"))  # 120 samples are 8 steps
    assert [row["epoch"] for row in ours.history] == [1, 2, 3]
    assert ours.status == "finished"
    content = torch.load(ours.folder / "last.ckpt", weights_only=True)
    assert (content["epoch"], content["step"]) == (2, 5)


def test_of_epochs_and_steps_the_first_to_come_ends_the_run(run: Start) -> None:
    assert len(run(IRIS, "train.steps=9", out="a").history) == 2
    assert len(run(IRIS, "train.steps=900", out="b").history) == 4


def test_more_steps_go_on_in_the_epoch_and_end_as_the_run_that_had_them_at_once(run: Start) -> None:
    text = IRIS.replace("epochs: 4", "steps: 21") + "  scheduler: {ExponentialLR: 0.9}\n"
    whole = run(text, "train.steps=30", out="whole")
    short = run(text, out="short")
    longer = train(spec_to_resume(short.folder, None, ("train.steps=30",)), resume=short.folder, progress=Silent())
    assert same(whole.model, longer.model)
    rows = [json.loads(line) for line in (longer.folder / "metrics.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4]
    assert [row["val_loss"] for row in rows] == [row["val_loss"] for row in whole.history]


def test_warmup_is_torchs_linear_lr(make: Make) -> None:
    ours = rates(make(IRIS, "train.warmup={steps: 11, from: 0.2}"))
    assert ours == pytest.approx(reference(lambda o: LinearLR(o, start_factor=0.2, total_iters=11), 32))
    assert rates(make(IRIS, "train.warmup={epochs: 2, from: 0.2}"))[:17] == pytest.approx(
        reference(lambda o: LinearLR(o, start_factor=0.2, total_iters=16), 17)
    )


def test_warmup_multiplies_what_the_scheduler_says(make: Make) -> None:
    text = IRIS + "  scheduler: CosineAnnealingLR\n  scheduler_step: batch\n  warmup: {steps: 6, from: 0.5}\n"

    def both(optimizer: torch.optim.Optimizer) -> ChainedScheduler:
        return ChainedScheduler([LinearLR(optimizer, 0.5, total_iters=6), CosineAnnealingLR(optimizer, T_max=32)])

    assert rates(make(text)) == pytest.approx(reference(both, 32))


@pytest.mark.parametrize("scheduler", ["{ReduceLROnPlateau: {patience: 0, threshold: 1e9}}", "{ExponentialLR: 0.5}"])
def test_warmup_goes_with_schedulers_that_look_at_the_last_rate(scheduler: str, run: Start) -> None:
    factors = [1.0, 0.5, 0.25] if "Exp" in scheduler else [1.0, 0.1, 0.01]  # at the end of each epoch
    ours = run(IRIS, f"train.scheduler={scheduler}", "train.warmup={epochs: 2, from: 0.01}", "train.epochs=3")
    expected = [0.1 * factor * warm for factor, warm in zip(factors, [0.01 + 0.99 / 2, 1.0, 1.0], strict=True)]
    assert [row["lr"] for row in ours.history] == pytest.approx(expected)


def test_cosine_annealing_takes_the_length_of_the_run(make: Make) -> None:
    for step, turns in (("epoch", 4), ("batch", 32)):
        _, state = make_state(
            prepare(make(IRIS, "train.scheduler=CosineAnnealingLR", f"train.scheduler_step={step}"), "cpu")
        )
        assert state.scheduler is not None
        assert state.scheduler.T_max == turns


def test_gradients_are_cut(run: Start, make: Make) -> None:
    ours = run(IRIS, "train.clip_grad_value=1e-6", "train.steps=1", "train.optimizer={SGD: {lr: 1.0}}")
    _, state = make_state(prepare(make(IRIS), "cpu"))
    moved = [(a - b).abs().max() for a, b in zip(ours.model.parameters(), state.model.parameters(), strict=True)]
    assert 0 < max(moved) <= 1.1e-6


def test_the_average_is_torchs(run: Start, make: Make) -> None:
    ours = run(IRIS, "train.ema=0.9")
    plan = prepare(make(IRIS), "cpu")
    _, state = make_state(plan)
    average = AveragedModel(state.model, multi_avg_fn=get_ema_multi_avg_fn(0.9), use_buffers=True)
    for epoch in range(4):
        state.model.train()
        for index in torch.randperm(120, generator=torch.Generator().manual_seed(epoch)).split(16):
            state.optimizer.zero_grad()
            loss = nn.functional.cross_entropy(
                state.model(plan.data.train.inputs[0][index]), plan.data_checks.train[0][index]
            )
            loss.backward()
            state.optimizer.step()
            average.update_parameters(state.model)
    assert same(ours.model, average.module)
    assert plan.data.val is not None
    assert plan.data_checks.val is not None
    average.module.eval()
    with torch.no_grad():
        expected = nn.functional.cross_entropy(average.module(plan.data.val.inputs[0]), plan.data_checks.val[0])
    assert ours.history[-1]["val_loss"] == pytest.approx(expected.item())
    assert same(load_run(ours.folder).model("last"), average.module)


def test_a_resumed_average_is_the_same(run: Start) -> None:
    whole = run(IRIS, "train.ema=0.9", out="whole")
    short = run(IRIS, "train.ema=0.9", "train.epochs=2", out="short")
    longer = train(spec_to_resume(short.folder, None, ("train.epochs=4",)), resume=short.folder, progress=Silent())
    assert same(whole.model, longer.model)
    (longer.folder / "last.safetensors").unlink()  # as after a kill: the checkpoint's weights are the average too
    model = load_run(longer.folder).model("last")
    assert same(model, whole.model)
    load_checkpoint_weights(longer.folder / "last.ckpt", model)
    assert same(model, whole.model)


@pytest.mark.parametrize("name", ["MixUp", "CutMix"])
def test_batches_are_mixed_as_torchvision_does(name: str, make: Make) -> None:
    job, _ = make_state(prepare(make(DIGITS, f"train.mix={{{name}: {{alpha: 0.3}}}}"), "cpu"))
    assert job.mix is not None
    pictures, targets = torch.rand(8, 1, 8, 8), torch.arange(8)
    torch.manual_seed(3)
    mixed = job.mix(Batch((pictures,), (targets,), 8, 8))
    torch.manual_seed(3)
    x, y = getattr(v2, name)(alpha=0.3, num_classes=10)(pictures, targets)
    assert torch.equal(mixed.inputs[0], x)
    assert torch.equal(mixed.targets[0], y)


def test_of_several_mixers_each_is_drawn(make: Make) -> None:
    job, _ = make_state(prepare(make(DIGITS, "train.mix=[{MixUp: {alpha: 1.0}}, {CutMix: {alpha: 1.0}}]"), "cpu"))
    assert job.mix is not None
    pictures = torch.arange(8.0)[:, None, None, None].expand(8, 1, 8, 8).contiguous()
    kinds = set()
    for _ in range(20):
        mixed = job.mix(Batch((pictures,), (torch.arange(8),), 8, 8)).inputs[0]
        kinds.add(bool((mixed == mixed.round()).all()))  # CutMix keeps every value, MixUp blends them
    assert kinds == {True, False}


def test_mixed_runs_train_and_resume_alike(run: Start) -> None:
    settings = ("train.mix=[MixUp, CutMix]", "train.loss={CrossEntropyLoss: {label_smoothing: 0.1}}")
    whole = run(DIGITS, *settings, "train.epochs=2", out="whole")
    short = run(DIGITS, *settings, out="short")
    longer = train(spec_to_resume(short.folder, None, ("train.epochs=2",)), resume=short.folder, progress=Silent())
    assert same(whole.model, longer.model)


def test_balanced_weights_are_scikit_learns(make: Make) -> None:
    text = """netspec: 1
input: [1]
layers: [{Linear: 4}]
data: {inline: {x: [[1], [2], [3], [4], [5], [6]], y: [0, 0, 0, 1, 1, 2]}}
train: {loss: {CrossEntropyLoss: {weight: balanced}}, optimizer: SGD}
"""
    job, _ = make_state(prepare(make(text), "cpu"))
    weight = job.objective.parts[0].loss.weight
    expected = compute_class_weight("balanced", classes=np.arange(3), y=np.array([0, 0, 0, 1, 1, 2]))
    assert torch.as_tensor(weight).tolist() == pytest.approx([*expected, 0.0])


def test_a_balanced_pos_weight_is_the_ratio_of_no_to_yes(make: Make, refused: Refused) -> None:
    text = """netspec: 1
input: [1]
layers: [{Linear: 1}]
data: {inline: {x: [[1], [2], [3], [4]], y: [0, 0, 0, 1]}}
train: {loss: {BCEWithLogitsLoss: {pos_weight: balanced}}, optimizer: SGD}
"""
    job, _ = make_state(prepare(make(text), "cpu"))
    assert torch.as_tensor(job.objective.parts[0].loss.pos_weight).tolist() == [3.0]
    (found,) = refused(prepare, make(text.replace("0, 1]}}", "0, 0]}}")), "cpu")
    assert (found.code, found.span.line) == ("NS605", 5)


def test_the_monitored_column_decides() -> None:
    first, second = {"epoch": 1, "val_loss": 1.0, "val_f1": 0.5}, {"epoch": 2, "val_loss": 2.0, "val_f1": 0.6}
    assert is_better(second, first, "val_f1")
    assert not is_better(second, first, "val_loss")
    assert not is_better({**second, "val_f1": float("nan")}, first, "val_f1")


def test_the_best_epoch_is_by_the_monitor(run: Start) -> None:
    ours = run(IRIS, "train.monitor=val_loss", "train.metrics=[f1, accuracy]", "train.epochs=12")
    assert ours.best is not None
    assert ours.best["val_loss"] == min(row["val_loss"] for row in ours.history)
    assert {"val_f1", "val_accuracy"} <= ours.history[0].keys()


@pytest.mark.parametrize(
    ("losses", "least", "epochs"), [([5, 4, 3.9, 3.85, 3.8], 0.5, 3), ([5, 4, 3.9, 3.3], 0.5, 0), ([5, 4, 3], 0, 0)]
)
def test_what_counts_as_better_is_more_than_min_delta(losses: list[float], least: float, epochs: int) -> None:
    rows = [{"epoch": index + 1, "val_loss": loss} for index, loss in enumerate(losses)]
    assert epochs_since_best(rows, rows[-1], "val_loss", least) == epochs


def test_early_stopping_by_min_delta(run: Start) -> None:
    ours = run(IRIS, "train.early_stopping={patience: 2, min_delta: 100}", "train.epochs=50")
    assert ours.status == "stopped early"
    assert len(ours.history) == 3


@pytest.mark.parametrize(
    ("setting", "said"),
    [("train.monitor=train_accuracy", "not measured"), ("train.steps=99999999999999999999", "positive integer")],
)
def test_what_cannot_be_is_refused(setting: str, said: str, make: Make, refused: Refused) -> None:
    (found,) = refused(prepare, make(IRIS, setting), "cpu")
    assert said in found.message


def test_a_metric_of_what_is_held_back_needs_that(make: Make, refused: Refused) -> None:
    text = IRIS.replace(", val: 0.2", "") + "  monitor: val_loss\n"
    (found,) = refused(prepare, make(text), "cpu")
    assert (found.code, found.span.line) == ("NS616", 10)


@pytest.mark.parametrize("deterministic", ["true", "false"])
def test_the_same_seed_gives_the_same_run(deterministic: str, run: Start) -> None:
    settings = (f"train.deterministic={deterministic}", "train.mix=MixUp", "train.ema=0.9")
    one, two = (run(DIGITS, *settings, out=name) for name in "ab")
    assert same(one.model, two.model)
    assert one.history[-1]["train_loss"] == two.history[-1]["train_loss"]
    assert not same(one.model, run(DIGITS, *settings, "train.seed=1", out="c").model)
    assert not torch.are_deterministic_algorithms_enabled()


def test_deterministic_asks_torch_and_says_what_it_costs(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(torch, "use_deterministic_algorithms", lambda on, **more: asked.append(on))
    _, state = make_state(prepare(make(DIGITS, "train.deterministic=true"), "cpu"))
    assert asked == [True]
    assert any("slower" in note for note in state.notes)
