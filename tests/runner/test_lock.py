"""Two runs never share a folder, and a process that died holds none."""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from netspec.checkpoint.run_folder import InUseError, Lock
from netspec.core.diagnostics import Diagnostic
from netspec.reports.progress import Silent
from netspec.trainer.resume import spec_to_resume
from netspec.trainer.train import Run, train
from tests.runner.started import Started

Start = Callable[..., Run]
Refused = Callable[..., list[Diagnostic]]
HOLD = "import time; from pathlib import Path; from netspec.checkpoint.run_folder import Lock; "
HOLD += "lock = Lock(Path('.')); print('held', flush=True); time.sleep(60)"


def holder(folder: Path) -> Started:
    """Another process that holds a folder."""
    process = Started(folder, code=HOLD)
    process.wait_for_output()
    return process


def test_a_folder_that_another_process_is_in_is_refused_until_that_is_killed(
    run: Start, table: str, refused: Refused, tmp_path: Path
) -> None:
    done = run(table)
    spec = spec_to_resume(done.folder, None, ("train.epochs=4",))
    other = holder(done.folder)
    try:
        (found,) = refused(train, spec, resume=done.folder, progress=Silent())
        assert (found.code, found.span.path) == ("NS607", "--resume")
        assert f"is in use by process {other.pid} on " in found.message
    finally:
        other.kill()
    assert len(train(spec, resume=done.folder, progress=Silent()).history) == 4


def test_a_new_run_is_refused_a_folder_that_another_is_about_to_fill(run: Start, table: str, refused: Refused) -> None:
    folder = Path(run(table, out="first").folder.parent / "second")
    folder.mkdir()
    lock = Lock(folder)
    (found,) = refused(run, table, out="second")
    assert (found.code, "is in use by" in found.message) == ("NS607", True)
    lock.release()
    assert run(table, out="second").status == "finished"  # the lock's file is nobody's run


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_does_not_hold_on_to_its_parents_lock(tmp_path: Path) -> None:
    lock = Lock(tmp_path)
    child = os.fork()
    if not child:
        time.sleep(30)
        os._exit(0)
    try:
        with pytest.raises(InUseError):
            Lock(tmp_path)
        lock.release()
        Lock(tmp_path).release()
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_that_outlives_its_parent_does_not_hold_its_lock(tmp_path: Path) -> None:
    parent = os.fork()
    if not parent:
        Lock(tmp_path)
        child = os.fork()
        if child:
            (tmp_path / "child").write_text(str(child))
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(30)
        os._exit(0)
    os.waitpid(parent, 0)
    try:
        Lock(tmp_path).release()
    finally:
        os.kill(int((tmp_path / "child").read_text()), signal.SIGKILL)


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_gives_the_folder_to_everybody(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl")

    def no_locks(handle: int, operation: int) -> None:
        raise OSError(number, "no locks here")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    for _ in range(2):
        Lock(tmp_path)
    Lock(tmp_path).release()
