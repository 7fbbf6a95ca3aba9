"""A logger is a class and its record: the epochs of a run as lines of text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netspec.language.sections.loggers import LoggerKind
from netspec.reports.loggers import Loggers
from tests.extending.package_copy import Copy
from tests.extending.test_metric import SPEC as MEASURED

FILE, TABLE = "netspec/reports/lines.py", "netspec/language/sections/loggers.py"
LOGGER = '''\
"""The epochs of a run as lines of text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from netspec.render.runs import Plain
from netspec.shapes.report import Report
from netspec.training.job import Row


class Lines:
    """Writes lines.txt into a run's folder."""

    def __init__(self, folder: Path) -> None:
        self.file = (folder / "lines.txt").open("a", encoding="utf-8")

    def begin(self, report: Report, settings: Mapping[str, Plain]) -> None:
        """What is trained, and how."""
        self.file.write(f"{report.spec.name} lr {settings['train.optimizer.SGD.lr']}\\n")

    def add(self, row: Row) -> None:
        """An epoch has ended."""
        self.file.write(json.dumps(row) + "\\n")

    def picture(self, path: Path, step: int) -> None:
        """A picture was drawn."""

    def end(self, status: str) -> None:
        """How the run ended."""
        self.file.write(f"{status}\\n")

    def close(self) -> None:
        """Nothing comes any more."""
        self.file.close()
'''
RECORD = '    LoggerKind(name="lines", doc="Lines of text.", open="netspec.reports.lines:Lines"),\n'
SPEC = MEASURED.replace("metrics: [r2, max_error], monitor: train_max_error", "metrics: r2").replace(
    "epochs: 1", "epochs: 2, loggers: [tensorboard, lines]"
)


def trained(copy: Copy) -> Path:
    """The folder of a run of two epochs."""
    copy.append("net.yaml", "name: line\n" + SPEC)
    done = copy.netspec("train", "net.yaml", "--out", "run")
    assert done.code == 0, done.err
    assert len([*(copy.folder / "run").glob("events.out.tfevents*")]) == 1
    return copy.folder / "run"


def test_a_class_and_its_record_add_a_logger(copy: Copy) -> None:
    copy.append(FILE, LOGGER)
    copy.insert(TABLE, "LOGGERS: tuple[LoggerKind, ...] = (\n", RECORD)
    assert copy.changed() == {FILE, TABLE}
    folder = trained(copy)
    begun, *rows, ended = (folder / "lines.txt").read_text(encoding="utf-8").splitlines()
    assert (begun, ended) == ("line lr 0.1", "finished")
    kept = (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(row) for row in rows] == [json.loads(row) for row in kept]
    assert len(rows) == 2


def test_without_its_record_there_is_none(copy: Copy) -> None:
    copy.append(FILE, LOGGER)
    copy.append("net.yaml", "name: line\n" + SPEC)
    done = copy.netspec("check", "net.yaml")
    assert done.code == 1
    assert "there is no logger 'lines'" in done.out


class Closed:
    """A logger that notes that it is closed; the first of two cannot finish."""

    names: list[str]

    def __init__(self, folder: Path) -> None:
        Closed.names.append(name := f"{len(Closed.names)}")
        self.name = name

    def close(self) -> None:
        """Note it."""
        Closed.names.remove(self.name)
        if self.name == "0":
            raise OSError("no space left")


def test_a_logger_that_cannot_finish_keeps_no_other_from_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Closed.names = []
    kind = LoggerKind(name="closed", doc="Nothing.", open="closed:Closed")
    monkeypatch.setattr("netspec.reports.loggers.imported", lambda name: Closed)
    opened = Loggers(tmp_path, ((kind, {}), (kind, {})))
    assert Closed.names == ["0", "1"]
    with pytest.raises(OSError, match="no space"):
        opened.close()
    assert Closed.names == []
    assert Loggers(None, ((kind, {}),)).all == []
