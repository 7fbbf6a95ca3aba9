"""`train.loggers`: each by its own library, read back by it; a run that goes on does so there too."""

from __future__ import annotations

import csv
import json
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from netspec.reports.progress import Silent
from netspec.trainer.resume import spec_to_resume
from netspec.trainer.train import Run, train

Start = Callable[..., Run]
ROWS = ("epoch", "train_loss", "lr")


def go_on(folder: Path, *settings: str) -> Run:
    return train(spec_to_resume(folder, None, settings), resume=folder, progress=Silent())


def test_csv_has_the_rows_of_the_run_that_goes_on(run: Start, table: str) -> None:
    """A run that ends in the middle of an epoch, and goes on: the row of that epoch is replaced."""
    done = run(table, "train.loggers=[csv]", "train.steps=5")  # 3 steps an epoch
    assert not [*done.folder.glob("events.*")]
    done = go_on(done.folder, "train.steps=9")
    read = [*csv.DictReader((done.folder / "metrics.csv").read_text().splitlines())]
    kept = [json.loads(line) for line in (done.folder / "metrics.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in read] == ["1", "2", "3"]
    assert [{name: float(row[name]) for name in ROWS} for row in read] == [
        {name: row[name] for name in ROWS} for row in kept
    ]


def test_no_loggers_are_none(run: Start, table: str) -> None:
    done = run(table, "train.loggers=[]", "train.epochs=1")
    assert not [*done.folder.glob("events.*"), *done.folder.glob("metrics.csv")]


def test_a_library_that_is_not_there_is_named_first(
    netspec: Callable[..., tuple[int, str, str]], tmp_path: Path, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from netspec.core import installed

    found = installed._found
    monkeypatch.setattr(installed, "_found", lambda module: module != "mlflow" and found(module))
    (tmp_path / "net.yaml").write_text(table + "  loggers: [mlflow]\n")
    code, _, err = netspec("train", "net.yaml", "--out", "run")
    assert (code, err) == (2, "netspec: loggers: [mlflow] needs mlflow: pip install 'netspec[mlflow]'\n")
    assert not (tmp_path / "run").exists()


def test_mlflow_has_the_run(
    run: Start, table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, real_pictures: None
) -> None:
    mlflow = pytest.importorskip("mlflow", reason="the extra netspec[mlflow] is not installed, which [dev] leaves out")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    monkeypatch.chdir(tmp_path)
    done = run(table, "train.loggers=[{mlflow: {experiment: rows}}]", "train.epochs=2")
    done = go_on(done.folder, "train.epochs=3")
    client = mlflow.MlflowClient()
    (found,) = client.search_runs([client.get_experiment_by_name("rows").experiment_id])
    assert (found.info.status, found.info.run_name) == ("FINISHED", "run")
    assert found.data.params["train.optimizer.SGD.lr"] == "0.05"
    told = {each.step: each.value for each in client.get_metric_history(found.info.run_id, "train_loss")}
    assert told == pytest.approx({row["epoch"]: row["train_loss"] for row in done.history})


def test_wandb_has_the_run_offline(run: Start, table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wandb = pytest.importorskip("wandb", reason="the extra netspec[wandb] is not installed, which [dev] leaves out")
    from wandb.proto.wandb_internal_pb2 import Record

    monkeypatch.setenv("WANDB_MODE", "offline")
    done = run(table, "train.loggers=[{wandb: {project: rows}}]", "train.epochs=2")
    wandb.teardown()  # its service, which writes the file, ends
    (path,) = done.folder.glob("wandb/offline-run-*/run-*.wandb")
    losses, names = [], set()
    for data in records(path.read_bytes()):
        record = Record.FromString(data)
        names |= {record.run.project} - {""}
        for item in record.history.item:
            if (item.key or ".".join(item.nested_key)) == "train_loss":
                losses.append(float(json.loads(item.value_json)))
    assert names == {"rows"}
    assert losses == pytest.approx([row["train_loss"] for row in done.history])


def records(content: bytes) -> Iterator[bytes]:
    """The records of a file of wandb: LevelDB's log format, behind a header of 7 bytes.

    Blocks of 32 KiB hold pieces with a header of 7 bytes: checksum, length, and whether it is a whole record (1),
    its first (2), a middle (3) or its last (4) part.
    """
    at, parts = 7, b""
    while at + 7 <= len(content):
        if 32768 - at % 32768 < 7:
            at += 32768 - at % 32768
            continue
        length, kind = struct.unpack_from("<xxxxHB", content, at)
        parts += content[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):
            yield parts
            parts = b""
