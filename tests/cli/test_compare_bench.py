"""`netspec compare` and `netspec bench`, as people meet them."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from netspec.language.load import load
from netspec.reports.progress import Silent
from netspec.trainer.train import train
from tests.cli.commands import netspec
from tests.pictures import quickly_drawn
from tests.test_floors import heavy_after

SPEC = """netspec: 1
name: rows
input: [2]
layers: [{Linear: 2}]
data: {inline: {x: [[0, 1], [1, 0], [2, 1], [1, 2]], y: [0, 1, 1, 0]}}
train: {epochs: 2, batch_size: 2, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.1}}}
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the runs `a` and `b`, which differ in the learning rate and the epochs."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "rows.yaml").write_text(SPEC)
    with pytest.MonkeyPatch.context() as patch, quickly_drawn():
        patch.chdir(folder)
        train(load("rows.yaml"), out="a", progress=Silent())
        more = ("train.optimizer.SGD.lr=0.5", "train.epochs=3")
        train(load("rows.yaml", more), out="b", progress=Silent())
    return folder


@pytest.fixture
def runs(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that folder, and the tests are in it."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_compare(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = {
        name: [json.loads(line) for line in (runs / name / "metrics.jsonl").read_text().splitlines()] for name in "ab"
    }
    done = netspec("compare", "a", "b", "--format", "json", capsys=capsys)
    first, second = json.loads(done.out)["runs"]
    assert first["settings"] == {"train.epochs": 2, "train.optimizer.SGD.lr": 0.1}
    assert second["settings"] == {"train.epochs": 3, "train.optimizer.SGD.lr": 0.5}
    assert (first["last"], second["last"]) == (rows["a"][-1], rows["b"][-1])
    assert second["best"] == json.loads((runs / "b" / "run.json").read_text())["best"]
    assert first["seconds"] == pytest.approx(sum(row["seconds"] for row in rows["a"]))

    done = netspec("compare", "a", "b", "--format", "csv", "--out", "table.csv", "--curves", "c.png", capsys=capsys)
    assert (done.code, done.out) == (0, "")
    (one, two) = csv.DictReader(io.StringIO((runs / "table.csv").read_text()))
    assert (one["run"], two["run"]) == ("a", "b")
    assert float(two["last_train_loss"]) == rows["b"][-1]["train_loss"]
    with Image.open(runs / "c.png") as picture:
        assert len(picture.convert("RGB").getcolors(2**24)) > 20

    text = netspec("compare", "a", "b", capsys=capsys).out
    lines = {line.split("  ")[0]: line.split()[-2:] for line in text.splitlines()}
    assert lines["train.optimizer.SGD.lr"] == ["0.1", "0.5"]
    assert "train.batch_size" not in lines  # the same in both


def test_compare_needs_no_torch(runs: Path) -> None:
    code = f"from netspec.cli.main import main; main(['compare', {str(runs / 'a')!r}, {str(runs / 'b')!r}])"
    curves = code.replace("])", f", '--curves', {str(runs / 'c.png')!r}])")
    without, drawn = heavy_after(code, curves)
    assert without == set()
    assert "torch" not in drawn


def test_compare_says_what_is_no_run(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("compare", "a", "gone", capsys=capsys)
    assert (done.code, done.out, done.err) == (2, "", "netspec: gone: no such run folder\n")
    (runs / "b" / "metrics.jsonl").write_text("{\n{}\n")
    done = netspec("compare", "a", "b", capsys=capsys)
    assert done.code == 2
    assert "metrics.jsonl: cannot be read" in done.err
    assert netspec("compare", "a", "--curves", "no/folder/c.png", capsys=capsys).code == 2


def test_bench(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("bench", "rows.yaml", "--device", "cpu", "--epochs", "2", "--format", "json", capsys=capsys)
    assert done.code == 0
    (timing,) = json.loads(done.out)["timings"]
    assert (timing["device"], timing["samples"], timing["steps"], timing["epochs"]) == ("cpu", 4, 2, 2)
    assert timing["samples_per_second"] == pytest.approx(4 / timing["epoch"], rel=0.5)  # the time is rounded
    assert 0 < timing["epoch"] <= timing["slowest"]
    assert sorted(path.name for path in runs.iterdir()) == ["a", "b", "rows.yaml"]
    text = netspec("bench", "rows.yaml", "--device", "cpu", capsys=capsys).out
    assert "4 samples, 2 steps an epoch" in text
    assert "samples/s" in text


def test_bench_with_a_scheduler_that_ends(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = ("--set", "train.epochs=1", "--set", "train.scheduler={OneCycleLR: {max_lr: 0.1}}")
    done = netspec("bench", "rows.yaml", "--device", "cpu", "--epochs", "3", *settings, capsys=capsys)
    assert done.code == 0, done.err


def test_bench_on_a_device_that_is_not_there(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("bench", "rows.yaml", "--device", "cpu", "--device", "cuda:99", capsys=capsys)
    assert (done.code, done.out) == (1, "")
    assert "NS606" in done.err
    assert "--device cuda:99" in done.err
    assert "timing" not in done.err  # before anything is timed
