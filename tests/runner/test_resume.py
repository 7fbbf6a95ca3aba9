"""Going on with a run under other conditions: what is named, what is refused, what is nothing to speak of."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from netspec.core.diagnostics import Diagnostic
from netspec.language.spec import Spec
from netspec.reports.progress import Silent
from netspec.trainer.resume import open_run, spec_to_resume
from netspec.trainer.train import Run, train
from netspec.training.interrupts import Interrupt

Make = Callable[..., Spec]
Start = Callable[..., Run]
Refused = Callable[..., list[Diagnostic]]


class Told(Silent):
    """Keeps what a person is told."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def message(self, text: str) -> None:
        self.messages.append(text)


def go_on(folder: Path, *settings: str) -> tuple[Run, str]:
    told = Told()
    run = train(spec_to_resume(folder, None, settings), resume=folder, progress=told)
    return run, "\n".join(told.messages)


def change_info(folder: Path, part: str, **values: str) -> None:
    info = json.loads((folder / "run.json").read_text())
    info[part] |= values
    (folder / "run.json").write_text(json.dumps(info))


def test_more_epochs_are_nothing_to_speak_of(run: Start, table: str) -> None:
    done = run(table)
    assert go_on(done.folder, "train.epochs=5", "train.early_stopping=9", "train.checkpoint_every={steps: 2}")[1] == ""


def test_what_changes_the_result_is_named_and_kept(run: Start, table: str) -> None:
    done = run(table)
    longer, said = go_on(done.folder, "train.epochs=5", "train.batch_size=7", "train.clip_grad_norm=1.0")
    assert said.startswith("warning[NS930]: ")
    assert "train.batch_size 7 (was 3); train.clip_grad_norm 1.0 (was not given)" in said
    assert len(longer.history) == 5
    changes = json.loads((done.folder / "run.json").read_text())["changes"]
    assert changes == [
        "after 3 epochs: train.batch_size 7 (was 3)",
        "after 3 epochs: train.clip_grad_norm 1.0 (was not given)",
    ]
    go_on(done.folder, "train.epochs=6", "train.seed=1")
    assert json.loads((done.folder / "run.json").read_text())["changes"] == [
        *changes, "after 5 epochs: train.seed 1 (was not given)"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("Linear: 8", "Linear: 9", "layers"),
        ("lr: 0.05", "lr: 0.06", "train.optimizer.SGD.lr"),
        ("SGD: {lr: 0.05, momentum: 0.9}", "Adam: ", "train.optimizer.SGD"),
        ("loss: MSELoss", "loss: L1Loss", "train.loss"),
        ("y: [0.6", "y: [0.7", "data.inline.y"),
    ],
)
def test_what_would_be_another_run_is_refused(
    old: str, new: str, place: str, run: Start, make: Make, table: str, refused: Refused
) -> None:
    done = run(table)
    other = make(table.replace(old, new))
    (found,) = refused(open_run, done.folder, spec_to_resume(done.folder, other.path, ()))
    assert (found.code, found.span.path) == ("NS609", "--resume")
    assert found.message.startswith(f"{place} is not what the run in")


def test_other_steps_in_the_middle_of_an_epoch_are_refused(
    run: Start, table: str, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = iter([False, False, False, True])
    with monkeypatch.context() as patch:
        patch.setattr(Interrupt, "__call__", lambda self: next(asked, True))
        cut = run(table)
    spec = spec_to_resume(cut.folder, None, ("train.batch_size=4",))
    (found,) = refused(train, spec, resume=cut.folder, progress=Silent())
    assert found.code == "NS609"
    assert found.message.startswith("the run stands in the middle of epoch 2, whose steps are others with train.batch")


def test_other_versions_and_another_machine_are_named(run: Start, table: str) -> None:
    import torch

    done = run(table)
    change_info(done.folder, "versions", torch="1.0.0", platform="an older kernel")
    change_info(done.folder, "machine", threads="64")
    _, said = go_on(done.folder, "train.epochs=4")
    now = torch.__version__.partition("+")[0]
    assert f"torch {now} (was 1.0.0); threads {torch.get_num_threads()} (was 64)\n" in said


def test_other_data_are_named(run: Start, tmp_path: Path) -> None:
    rows = [f"{i},{i * i},{i % 3}\n" for i in range(30)]
    (tmp_path / "rows.csv").write_text("".join(rows))
    text = "netspec: 1\ninput: [2]\nlayers: [{Linear: 3}]\ndata: {CSV: rows.csv, val: 0.2}\n"
    text += "train: {loss: CrossEntropyLoss, optimizer: SGD, epochs: 1, batch_size: 8}\n"
    done = run(text)
    assert go_on(done.folder, "train.epochs=2")[1] == ""
    rows[7] = "7,50,1\n"  # one number of one row
    (tmp_path / "rows.csv").write_text("".join(rows))
    said = go_on(done.folder, "train.epochs=3")[1]
    assert "NS930" in said
    assert said.count("(was ") == 1
    assert "the samples' checksum" in said
    (tmp_path / "rows.csv").write_text("".join([*rows, "1,1,1\n" * 5]))
    assert "training samples 28 (was 24)" in go_on(done.folder, "train.epochs=4")[1]


def test_a_scheduler_that_is_at_its_end_is_no_surprise_in_the_middle(run: Start, table: str, refused: Refused) -> None:
    done = run(table, "train.scheduler={OneCycleLR: 0.1}")
    spec = spec_to_resume(done.folder, None, ("train.epochs=6",))
    (found,) = refused(train, spec, resume=done.folder, progress=Silent())
    assert (found.code, found.message) == ("NS609", "OneCycleLR was made for 9 steps, 6 epochs are 18")
    assert [row["epoch"] for row in done.history] == [1, 2, 3]


def test_a_run_that_was_killed_before_its_first_checkpoint_begins_anew(run: Start, table: str) -> None:
    done = run(table)
    for path in done.folder.iterdir():
        if path.name not in ("run.json", "spec.yaml"):
            path.unlink()
    again, said = go_on(done.folder)
    assert said == ""
    assert [row["train_loss"] for row in again.history] == [row["train_loss"] for row in done.history]


def test_checkpoints_that_somebody_removed_are_missed(run: Start, table: str, refused: Refused) -> None:
    done = run(table)
    (done.folder / "last.ckpt").unlink()
    (done.folder / "previous.ckpt").unlink()
    spec = spec_to_resume(done.folder, None, ("train.epochs=9",))
    (found,) = refused(train, spec, resume=done.folder, progress=Silent())
    assert (found.code, "there is no" in found.message) == ("NS608", True)
    assert len((done.folder / "metrics.jsonl").read_text().splitlines()) == 3
