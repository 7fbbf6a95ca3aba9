"""`netspec tune`: trials are runs, kills lose none, processes share a study, the best spec is the file with values."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from matplotlib import rcParams

from netspec.core.diagnostics import Diagnostic
from netspec.language.load import load
from netspec.language.spec import Spec
from netspec.reports.progress import Silent
from netspec.training.job import Row
from netspec.tuning.space import without_search
from netspec.tuning.trial import COMPLETE, PRUNED, run_trial
from netspec.tuning.tune import Search, Tuning, tune

Command = Callable[..., tuple[int, str, str]]
Refused = Callable[..., list[Diagnostic]]

SPEC = """netspec: 1
name: searched
params:
  width: 4 # of the hidden layer
input: [4]
layers: [{Linear: width}, Tanh, {Linear: 3}]
data: {sklearn: iris, val: 0.2}
train:
  epochs: 2
  batch_size: 40
  loss: CrossEntropyLoss
  optimizer: {SGD: {lr: 0.1}} # without momentum
  checkpoint_every: {epochs: 1}
search:
  width: [2, 4, 8]
  train.optimizer.SGD.lr: {log: [1e-2, 1]}
  train.batch_size: {int: [20, 60], step: 20}
"""


@pytest.fixture
def reader(tmp_path: Path) -> Callable[[tuple[str, ...]], Spec]:
    """Reads the spec with settings."""
    (tmp_path / "net.yaml").write_text(SPEC)
    return lambda settings: load(str(tmp_path / "net.yaml"), settings)


def outcome(tuning: Tuning) -> list[tuple[Any, ...]]:
    """Number, state, value, settings and figures by epoch of each trial."""
    trials = tuning.study.get_trials()
    return [(one.number, one.state.name, one.value, one.params, one.intermediate_values) for one in trials]


class Killed(Silent):
    """Ends the process, as far as the search can tell, in a certain epoch of all that it sees."""

    left = 0

    def epoch(self, row: Row, best: bool) -> None:
        Killed.left -= 1
        if Killed.left == 0:
            raise KeyboardInterrupt


def test_a_search_that_was_killed_ends_as_one_that_was_not(
    reader: Callable[..., Spec], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = tune(reader, Search(3, tmp_path / "whole"), progress=Silent)
    monkeypatch.setattr(Killed, "left", 4)  # in the second epoch of the second trial
    with pytest.raises(KeyboardInterrupt):
        tune(reader, Search(3, tmp_path / "part"), progress=Killed)
    again = tune(reader, Search(3, tmp_path / "part"), progress=Silent)
    assert outcome(again) == outcome(whole)
    assert [one.state.name for one in again.study.get_trials()] == [COMPLETE] * 3
    for one in again.study.get_trials():
        assert one.params["width"] in (2, 4, 8)
        assert 1e-2 <= one.params["train.optimizer.SGD.lr"] <= 1
        assert one.params["train.batch_size"] in (20, 40, 60)
        info = json.loads((tmp_path / "part" / "trials" / f"{one.number:04}" / "run.json").read_text())
        assert info["best"]["val_accuracy"] == one.value
    assert outcome(tune(reader, Search(3, tmp_path / "part"), progress=Silent)) == outcome(whole)  # there are enough


def test_the_command_writes_the_best_spec(netspec: Command, tmp_path: Path, reader: Callable[..., Spec]) -> None:
    colors = rcParams["axes.prop_cycle"]
    code, out, err = netspec("tune", "net.yaml", "--trials", "3", "--out", "found")
    assert code == 0
    assert rcParams["axes.prop_cycle"] == colors  # Optuna's style is its plots' alone
    assert "trial 2: width=" in err
    rows = [*csv.DictReader((tmp_path / "found" / "trials.csv").read_text().splitlines())]
    assert [row["state"] for row in rows] == ["complete"] * 3
    best = max(rows, key=lambda row: float(row["val_accuracy"]))
    text = (tmp_path / "found" / "best.yaml").read_text()
    assert f"width: {best['width']}  # of the hidden layer" in text
    assert "# without momentum" in text
    assert "search" not in text.partition("name: searched")[2]
    lr = float(best["train.optimizer.SGD.lr"])
    assert load(str(tmp_path / "found" / "best.yaml")).train.get("optimizer").get("SGD").get("lr").value == (  # type: ignore[union-attr]
        pytest.approx(lr, rel=1e-9)
    )
    assert f"--set width={best['width']}" in out
    assert netspec("check", "found/best.yaml")[0] == 0
    for name in ("history", "importances", "slice", "parallel", "epochs"):
        assert (tmp_path / "found" / f"{name}.png").stat().st_size > 0
    code, _, err = netspec("tune", "net.yaml", "--trials", "3", "--out", "found", "--set", "train.epochs=3")
    assert code == 1
    assert "was begun with another spec, or another search" in err
    code, _, err = netspec("tune", "net.yaml", "--storage", "postgresql+nothing://x/y", "--out", "other")
    assert code == 2
    assert "the study cannot be opened" in err


def test_processes_share_a_study(reader: Callable[..., Spec], tmp_path: Path) -> None:
    """Two processes, and a journal file as NFS wants it: each trial is trained once, by one of them."""
    search = Search(4, tmp_path / "shared", storage=str(tmp_path / "journal.log"))
    (tmp_path / "shared" / "trials").mkdir(parents=True)
    (tmp_path / "shared" / "tune.txt").write_text("")
    child = os.fork()
    if not child:
        code = 1
        try:
            tune(reader, search, progress=Silent)
            code = 0
        finally:
            os._exit(code)
    mine: list[str] = []
    tuning = tune(reader, search, mine.append, progress=Silent)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    states = [(one.number, one.state.name in (COMPLETE, PRUNED)) for one in tuning.study.get_trials()]
    assert states == [(number, True) for number in range(4)]
    assert len([line for line in mine if "width=" in line]) < 4


class Judging:
    """An Optuna trial that prunes after its second epoch."""

    def __init__(self) -> None:
        self.reported: dict[int, float] = {}

    def report(self, value: float, step: int) -> None:
        self.reported[step] = value

    def should_prune(self) -> bool:
        return len(self.reported) == 2


def test_a_pruned_trial_ends_early(reader: Callable[..., Spec], tmp_path: Path) -> None:
    trial = Judging()
    ended = run_trial(trial, without_search(reader(())), tmp_path / "run", "val_accuracy", None, Silent)
    assert ended.state == PRUNED
    assert [*trial.reported] == [1, 2]
    assert len((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()) == 2
    again = run_trial(Judging(), without_search(reader(())), tmp_path / "run", "val_accuracy", None, Silent)
    assert (again.state, again.row) == (PRUNED, ended.row)


def test_a_trial_that_diverges_ends_no_search(reader: Callable[..., Spec], tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    text = SPEC.replace("loss: CrossEntropyLoss", "loss: MSELoss").replace("sklearn: iris", "sklearn: diabetes")
    text = (
        text.replace("{log: [1e-2, 1]}", "[1e38]")
        .replace("input: [4]", "input: [10]")
        .replace("Linear: 3", "Linear: 1")
    )
    path.write_text(text)
    said: list[str] = []
    tuning = tune(reader, Search(2, tmp_path / "out"), said.append, progress=Silent)
    assert [one.state.name for one in tuning.study.get_trials()] == ["FAIL", "FAIL"]
    assert "failed: the loss is no longer finite" in said[1]
    assert tuning.study.direction.name == "MINIMIZE"


def test_what_a_search_needs(reader: Callable[..., Spec], tmp_path: Path, refused: Refused) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(SPEC.partition("search:")[0])
    assert [found.code for found in refused(tune, reader, Search(1, tmp_path / "a"))] == ["NS203"]
    path.write_text(SPEC.replace(", val: 0.2", ""))
    assert [found.code for found in refused(tune, reader, Search(1, tmp_path / "a"))] == ["NS616"]
    assert not (tmp_path / "a").exists()


def test_without_optuna_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, netspec: Command, tmp_path: Path
) -> None:
    from netspec.core import installed

    found = installed._found
    monkeypatch.setattr(installed, "_found", lambda module: module != "optuna" and found(module))
    (tmp_path / "net.yaml").write_text(SPEC)
    code, _, err = netspec("tune", "net.yaml", "--out", "a")
    assert code == 2
    assert "pip install 'netspec[tune]'" in err
