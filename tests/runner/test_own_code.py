"""Datasets, losses, metrics, transforms, optimizers and callbacks of one's own: allowed, run, resumed, and refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from sklearn.metrics import balanced_accuracy_score

from netspec.checker import check
from netspec.compiler.plugins.permission import plugin_permission
from netspec.core.diagnostics import SpecError
from netspec.language.load import load, loads
from netspec.reports.progress import Silent
from netspec.trainer.resume import spec_to_resume
from netspec.trainer.train import Run, train
from netspec.training.interrupts import Interrupt
from netspec.training.plan import Plan, prepare

CODE = """
import pathlib
import numpy as np
import torch
from sklearn.metrics import balanced_accuracy_score
from torch import nn


def arrays(count=24):
    x = np.random.default_rng(0).normal(size=(count, 3)).astype("float32")
    return x, (x[:, 0] > 0).astype(int)


def parts():
    x, y = arrays(30)
    return {"train": (x[:20], y[:20]), "val": (x[20:], y[20:])}


class Rows(torch.utils.data.Dataset):
    def __len__(self):
        return 24

    def __getitem__(self, index):
        x, y = arrays()
        return torch.from_numpy(x[index]), y[index]


class Stream(torch.utils.data.IterableDataset):
    def __iter__(self):
        return zip(*arrays())


class Ragged(Rows):
    def __getitem__(self, index):
        return torch.zeros(3 + index // 20), 0


def inputs():
    return {"x": np.zeros((2, 3)), "y": np.zeros((2, 3))}, np.zeros(3)


def broken():
    return 1 / 0


def nan():
    return np.array([[0.0, 1, 2], [np.nan, 0, 0]]), np.zeros(2, int)


def alone():
    return np.zeros((4, 3))


class Focal(nn.Module):
    def __init__(self, gamma=0.0):
        super().__init__()
        self.gamma = gamma

    def forward(self, outputs, targets):
        cross = nn.functional.cross_entropy(outputs, targets, reduction="none")
        return ((1 - (-cross).exp()) ** self.gamma * cross).mean()


def cross(outputs, targets, scale=1.0):
    return scale * nn.functional.cross_entropy(outputs, targets)


class Balanced:
    def __init__(self):
        self.seen = []

    def update(self, output, target):
        self.seen.append((output.argmax(1), target))

    def compute(self):
        predicted, true = (torch.cat(each).numpy() for each in zip(*self.seen))
        return balanced_accuracy_score(true, predicted)


class Failing(Balanced):
    def compute(self):
        raise KeyError("no")


class Descent(torch.optim.SGD):
    pass


class Notes:
    def __init__(self, path):
        self.path = pathlib.Path(path)

    def add(self, row):
        self.write(f"{row['epoch']} {row['train_loss']:.6f}")

    def end(self, status):
        self.write(status)

    def write(self, line):
        with self.path.open("a") as file:
            file.write(line + "\\n")


class Late:
    def add(self, row):
        raise RuntimeError("the disk is full")


class Invert(nn.Module):
    def forward(self, x):
        return 1 - x
"""
NET = """netspec: 1
name: own
input: [3]
layers: [{Linear: 2}]
data: {dataset: mine:arrays}
train: {epochs: 2, batch_size: 8, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.5, momentum: 0.9}}}
"""
INLINE = "data: {inline: {x: [[0, 1, 0], [1, 0, 0], [0, 0, 1], [1, 1, 0]], y: [0, 1, 0, 1]}}"
Start = Callable[..., Run]


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., object]:
    """`make(text)`: a spec in a folder with mine.py, whose code is allowed."""
    (tmp_path / "mine.py").write_text(CODE, encoding="utf-8")

    def build(text: str, *settings: str, allow: bool = True) -> object:
        (tmp_path / "net.yaml").write_text(text, encoding="utf-8")
        return load(tmp_path / "net.yaml", settings, plugins=plugin_permission(allow))

    return build


def plan_of(spec: object) -> Plan:
    return prepare(spec)  # type: ignore[arg-type]


def started(spec: object, out: Path, **more: object) -> Run:
    return train(spec, out=out, progress=Silent(), **more)  # type: ignore[arg-type]


def test_each_way_to_give_samples_gives_the_same(make: Callable[..., object]) -> None:
    first = plan_of(make(NET)).data.train
    for name in ("Rows", "Stream"):
        other = plan_of(make(NET.replace("arrays", name))).data.train
        assert torch.equal(other.tables[0], first.tables[0])
        assert torch.equal(other.targets[0], first.targets[0])
    data = plan_of(make(NET.replace("mine:arrays", "{make: mine:arrays, arguments: {count: 10}}, val: 0.2"))).data
    assert data.val is not None
    assert (len(data.train), len(data.val)) == (8, 2)
    both = plan_of(make(NET.replace("arrays", "parts"))).data
    assert both.val is not None
    assert (len(both.train), len(both.val)) == (20, 10)


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        ("mine:broken", "NS601", "mine:broken fails"),
        ("mine:Ragged", "NS601", "samples are of one shape; sample 20 has the shape [4], sample 0 [3]"),
        ("mine:nan", "NS601", "sample 1 holds something that is no finite number"),
        ("mine:alone", "NS601", "mine:alone gives no targets"),
        ("mine:inputs", "NS601", "mine:inputs fails"),
        ("mine:array", "NS702", "mine has no 'array'; did you mean arrays"),
        ("yours:arrays", "NS702", "no module yours is found"),
        ("mine", "NS202", "code is named by its module and its name"),
        ("{make: mine:arrays, arguments: {size: 3}}", "NS601", "mine:arrays fails"),
    ],
)
def test_what_is_wrong_with_a_dataset_is_named(make: Callable[..., object], data: str, code: str, words: str) -> None:
    with pytest.raises(SpecError) as caught:
        plan_of(make(NET.replace("mine:arrays", data)))
    assert [(item.code, item.span.line) for item in caught.value.diagnostics if words in item.message] == [(code, 5)]


def test_the_line_of_ones_own_code_is_told(make: Callable[..., object]) -> None:
    with pytest.raises(SpecError) as caught:
        plan_of(make(NET.replace("arrays", "broken")))
    line = CODE.splitlines().index("    return 1 / 0") + 1
    notes = [note.text for note in caught.value.diagnostics[0].notes]
    assert notes == [f"ZeroDivisionError: division by zero at mine.py:{line}"]


def test_samples_of_another_shape_are_found_before_the_first_batch(make: Callable[..., object]) -> None:
    with pytest.raises(SpecError) as caught:
        plan_of(make(NET.replace("input: [3]", "input: [4]")))
    assert [item.code for item in caught.value.diagnostics] == ["NS602"]


def test_nothing_runs_that_is_not_allowed(make: Callable[..., object], tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("raise SystemExit('it ran')")
    own = NET.replace("loss: CrossEntropyLoss", "loss: mine:Focal, metrics: mine:Balanced, callbacks: [mine:Notes]")
    own = own.replace("SGD:", "mine:Descent:")
    spec = make(own, allow=False)
    assert check(spec).ok  # type: ignore[arg-type]
    with pytest.raises(SpecError) as caught:
        plan_of(spec)
    found = [item for item in caught.value.diagnostics if item.code == "NS701"]
    assert {item.message.split()[0] for item in found} >= {"mine:Focal", "mine:Balanced", "mine:Notes", "mine:Descent"}


def test_losses_are_those_of_torch_that_they_compute(make: Callable[..., object], tmp_path: Path) -> None:
    plain = started(make(NET), tmp_path / "plain").history[-1]["train_loss"]
    focal = started(make(NET.replace("CrossEntropyLoss", "mine:Focal")), tmp_path / "focal").history[-1]["train_loss"]
    text = NET.replace("CrossEntropyLoss", "{mine:cross: {scale: 2}}").replace("lr: 0.5", "lr: 0.25")
    twice = started(make(text), tmp_path / "twice").history[-1]["train_loss"]
    descent = started(make(NET.replace("SGD:", "mine:Descent:")), tmp_path / "descent").history[-1]["train_loss"]
    assert focal == pytest.approx(plain, rel=1e-5)
    assert twice == pytest.approx(2 * plain, rel=1e-5)
    assert descent == pytest.approx(plain, rel=1e-5)


def test_a_metric_and_a_callback_see_each_epoch(make: Callable[..., object], tmp_path: Path) -> None:
    said = tmp_path / "said.txt"
    train_keys = (
        f"metrics: [accuracy, mine:Balanced], monitor: val_Balanced, callbacks: [{{mine:Notes: {{path: {said}}}}}]"
    )
    text = NET.replace("loss: CrossEntropyLoss", f"loss: CrossEntropyLoss, {train_keys}")
    run = started(make(text.replace("mine:arrays", "mine:arrays, val: 0.25")), tmp_path / "run")
    data = plan_of(make(text.replace("mine:arrays", "mine:arrays, val: 0.25"))).data
    assert data.val is not None
    with torch.inference_mode():
        predicted = run.model.eval()(data.val.tables[0]).argmax(1)
    expected = balanced_accuracy_score(data.val.targets[0].numpy(), predicted.numpy())
    assert run.history[-1]["val_Balanced"] == pytest.approx(expected)
    rows = [f"{row['epoch']} {row['train_loss']:.6f}" for row in run.history]
    assert said.read_text().splitlines() == [*rows, "finished"]


def test_what_fails_while_it_trains_is_named_and_the_run_is_kept(make: Callable[..., object], tmp_path: Path) -> None:
    for change, words in (
        ("metrics: mine:Failing", "mine:Failing fails"),
        ("callbacks: [mine:Late]", "mine:Late fails in add"),
    ):
        out = tmp_path / words.split()[0].replace(":", "_")
        with pytest.raises(SpecError) as caught:
            started(make(NET.replace("loss: CrossEntropyLoss", f"loss: CrossEntropyLoss, {change}")), out)
        assert [(item.code, item.message) for item in caught.value.diagnostics] == [("NS609", words)]
        assert json.loads((out / "run.json").read_text())["status"] == "failed"


def test_a_run_that_was_cut_off_ends_with_the_same_bits(
    make: Callable[..., object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = NET.replace("arrays", "Rows").replace("CrossEntropyLoss", "mine:Focal")
    whole = started(make(text), tmp_path / "whole")
    asked = iter([False] * 4)
    with monkeypatch.context() as patch:
        patch.setattr(Interrupt, "__call__", lambda self: next(asked, True))
        cut = started(make(text), tmp_path / "cut")
    again = train(spec_to_resume(cut.folder, None, (), True), resume=cut.folder, progress=Silent())
    weights = [load_file(one.folder / "last.safetensors") for one in (whole, again)]
    assert len(cut.history) < len(whole.history) == len(again.history)
    assert all(torch.equal(tensor, weights[1][name]) for name, tensor in weights[0].items())


def test_a_transform_of_ones_own_is_applied(make: Callable[..., object]) -> None:
    pictures = "sklearn: digits, val: 0.2"
    text = NET.replace("input: [3]", "input: [1, 8, 8]").replace("[{Linear: 2}]", "[Flatten, {Linear: 10}]")
    plain, inverted = (
        next(make_feed_of(plan_of(make(text.replace("dataset: mine:arrays", pictures + more)))))
        for more in ("", ", transforms: [mine:Invert]")
    )
    assert torch.allclose(inverted, 1 - plain)


def make_feed_of(plan: Plan) -> object:
    from netspec.training.setup import make_state

    job, _ = make_state(plan)
    assert job.val is not None
    return (batch.inputs[0] for batch in job.val.batches(None, 4))


def test_a_check_says_what_it_cannot_prove() -> None:
    report = check(loads(NET))
    assert report.ok
    assert [item.code for item in report.diagnostics] == ["NS923"]
